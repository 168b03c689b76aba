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

    // Nothing to tell; somebody is telling; and there is more to tell since.
    private const int Idle = 0;
    private const int Telling = 1;
    private const int TellingAndDue = 2;

    private int _state;

    /// <summary>Returns at once. Where the process ends before it is done, the feed finds the messages by itself.</summary>
    public void Notify()
    {
        if (Interlocked.CompareExchange(ref _state, Telling, Idle) == Idle)
        {
            _ = Task.Run(NotifyAsync);
        }
        else
        {
            // Where the other one has just ended, it begins again.
            if (Interlocked.CompareExchange(ref _state, TellingAndDue, Telling) == Idle)
            {
                Notify();
            }
        }
    }

    // One at a time, however long it takes.
    private async Task NotifyAsync()
    {
        do
        {
            await Task.Delay(_pause);
            Volatile.Write(ref _state, Telling);
            try
            {
                await using var db = await contexts.CreateDbContextAsync();
                await db.ExecuteAsync(
                    $"SELECT set_config('synchronous_commit', 'off', true), pg_notify('{MessageFeed.Channel}', '')", [],
                    CancellationToken.None);
            }
            catch (ObjectDisposedException)
            {
                // The host ends.
            }
            catch (Exception exception)
            {
                LogNotNotified(exception);
            }
        }
        while (Interlocked.CompareExchange(ref _state, Idle, Telling) == TellingAndDue);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The feed of messages was not notified; it looks for messages every ten seconds.")]
    private partial void LogNotNotified(Exception exception);
}
