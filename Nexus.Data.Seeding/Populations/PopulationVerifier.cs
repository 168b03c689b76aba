using System.Data;
using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using Microsoft.EntityFrameworkCore;
using Nexus.Data.Chats;
using Nexus.Data.Persistence;
using Nexus.Data.Totals;

namespace Nexus.Data.Seeding.Populations;

/// <summary>Looks at the rows of a population, and whether they hang together. Changes nothing.</summary>
/// <remarks>It is for databases that were populated. In one that people work in, two of its checks speak also of what is right there: messages of
/// somebody who has left the group since, and messages from before somebody came back.</remarks>
public sealed class PopulationVerifier
{
    private const int Examples = 5;

    // The title that a person would read.
    private const string Title =
        """
        coalesce(c.title, c.topic, (SELECT string_agg(u.username, ', ' ORDER BY u.username) FROM users u WHERE u.id IN (c.low_user_id, c.high_user_id)))
        """;

    private readonly UnitOfWork _work;
    private readonly TimeProvider _time;

    /// <summary>Creates the service.</summary>
    /// <param name="contexts">Makes the contexts.</param>
    /// <param name="time">Tells what time it is, beside the server's clock; the system's where nothing is given.</param>
    public PopulationVerifier(IDbContextFactory<NexusDbContext> contexts, TimeProvider? time = null)
        : this(new UnitOfWork(contexts), time)
    {
    }

    private PopulationVerifier(UnitOfWork work, TimeProvider? time) => (_work, _time) = (work, time ?? TimeProvider.System);

    /// <summary>The same in a context of the caller's, and in its transaction: all of one instant where that one is of repeatable
    /// reads.</summary>
    /// <param name="db">The caller's context.</param>
    [SuppressMessage("Performance", "CA1822", Justification = "Every service is joined to a context in the same way.")]
    public PopulationVerifier In(NexusDbContext db) => new(new UnitOfWork(db), _time);

    /// <summary>Counts, shows and checks, as of one instant: every table is read, as long as that takes.</summary>
    /// <param name="cancellationToken">Stops it.</param>
    public Task<PopulationVerdict> VerifyAsync(CancellationToken cancellationToken = default)
        => _work.ReadAsync(
            async (db, token) =>
            {
                if (db.Database.CurrentTransaction is not null)
                {
                    return await db.WithoutTimeoutAsync(() => ReadAsync(db, token));
                }

                await using var instant = await db.Database.BeginTransactionAsync(IsolationLevel.RepeatableRead, token);
                return await db.WithoutTimeoutAsync(() => ReadAsync(db, token));
            },
            cancellationToken);

    private async Task<PopulationVerdict> ReadAsync(NexusDbContext db, CancellationToken cancellationToken)
    {
        var checks = new List<PopulationCheck>();
        foreach (var (name, purpose, violations) in PopulationChecks.Of(db.Model))
        {
            checks.Add(await CheckAsync(db, name, purpose, violations, cancellationToken));
        }

        var unread = await UnreadMessages.FindWrongAsync(db, cancellationToken);
        checks.Add(new(
            "unread", "What is unread is what a count of the messages gives.", unread.Count,
            [
                .. unread.Take(Examples).Select(wrong => FormattableString.Invariant(
                    $"chat {wrong.ChatId}, user {wrong.UserId}: {wrong.Stored}, and there are {wrong.Counted}")),
            ]));
        var totals = await TotalsRepair.VerifyNewestAsync(db, int.MaxValue, cancellationToken);
        checks.Add(new(
            "totals", "Totals are what a count of the requests gives, and searches know their words.",
            totals.Conversations + totals.Hours + totals.Words,
            totals.IsRight ? [] : [FormattableString.Invariant($"{totals.Conversations} conversations, {totals.Hours} hours, the words of {totals.Words} requests")]));
        return new(
            await CountAsync(db, cancellationToken), await PeopleAsync(db, cancellationToken), await RoomsAsync(db, cancellationToken),
            await LinesAsync(db, cancellationToken), checks);
    }

    // Violations are counted all, and some of them shown.
    private async Task<PopulationCheck> CheckAsync(
        NexusDbContext db, string name, string purpose, string violations, CancellationToken cancellationToken)
        => (await db.ReadAllAsync(
            $"""
            WITH wrong (what) AS MATERIALIZED ({violations})
            SELECT (SELECT count(*) FROM wrong), ARRAY(SELECT what FROM wrong LIMIT {Examples})
            """,
            [DbCommands.Time("now", _time.GetUtcNow())],
            row => new PopulationCheck(name, purpose, row.GetInt64(0), row.GetFieldValue<string[]>(1)), cancellationToken))[0];

    private static async Task<IReadOnlyList<PopulationCount>> CountAsync(NexusDbContext db, CancellationToken cancellationToken)
    {
        var chats = ModelTables.OfChats;
        var others = ModelTables.Names(db.Model).Except(chats, StringComparer.Ordinal);
        var counts = await ModelTables.CountAsync(db, [.. chats, .. others], cancellationToken);
        return [.. counts.Take(chats.Count), .. counts.Skip(chats.Count).Where(count => count.Rows > 0)];
    }

    private static async Task<IReadOnlyList<PopulationPerson>> PeopleAsync(NexusDbContext db, CancellationToken cancellationToken)
        => await db.ReadAllAsync(
            "SELECT username, status, created_at FROM users ORDER BY created_at, id LIMIT 5", [],
            row => new PopulationPerson(
                Text(row, 0), Parse<UserStatus>(Text(row, 1)), row.GetFieldValue<DateTimeOffset>(2)),
            cancellationToken);

    // Members and messages are counted each by themselves: joined they would multiply.
    private static async Task<IReadOnlyList<PopulationRoom>> RoomsAsync(NexusDbContext db, CancellationToken cancellationToken)
        => await db.ReadAllAsync(
            $"""
            WITH most AS MATERIALIZED (
                SELECT c.id, coalesce(n.messages, 0) AS messages
                FROM chats c LEFT JOIN (SELECT chat_id, count(*) AS messages FROM messages GROUP BY chat_id) n ON n.chat_id = c.id
                ORDER BY 2 DESC, 1 LIMIT 10)
            SELECT c.id, c.kind, {Title}, (SELECT count(*) FROM chat_members m WHERE m.chat_id = c.id), most.messages
            FROM most JOIN chats c ON c.id = most.id ORDER BY most.messages DESC, c.id
            """,
            [],
            row => new PopulationRoom(row.GetGuid(0), Parse<ChatKind>(Text(row, 1)), Text(row, 2), row.GetInt64(3), row.GetInt64(4)),
            cancellationToken);

    private static async Task<IReadOnlyList<PopulationLine>> LinesAsync(NexusDbContext db, CancellationToken cancellationToken)
        => await db.ReadAllAsync(
            $"""
            WITH newest AS MATERIALIZED (SELECT * FROM messages ORDER BY created_at DESC, id DESC LIMIT 10)
            SELECT n.created_at, s.username, {Title},
                   CASE WHEN char_length(n.content) > 50 THEN left(n.content, 50) || '…' ELSE n.content END
            FROM newest n LEFT JOIN users s ON s.id = n.sender_id LEFT JOIN chats c ON c.id = n.chat_id
            ORDER BY n.created_at DESC, n.id DESC
            """,
            [],
            row => new PopulationLine(row.GetFieldValue<DateTimeOffset>(0), Text(row, 1), Text(row, 2), Text(row, 3)), cancellationToken);

    private static string? Text(DbDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    // A word that there is not is what a check tells of, and no reason to stop.
    private static T? Parse<T>(string? word)
        where T : struct, Enum
        => Enum.GetValues<T>().Where(value => EnumText<T>.Word(value) == word).Select(value => (T?)value).FirstOrDefault();
}
