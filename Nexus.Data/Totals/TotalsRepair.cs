using System.Data;
using Microsoft.EntityFrameworkCore;
using Nexus.Data.Persistence;
using Nexus.Data.Requests;
using Npgsql;

namespace Nexus.Data.Totals;

/// <summary>Compares totals, and the words to search by, with the requests that they are made of, and mends them where another
/// program wrote requests.</summary>
/// <remarks>Both may run beside live services, which write the totals of their requests themselves: what these write meanwhile
/// counts once.</remarks>
/// <param name="contexts">Makes the contexts.</param>
public sealed class TotalsRepair(IDbContextFactory<NexusDbContext> contexts)
{
    private const int BatchSize = 500;

    /// <summary>Counts all requests anew and says where totals differ. Changes nothing.</summary>
    /// <param name="trainId">The train, by its slug; null for all.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public async Task<TotalsReport> VerifyAsync(string? trainId = null, CancellationToken cancellationToken = default)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        db.Database.SetCommandTimeout(TimeSpan.Zero);
        return await VerifyAsync(db, trainId, newest: null, cancellationToken);
    }

    /// <summary>The same of each train's newest requests alone, by whole hours, and of the conversations they are in.</summary>
    /// <param name="db">The context.</param>
    /// <param name="newest">How many requests of a train, some more where these came within an hour.</param>
    /// <param name="cancellationToken">Stops it.</param>
    internal static Task<TotalsReport> VerifyNewestAsync(NexusDbContext db, int newest, CancellationToken cancellationToken)
        => VerifyAsync(db, trainId: null, newest, cancellationToken);

    private static async Task<TotalsReport> VerifyAsync(
        NexusDbContext db, string? trainId, int? newest, CancellationToken cancellationToken)
    {
        var (conversations, hours, words) = (0L, 0L, 0L);
        foreach (var train in await TrainsAsync(db, trainId, cancellationToken))
        {
            var from = newest is { } count ? await NewestHourAsync(db, train, count, cancellationToken) : null;
            conversations += (await WrongConversationsAsync(db, train, from, cancellationToken)).Count;
            hours += await CountAsync(db, TotalsStatements.CountWrongHours, train, from, cancellationToken);
            words += await CountAsync(db, WordStatements.CountWrong, train, from, cancellationToken);
        }

        return new(conversations, hours, words);
    }

    // Null where these are all.
    private static Task<DateTimeOffset?> NewestHourAsync(
        NexusDbContext db, string train, int newest, CancellationToken cancellationToken)
        => db.ReadAsync(
            TotalsStatements.FindNewestHour, [DbCommands.Text("train", train), DbCommands.Number("newest", newest)],
            async (reader, token) => await reader.ReadAsync(token) ? reader.GetFieldValue<DateTimeOffset>(0) : default(DateTimeOffset?),
            cancellationToken);

    /// <summary>Mends what differs, in short transactions.</summary>
    /// <param name="trainId">The train, by its slug; null for all.</param>
    /// <param name="cancellationToken">Stops between transactions; what was mended stays so.</param>
    /// <returns>What was mended.</returns>
    public async Task<TotalsReport> RepairAsync(string? trainId = null, CancellationToken cancellationToken = default)
    {
        var (conversations, hours, words) = (0L, 0L, 0L);
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        db.Database.SetCommandTimeout(TimeSpan.Zero);
        foreach (var train in await TrainsAsync(db, trainId, cancellationToken))
        {
            var wrong = await WrongConversationsAsync(db, train, from: null, cancellationToken);
            foreach (var batch in wrong.Order().Chunk(BatchSize))
            {
                await InTransactionAsync(
                    db,
                    token => db.ExecuteAsync(
                        TotalsStatements.CountGiven,
                        [
                            DbCommands.Texts("counted_trains", [.. batch.Select(_ => train)]),
                            DbCommands.Uuids("counted_conversations", batch),
                        ],
                        token),
                    cancellationToken);
            }

            conversations += wrong.Count;
            hours += await InTransactionAsync(
                db,
                async token =>
                {
                    // Two who mend at once would both add what is missing.
                    await db.ExecuteAsync(TotalsStatements.LockRepair, [DbCommands.Text("train", train)], token);
                    var mended = await db.ExecuteAsync(TotalsStatements.MendHours, TrainSince(train, from: null), token);
                    await db.ExecuteAsync(TotalsStatements.RemoveEmptyHours, [DbCommands.Text("train", train)], token);
                    return mended;
                },
                cancellationToken);
            words += await db.ExecuteAsync(WordStatements.DeleteLeft, [DbCommands.Text("train", train)], cancellationToken);
            words += await AddWordsAsync(db, train, cancellationToken);
        }

        return new(conversations, hours, words);
    }

    // By time, a text at a time: bodies may be large.
    private static async Task<long> AddWordsAsync(NexusDbContext db, string train, CancellationToken cancellationToken)
    {
        var (added, time, id) = (0L, DateTimeOffset.MinValue, Guid.Empty);
        while (true)
        {
            var missing = await db.ReadAllAsync(
                WordStatements.FindMissing,
                [
                    DbCommands.Text("train", train), DbCommands.Time("after_time", time), DbCommands.Uuid("after_id", id),
                    DbCommands.Number("limit", BatchSize),
                ],
                row => (
                    Id: row.GetGuid(0), train, Time: row.GetFieldValue<DateTimeOffset>(1),
                    SearchedText.Read(row, 2)),
                cancellationToken);
            if (missing.Count == 0)
            {
                return added;
            }

            added += await db.ExecuteAsync(
                WordStatements.AddMissing, [.. WordStatements.Parameters(missing)], cancellationToken);
            (time, id) = (missing[^1].Time, missing[^1].Id);
        }
    }

    private static Task<long> CountAsync(
        NexusDbContext db, string sql, string train, DateTimeOffset? from, CancellationToken cancellationToken)
        => db.ReadAsync(
            sql, TrainSince(train, from),
            async (reader, token) => await reader.ReadAsync(token) ? reader.GetInt64(0) : 0, cancellationToken);

    private static async Task<IReadOnlyList<string>> TrainsAsync(
        NexusDbContext db, string? trainId, CancellationToken cancellationToken)
        => trainId is not null
            ? [trainId]
            : await db.ReadAllAsync(TotalsStatements.FindTrains, [], row => row.GetString(0), cancellationToken);

    private static async Task<IReadOnlyList<Guid>> WrongConversationsAsync(
        NexusDbContext db, string train, DateTimeOffset? from, CancellationToken cancellationToken)
        => await db.ReadAllAsync(
            TotalsStatements.FindWrongConversations(onlyNewest: from is not null), TrainSince(train, from),
            row => row.GetGuid(0), cancellationToken);

    // All of it where no time is given.
    private static NpgsqlParameter[] TrainSince(string train, DateTimeOffset? from)
        => [DbCommands.Text("train", train), DbCommands.Time("from", from ?? DateTimeOffset.MinValue)];

    private static Task<T> InTransactionAsync<T>(
        NexusDbContext db, Func<CancellationToken, Task<T>> work, CancellationToken cancellationToken)
        => db.Database.CreateExecutionStrategy().ExecuteAsync(
            async token =>
            {
                await using var transaction = await db.Database.BeginTransactionAsync(IsolationLevel.ReadCommitted, token);
                var answer = await work(token);
                await transaction.CommitAsync(token);
                return answer;
            },
            cancellationToken);
}

/// <summary>How far totals are from the requests that they are made of.</summary>
/// <param name="Conversations">Conversations with a total that is missing, left over or wrong.</param>
/// <param name="Hours">Hours of a train, account, model and type with such a total.</param>
/// <param name="Words">Requests that a search by words does not know, or knows by what is gone.</param>
public sealed record TotalsReport(long Conversations, long Hours, long Words)
{
    /// <summary>Whether all is right.</summary>
    public bool IsRight => this is { Conversations: 0, Hours: 0, Words: 0 };
}
