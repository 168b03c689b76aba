using System.Globalization;
using Nexus.Data.Persistence;

namespace Nexus.Data.Operations.Diagnosis;

/// <summary>Messages with numbers of another server's transactions, as a dump brings them along: when this server gets to those
/// numbers, the feed takes them for new.</summary>
internal sealed class MessageFeedCheck : IDatabaseCheck
{
    private const string Foreign = "written_in >= pg_snapshot_xmax(pg_current_snapshot())";

    public string Name => "message-feed";

    public string Purpose => "Looks for messages that the feed will take for new, since they come from another server.";

    public async Task<CheckResult> RunAsync(NexusDbContext db, CancellationToken cancellationToken)
    {
        var count = (await db.ReadAllAsync(
            $"SELECT count(*) FROM messages WHERE {Foreign}", [], row => row.GetInt64(0), cancellationToken))[0];
        return count == 0
            ? CheckResult.Ok("The feed of messages takes nothing for new that is not.")
            : CheckResult.Warning(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{count:N0} messages have numbers of transactions that this server has not given yet: they come from another one, and the feed will hand them out again."),
                $"Run UPDATE messages SET written_in = '3' WHERE {Foreign}.");
    }
}
