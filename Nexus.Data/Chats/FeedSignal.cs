using System.Data;
using System.Runtime.ExceptionServices;
using System.Threading.Channels;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Nexus.Data.Persistence;
using Npgsql;

namespace Nexus.Data.Chats;

/// <summary>Says that there may be messages that were not read: when somebody notified, when the connection is new, and after ten
/// seconds without either. Notifications are taken from the server at once, however slowly messages are dealt with, so that its queue stays
/// short.</summary>
internal sealed partial class FeedSignal : IAsyncDisposable
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan _firstPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan _longestPause = TimeSpan.FromSeconds(5);

    // One is enough: it says that there is something, and not what.
    private readonly Channel<bool> _signals = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    private readonly CancellationTokenSource _stop = new();
    private readonly IDbContextFactory<NexusDbContext> _contexts;
    private readonly ILogger _logger;
    private readonly Task _listening;

    public FeedSignal(IDbContextFactory<NexusDbContext> contexts, ILogger logger)
    {
        (_contexts, _logger) = (contexts, logger);
        _listening = Task.Run(ListenAsync);
    }

    /// <summary>Whether the database is away, or the one that is reached is not the one that is written to.</summary>
    public static bool IsAway(Exception exception)
        => TransientFaults.AreIn(exception)
            || exception is PostgresException
            {
                SqlState: PostgresErrorCodes.ReadOnlySqlTransaction or PostgresErrorCodes.ObjectNotInPrerequisiteState,
            };

    /// <summary>Ends when there may be something, and after ten seconds, whatever becomes of the connection.</summary>
    /// <exception cref="Exception">Listening failed for good.</exception>
    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        using var tick = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        tick.CancelAfter(_patience);
        try
        {
            await _signals.Reader.ReadAsync(tick.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Nobody notified: what is there is looked for all the same.
        }
        catch (ChannelClosedException exception) when (exception.InnerException is { } cause)
        {
            ExceptionDispatchInfo.Throw(cause);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _listening;
        _stop.Dispose();
    }

    private async Task ListenAsync()
    {
        for (var pause = _firstPause; !_stop.IsCancellationRequested;)
        {
            try
            {
                await using var db = await _contexts.CreateDbContextAsync(_stop.Token);
                await db.Database.OpenConnectionAsync(_stop.Token);
                await db.ExecuteAsync($"LISTEN {MessageFeed.Channel}", [], _stop.Token);
                pause = _firstPause;
                await WaitForNotificationsAsync(db);
            }
            catch (Exception) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception) when (IsAway(exception))
            {
                LogBroken(exception);
            }
            catch (Exception exception)
            {
                _signals.Writer.Complete(exception);
                return;
            }

            try
            {
                await Task.Delay(pause, _stop.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            pause = pause * 2 < _longestPause ? pause * 2 : _longestPause;
        }
    }

    private async Task WaitForNotificationsAsync(NexusDbContext db)
    {
        var connection = (NpgsqlConnection)db.Database.GetDbConnection();
        try
        {
            while (true)
            {
                _signals.Writer.TryWrite(true);
                if (!await connection.WaitAsync(_patience, _stop.Token))
                {
                    // Whether the server is still there.
                    await db.ExecuteAsync("SELECT 1", [], _stop.Token);
                }
            }
        }
        catch (OperationCanceledException) when (connection.State is ConnectionState.Open)
        {
            // Nobody reads what the server tells a connection that waits in the pool.
            await db.ExecuteAsync("UNLISTEN *", [], CancellationToken.None);
            throw;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The connection that listens for messages broke; it is opened again.")]
    private partial void LogBroken(Exception exception);
}
