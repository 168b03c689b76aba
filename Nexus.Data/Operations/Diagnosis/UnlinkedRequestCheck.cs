using System.Globalization;
using Nexus.Data.Persistence;

namespace Nexus.Data.Operations.Diagnosis;

/// <summary>Requests that wait to be linked for longer than a sweep would leave them.</summary>
internal sealed class UnlinkedRequestCheck(TimeProvider time) : IDatabaseCheck
{
    private static readonly TimeSpan _usual = TimeSpan.FromHours(1);

    // The index of those that wait has both columns, and nothing else is read.
    private const string Count =
        """
        SELECT train_id, count(*), min("timestamp") FROM api_requests WHERE unlinked_because IS NOT NULL
        GROUP BY train_id ORDER BY 2 DESC, 1
        """;

    public string Name => "unlinked-requests";

    public string Purpose => "Counts requests that wait to be linked, and how long they do.";

    public async Task<CheckResult> RunAsync(NexusDbContext db, CancellationToken cancellationToken)
    {
        var trains = await db.ReadAllAsync(
            Count, [], row => (Train: row.GetString(0), Count: row.GetInt64(1), Oldest: row.GetFieldValue<DateTimeOffset>(2)),
            cancellationToken);
        if (trains.Count == 0)
        {
            return CheckResult.Ok("No request waits to be linked.");
        }

        var oldest = trains.Min(train => train.Oldest);
        var finding = string.Create(
            CultureInfo.InvariantCulture,
            $"{trains.Sum(train => train.Count):N0} requests wait to be linked, the oldest of {oldest.UtcDateTime:yyyy-MM-dd HH:mm} UTC.");
        return time.GetUtcNow() - oldest < _usual
            ? CheckResult.Ok(finding)
            : CheckResult.Warning(
                finding,
                "Have ConversationLinker.LinkDeferredAsync called every minute, or run 'nexus-data rebuild-conversations --execute'.",
                [
                    .. trains.Select(train => string.Create(
                        CultureInfo.InvariantCulture, $"{train.Train}: {train.Count:N0} since {train.Oldest.UtcDateTime:yyyy-MM-dd HH:mm}")),
                ]);
    }
}
