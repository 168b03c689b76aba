using System.Runtime.CompilerServices;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Nexus.Data.Persistence;
using Npgsql;

namespace Nexus.Data.Chats;

/// <summary>Messages of all chats as they are committed, for a host that hands them on: each exactly once, in each chat in the order
/// of their numbers. Messages that are deleted before they are read do not come. Whether somebody may read them is the host's to ask.
/// Saves nothing.</summary>
/// <remarks>
/// Who posts notifies (<c>NOTIFY</c>), and the feed then reads what it has not seen: a notification says only that there is something.
/// So none is missed where a connection breaks, and a host goes on where it stopped, by the token of the last message that it dealt
/// with, also after a crash of the server. Messages of which nobody notifies, such as those that other programs write, come within
/// ten seconds.
/// </remarks>
public sealed partial class MessageFeed
{
    internal const string Channel = "nexus_messages";

    // Of so many the texts are read at once.
    private const int MessagesAtOnce = 200;

    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(1);

    // Of so many the keys: some 30 MB. The range between two snapshots is read once for each so many.
    private readonly int _keysAtOnce = 1_000_000;

    private readonly IDbContextFactory<NexusDbContext> _contexts;
    private readonly ILogger _logger;

    /// <summary>Creates the service.</summary>
    /// <param name="contexts">Makes the contexts: one is kept open by each who listens.</param>
    /// <param name="logger">Is told of broken connections; null for nobody.</param>
    public MessageFeed(IDbContextFactory<NexusDbContext> contexts, ILogger<MessageFeed>? logger = null)
    {
        ArgumentNullException.ThrowIfNull(contexts);
        (_contexts, _logger) = (contexts, logger ?? NullLogger<MessageFeed>.Instance);
    }

    internal MessageFeed(IDbContextFactory<NexusDbContext> contexts, int keysAtOnce)
        : this(contexts)
        => _keysAtOnce = keysAtOnce;

    /// <summary>The token of this moment: what is committed later comes behind it.</summary>
    /// <param name="cancellationToken">Stops the query.</param>
    public async Task<string> NowAsync(CancellationToken cancellationToken = default)
        => (await CurrentAsync(cancellationToken)).Write();

    /// <summary>Messages that were committed since a token was given, and those that are committed from now on. It does not end while
    /// the database is away, and goes on when it is back; it ends with an <see cref="OperationCanceledException"/> when it is
    /// stopped.</summary>
    /// <param name="token">The token of the last message that was dealt with, or of <see cref="NowAsync"/>; null for the moment in which
    /// the first message is asked for.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="NexusDataException">The token is none, or of another database, or the database was restored or another server
    /// took its place (validation): what was written since is read from the timelines, and a new token goes on. Or the database is
    /// away at the beginning (unavailable).</exception>
    public async IAsyncEnumerable<FeedMessage> ListenAsync(
        string? token = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var (patience, place) = (_patience, token is null ? await CurrentAsync(cancellationToken) : FeedToken.Read(token));
        await using var signal = new FeedSignal(_contexts, _logger);
        while (true)
        {
            await signal.WaitAsync(cancellationToken);
            for (var isThere = true; isThere;)
            {
                var (from, limit) = (place, patience);
                var part = await TryAsync(() => _contexts.ReadAgainAsync(
                    (db, inner) => ReadAsync(db, from, _keysAtOnce, limit, inner), cancellationToken));

                // What was missed in months takes longer, and a connection that is dead says nothing.
                patience = part is null ? patience * 2 : _patience;

                // Behind the rest of an older snapshot there may be more.
                isThere = part is { IsCut: true } || (part is not null && from.Reading is not null);
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
        catch (Exception exception) when (FeedSignal.IsAway(exception))
        {
            LogUnavailable(exception);
            return null;
        }
    }

    private Task<FeedToken> CurrentAsync(CancellationToken cancellationToken)
        => _contexts.ReadAgainAsync(
            async (db, token) => (await db.ReadAllAsync(
                $"""
                SELECT {Origin}, s.reading::text, {LastWriter}
                FROM (SELECT pg_current_snapshot() AS reading) s
                """,
                [], row => new FeedToken(row.GetString(0), FeedToken.Durable(row.GetString(1), row.GetFieldValue<ulong>(2))), token))[0],
            cancellationToken);

    // What was committed between two snapshots: by transactions that began behind the first one or were open in it, and that the
    // second one sees.
    /// <exception cref="NexusDataException">The place is of another database, or of one that was another one then.</exception>
    internal static async Task<FeedPart> ReadAsync(
        NexusDbContext db, FeedToken place, int keysAtOnce, TimeSpan patience, CancellationToken cancellationToken)
    {
        // A range is taken for small, and equality for much of a table that one transaction filled: the planner is to use the index.
        db.Database.SetCommandTimeout(patience);
        var later = place.Last is null ? "" : "AND (m.sequence, m.id) > (@sequence, @id)";
        return await db.ReadAsync(
            $"""
            SELECT set_config('statement_timeout', '0', true);
            WITH s AS MATERIALIZED (SELECT coalesce(@reading::pg_snapshot, pg_current_snapshot()) AS reading)
            SELECT {Origin}, pg_snapshot_xmax(s.reading) <= pg_snapshot_xmax(pg_current_snapshot())
                   AND pg_snapshot_xmax(@seen::pg_snapshot) <= pg_snapshot_xmax(pg_current_snapshot()),
                   s.reading::text, {LastWriter}, NULL, NULL
            FROM s
            UNION ALL
            (SELECT NULL, NULL, NULL, NULL, m.sequence, m.id
             FROM s CROSS JOIN LATERAL (
                SELECT * FROM messages m
                WHERE m.written_in >= pg_snapshot_xmax(@seen::pg_snapshot) AND m.written_in < pg_snapshot_xmax(s.reading)
                UNION ALL
                SELECT m.* FROM unnest(ARRAY(SELECT pg_snapshot_xip(@seen::pg_snapshot))) x
                CROSS JOIN LATERAL (SELECT * FROM messages m WHERE m.written_in >= x AND m.written_in <= x OFFSET 0) m) m
             WHERE pg_visible_in_snapshot(m.written_in, s.reading) {later}
             ORDER BY m.sequence, m.id LIMIT @limit)
            """,
            [
                DbCommands.Text("seen", place.Seen), DbCommands.Text("reading", place.Reading),
                DbCommands.Number("limit", keysAtOnce + 1), .. Place(place),
            ],
            async (reader, token) =>
            {
                await reader.NextResultAsync(token);
                await reader.ReadAsync(token);
                if (reader.GetString(0) != place.Origin || !reader.GetBoolean(1))
                {
                    throw new NexusDataException(
                        NexusDataErrorKind.Validation,
                        "The token of the feed is of another database, or this one was restored since, or another server took its place: read what was written since your last message from the timelines, and begin with a new token.");
                }

                var reading = FeedToken.Durable(reader.GetString(2), reader.GetFieldValue<ulong>(3));
                var keys = new List<(long Sequence, Guid Id)>();
                while (await reader.ReadAsync(token))
                {
                    keys.Add((reader.GetInt64(4), reader.GetGuid(5)));
                }

                if (keys.Count <= keysAtOnce)
                {
                    return new FeedPart(keys, false, place with { Reading = reading }, new(place.Origin, reading));
                }

                keys.RemoveAt(keysAtOnce);
                return new(keys, true, place with { Reading = reading }, place with { Reading = reading, Last = keys[^1] });
            },
            cancellationToken);
    }

    private static NpgsqlParameter[] Place(FeedToken place)
        => place.Last is var (sequence, id) ? [DbCommands.Long("sequence", sequence), DbCommands.Uuid("id", id)] : [];

    private Task<List<Message>> MessagesAsync(Guid[] ids, CancellationToken cancellationToken)
        => _contexts.ReadAgainAsync(
            (db, token) => db.ReadAllAsync(
                $"SELECT {MessageRow.Columns} FROM messages m WHERE m.id = ANY (@ids) ORDER BY m.sequence, m.id",
                [DbCommands.Uuids("ids", ids)], row => MessageRow.Read(row), token),
            cancellationToken);

    // The cluster, the database in it, and the timeline, which is another one after a restore and where another server took over: then
    // numbers of transactions may have been given again.
    private const string Origin =
        """
        (SELECT c.system_identifier || '/' || d.oid || '/' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8)
         FROM pg_control_system() c, pg_database d WHERE d.datname = current_database())
        """;

    // Of the messages that a snapshot s sees that of the greatest number; 0 for none.
    private const string LastWriter =
        """
        coalesce((SELECT m.written_in FROM messages m
                  WHERE m.written_in < pg_snapshot_xmax(s.reading) AND pg_visible_in_snapshot(m.written_in, s.reading)
                  ORDER BY m.written_in DESC LIMIT 1), '0')
        """;

    [LoggerMessage(Level = LogLevel.Warning, Message = "Messages cannot be read now; the feed goes on when the database is back.")]
    private partial void LogUnavailable(Exception exception);

    // Keys between two snapshots, and where the feed is before and behind them.
    internal sealed record FeedPart(
        IReadOnlyList<(long Sequence, Guid Id)> Keys, bool IsCut, FeedToken Begin, FeedToken End)
    {
        public FeedToken Behind(Message message)
            => message.Id == Keys[^1].Id ? End : Begin with { Last = (message.Sequence, message.Id) };
    }
}

/// <summary>A message of the feed.</summary>
/// <param name="Message">The message.</param>
/// <param name="Token">Goes on behind it, also in another process: to be kept when the message was dealt with.</param>
public sealed record FeedMessage(Message Message, string Token);
