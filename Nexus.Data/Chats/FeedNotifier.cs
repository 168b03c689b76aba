using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Nexus.Data.Persistence;

namespace Nexus.Data.Chats;

/// <summary>
/// Notifies the feed just after messages were committed, at most some two hundred times a second for all of them. Transactions that
/// notify by themselves are committed one after the other, each with its own write to the disk.
/// </summary>
internal sealed partial class FeedNotifier(IDbContextFactory<NexusDbContext> contexts, ILogger logger)
{
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(5);

    private int _isDue;

    /// <summary>Returns at once. Where the process ends before it is done, the feed finds the messages by itself.</summary>
    public void Notify()
    {
        if (Interlocked.Exchange(ref _isDue, 1) == 0)
        {
            _ = Task.Run(NotifyAsync);
        }
    }

    private async Task NotifyAsync()
    {
        try
        {
            await Task.Delay(_pause);

            // What is committed from now on is told of once more.
            Volatile.Write(ref _isDue, 0);
            await using var db = await contexts.CreateDbContextAsync();
            await db.ExecuteAsync(
                $"SELECT set_config('synchronous_commit', 'off', true), pg_notify('{MessageFeed.Channel}', '')", [],
                CancellationToken.None);
        }
        catch (Exception exception)
        {
            Volatile.Write(ref _isDue, 0);
            LogNotNotified(exception);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The feed of messages was not notified; it looks for messages every ten seconds.")]
    private partial void LogNotNotified(Exception exception);
}
