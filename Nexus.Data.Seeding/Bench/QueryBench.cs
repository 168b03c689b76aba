using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Nexus.Data.Persistence;

namespace Nexus.Data.Seeding.Bench;

/// <summary>Times what chats are asked for all day, on the database as it is, and looks whether their indexes serve. Changes no row; the server's
/// statistics are brought up to date first.</summary>
/// <remarks>Queries are asked one after the other on one connection, about the chat with the most messages and the most sociable of its
/// members: what is slowest for anybody.</remarks>
/// <param name="contexts">Makes the contexts.</param>
public sealed class QueryBench(IDbContextFactory<NexusDbContext> contexts)
{
    // Not on a standby, which takes its statistics from the primary.
    private const string Analyze =
        "DO $$ BEGIN IF NOT pg_is_in_recovery() THEN ANALYZE users, chats, chat_members, messages; END IF; END $$";

    private readonly BenchServices _services = new(new(contexts), new(contexts, new()), new(contexts), new(contexts));

    /// <summary>Times every query.</summary>
    /// <param name="options">How often, and how long they may take; null for what is usual.</param>
    /// <param name="progress">Told which query is asked, before; null for nobody.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="NexusDataException">No room has messages (not found), or an option is out of range (validation).</exception>
    public async Task<BenchReport> RunAsync(
        BenchOptions? options = null, IProgress<BenchProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        options ??= new();
        options.Validate();
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await db.Database.OpenConnectionAsync(cancellationToken);

        // Rows that came just now are planned for as if there were none. Whoever may not have tables looked at goes without.
        await db.WithoutTimeoutAsync(() => db.ExecuteAsync(Analyze, [], cancellationToken));
        var subject = await FindSubjectAsync(db, cancellationToken);
        var queries = new BenchQueries(_services, subject, options).All;
        var results = new List<BenchResult>();
        foreach (var query in queries)
        {
            progress?.Report(new(query.Name, results.Count, queries.Count));
            results.Add(await TimeAsync(db, query, options, cancellationToken));
        }

        var (users, chats, messages) = await CountAsync(db, cancellationToken);
        return new(users, chats, messages, subject.ChatId, subject.ChatMessages, subject.UserId, results);
    }

    private static async Task<BenchResult> TimeAsync(
        NexusDbContext db, BenchQuery query, BenchOptions options, CancellationToken cancellationToken)
    {
        for (var i = 0; i < options.WarmUp; i++)
        {
            await query.AskAsync(db, cancellationToken);
        }

        var rows = 0;
        var times = new double[options.Iterations];
        for (var i = 0; i < times.Length; i++)
        {
            var start = Stopwatch.GetTimestamp();
            rows = await query.AskAsync(db, cancellationToken);
            times[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }

        Array.Sort(times);
        var (plan, stands) = await PlanAsync(db, query, cancellationToken);
        return new(
            query.Name, query.Group, query.Purpose, rows, At(times, 0.50), At(times, 0.95), times[^1], query.Limit?.TotalMilliseconds,
            plan.Pages, query.Indexes, plan.Indexes, stands);
    }

    // The time that a share of all did not exceed.
    private static double At(double[] sorted, double share) => sorted[Math.Max(0, (int)Math.Ceiling(share * sorted.Length) - 1)];

    // As the service asks, with its own parameters.
    private static async Task<(QueryPlan Plan, BenchPlan Stands)> PlanAsync(
        NexusDbContext db, BenchQuery query, CancellationToken cancellationToken)
    {
        var recorder = new StatementRecorder();
        var options = new DbContextOptionsBuilder<NexusDbContext>((DbContextOptions<NexusDbContext>)db.GetService<IDbContextOptions>());
        await using var recorded = new NexusDbContext(options.AddInterceptors(recorder).Options);
        await query.AskAsync(recorded, cancellationToken);

        var plan = await QueryPlan.RunAsync(db, recorder.Statements, cancellationToken);
        return query.Indexes.Length == 0 ? (plan, BenchPlan.None)
            : plan.Indexes.Intersect(query.Indexes).Any() ? (plan, BenchPlan.Used)
            : (await QueryPlan.OfLargeTablesAsync(db, recorder.Statements, cancellationToken)).Indexes.Intersect(query.Indexes).Any() ? (plan, BenchPlan.Spared)
            : (plan, BenchPlan.Missing);
    }

    private async Task<BenchSubject> FindSubjectAsync(NexusDbContext db, CancellationToken cancellationToken)
    {
        var found = await db.WithoutTimeoutAsync(() => db.ReadAllAsync(
            """
            SELECT c.id, n.messages, u.id, u.username
            FROM (SELECT m.chat_id, count(*) AS messages FROM messages m JOIN chats c ON c.id = m.chat_id AND c.kind <> 'repository'
                  WHERE EXISTS (SELECT FROM chat_members o WHERE o.chat_id = m.chat_id)
                  GROUP BY m.chat_id ORDER BY 2 DESC, 1 LIMIT 1) n
            JOIN chats c ON c.id = n.chat_id JOIN chat_members m ON m.chat_id = c.id JOIN users u ON u.id = m.user_id
            ORDER BY (SELECT count(*) FROM chat_members o WHERE o.user_id = u.id) DESC, u.id LIMIT 1
            """,
            [], row => (ChatId: row.GetGuid(0), Messages: row.GetInt64(1), UserId: row.GetGuid(2), Username: row.GetString(3)), cancellationToken));
        if (found is not [var subject])
        {
            throw new NexusDataException(
                NexusDataErrorKind.NotFound, "No room has messages and members: there is nothing to time. 'nexus-data populate-large' makes some.");
        }

        var page = await _services.Messages.In(db).OlderAsync(subject.ChatId, subject.UserId, null, 100, cancellationToken);
        return new(subject.ChatId, subject.Messages, subject.UserId, subject.Username, page.Older);
    }

    private static async Task<(long Users, long Chats, long Messages)> CountAsync(NexusDbContext db, CancellationToken cancellationToken)
        => (await db.WithoutTimeoutAsync(() => db.ReadAllAsync(
            "SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM chats), (SELECT count(*) FROM messages)", [],
            row => (row.GetInt64(0), row.GetInt64(1), row.GetInt64(2)), cancellationToken)))[0];
}

/// <summary>How far the timing is.</summary>
/// <param name="Query">The query that is asked now.</param>
/// <param name="Done">How many are done.</param>
/// <param name="Total">How many there are.</param>
public sealed record BenchProgress(string Query, int Done, int Total);
