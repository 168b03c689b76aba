using System.Runtime.CompilerServices;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Nexus.Data.Persistence;

namespace Nexus.Data.Chats;

/// <summary>Messages of all chats as they are committed, for a host that hands them on: each exactly once, in each chat in the order
/// of their numbers. Messages that are deleted before they are read do not come. Saves nothing.</summary>
/// <remarks>
/// Who posts notifies (<c>NOTIFY</c>) in the transaction that posts, and the feed then reads what it has not seen: a notification says
/// only that there is something. So none is missed where a connection breaks, and a host goes on where it stopped, by the token of
/// the last message that it dealt with. Messages that other programs write without notifying come within ten seconds.
/// </remarks>
public sealed partial class MessageFeed
{
    internal const string Channel = "nexus_messages";

    // Of so many the keys are read at once, and of so many the texts.
    private const int KeysAtOnce = 50_000;
    private const int MessagesAtOnce = 500;

    private readonly IDbContextFactory<NexusDbContext> _contexts;
    private readonly ILogger _logger;

    /// <summary>Creates the service.</summary>
    /// <param name="contexts">Makes the contexts: one is kept open while somebody listens.</param>
    /// <param name="logger">Is told of broken connections; null for nobody.</param>
    public MessageFeed(IDbContextFactory<NexusDbContext> contexts, ILogger<MessageFeed>? logger = null)
    {
        ArgumentNullException.ThrowIfNull(contexts);
        (_contexts, _logger) = (contexts, logger ?? NullLogger<MessageFeed>.Instance);
    }

    /// <summary>The token of this moment: what is committed later comes behind it.</summary>
    /// <param name="cancellationToken">Stops the query.</param>
    public async Task<string> NowAsync(CancellationToken cancellationToken = default)
        => (await CurrentAsync(cancellationToken)).Write();

    /// <summary>Messages that were committed since a token was given, and those that are committed from now on. It ends when it is
    /// stopped, and not when the database is away: then it goes on when the database is back.</summary>
    /// <param name="token">The token of the last message that was dealt with, or of <see cref="NowAsync"/>; null for this moment's.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="NexusDataException">The token is none, or is of another database or of a later state of this one, as after a
    /// restore (validation): begin with a new one.</exception>
    public async IAsyncEnumerable<FeedMessage> ListenAsync(
        string? token = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var place = token is null ? await CurrentAsync(cancellationToken) : await CheckAsync(FeedToken.Read(token), cancellationToken);
        await using var signal = new FeedSignal(_contexts, _logger);
        while (true)
        {
            await signal.WaitAsync(cancellationToken);
            for (var isThere = true; isThere;)
            {
                var part = await TryAsync(() => ReadAsync(place, cancellationToken));
                isThere = part is { IsCut: true };
                foreach (var ids in part?.Keys.Select(key => key.Id).Chunk(MessagesAtOnce) ?? [])
                {
                    var messages = await TryAsync(() => MessagesAsync(ids, cancellationToken));
                    if (messages is null)
                    {
                        (part, isThere) = (null, false);
                        break;
                    }

                    foreach (var message in messages)
                    {
                        place = part!.Behind(message);
                        yield return new(message, place.Write());
                    }
                }

                place = part?.End ?? place;
            }
        }
    }

    // Null where the database is away: it is tried again at the next signal, which comes when there is a connection.
    private async Task<T?> TryAsync<T>(Func<Task<T>> read)
        where T : class
    {
        try
        {
            return await read();
        }
        catch (Exception exception) when (TransientFaults.AreIn(exception))
        {
            LogUnavailable(exception);
            return null;
        }
    }

    private Task<FeedToken> CurrentAsync(CancellationToken cancellationToken)
        => _contexts.ReadAgainAsync(
            async (db, token) => (await db.ReadAllAsync(
                $"SELECT {Origin}, pg_current_snapshot()::text", [], row => new FeedToken(row.GetString(0), row.GetString(1)), token))[0],
            cancellationToken);

    private async Task<FeedToken> CheckAsync(FeedToken place, CancellationToken cancellationToken)
    {
        var (origin, isLater) = await _contexts.ReadAgainAsync(
            async (db, token) => (await db.ReadAllAsync(
                $"SELECT {Origin}, pg_snapshot_xmax(@seen::pg_snapshot) > pg_snapshot_xmax(pg_current_snapshot())",
                [DbCommands.Text("seen", place.Reading ?? place.Seen)], row => (row.GetString(0), row.GetBoolean(1)), token))[0],
            cancellationToken);
        return origin != place.Origin ? throw Foreign("of another database")
            : isLater ? throw Foreign("of a later state of the database, which was restored since")
            : place;

        static NexusDataException Foreign(string why) => new(
            NexusDataErrorKind.Validation,
            $"The token is {why}: begin with a new one, and read what was written since your last message from the timelines.");
    }

    // What was committed between two snapshots: by transactions that the first one does not see and the second one does. In each chat
    // one posts behind the other, so that times are in the order of the numbers.
    private Task<FeedPart> ReadAsync(FeedToken place, CancellationToken cancellationToken)
        => _contexts.ReadAgainAsync(
            async (db, token) =>
            {
                var later = place.Last is null ? "" : "AND (m.created_at, m.id) > (@time, @id)";
                var rows = await db.ReadAllAsync(
                    $"""
                    SELECT s.reading::text, m.created_at, m.id
                    FROM (SELECT coalesce(@reading::pg_snapshot, pg_current_snapshot()) AS reading) s
                    LEFT JOIN LATERAL (
                        SELECT m.created_at, m.id FROM messages m
                        WHERE (m.written_in >= pg_snapshot_xmax(@seen::pg_snapshot)
                               OR m.written_in = ANY (ARRAY(SELECT pg_snapshot_xip(@seen::pg_snapshot))))
                          AND pg_visible_in_snapshot(m.written_in, s.reading) {later}
                        ORDER BY m.created_at, m.id LIMIT {KeysAtOnce + 1}) m ON true
                    ORDER BY m.created_at, m.id
                    """,
                    [
                        DbCommands.Text("seen", place.Seen), DbCommands.Text("reading", place.Reading),
                        .. place.Last is var (time, id) ? new[] { DbCommands.Time("time", time), DbCommands.Uuid("id", id) } : [],
                    ],
                    row => (Reading: row.GetString(0), Key: row.IsDBNull(1) ? default((DateTimeOffset, Guid)?)
                        : (row.GetFieldValue<DateTimeOffset>(1), row.GetGuid(2))),
                    token);
                List<(DateTimeOffset Time, Guid Id)> keys = [.. rows.Select(row => row.Key).OfType<(DateTimeOffset, Guid)>().Take(KeysAtOnce)];
                var reading = rows[0].Reading;
                var isCut = rows.Count > KeysAtOnce;
                return new FeedPart(
                    keys, isCut, place with { Reading = reading },
                    isCut ? place with { Reading = reading, Last = keys[^1] } : new FeedToken(place.Origin, reading));
            },
            cancellationToken);

    private Task<List<Message>> MessagesAsync(Guid[] ids, CancellationToken cancellationToken)
        => _contexts.ReadAgainAsync(
            (db, token) => db.ReadAllAsync(
                $"SELECT {MessageRow.Columns} FROM messages m WHERE m.id = ANY (@ids) ORDER BY m.created_at, m.id",
                [DbCommands.Uuids("ids", ids)], row => MessageRow.Read(row), token),
            cancellationToken);

    // The cluster, and the database in it.
    private const string Origin =
        """
        (SELECT c.system_identifier || '/' || d.oid FROM pg_control_system() c, pg_database d WHERE d.datname = current_database())
        """;

    [LoggerMessage(Level = LogLevel.Warning, Message = "Messages cannot be read now; the feed goes on when the database is back.")]
    private partial void LogUnavailable(Exception exception);

    // Keys between two snapshots, and where the feed is before and behind them.
    private sealed record FeedPart(
        IReadOnlyList<(DateTimeOffset Time, Guid Id)> Keys, bool IsCut, FeedToken Begin, FeedToken End)
    {
        public FeedToken Behind(Message message)
            => message.Id == Keys[^1].Id ? End : Begin with { Last = (message.CreatedAt, message.Id) };
    }
}

/// <summary>A message of the feed.</summary>
/// <param name="Message">The message.</param>
/// <param name="Token">Goes on behind it, also in another process: to be kept when the message was dealt with.</param>
public sealed record FeedMessage(Message Message, string Token);
