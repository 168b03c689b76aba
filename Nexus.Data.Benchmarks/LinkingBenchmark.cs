using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Nexus.Data.Conversations;
using Nexus.Data.Conversations.Hashing;
using Nexus.Data.Embedded;
using Nexus.Data.Requests;
using Npgsql;

namespace Nexus.Data.Benchmarks;

/// <summary>
/// What does linking a request cost (its locks and its look-up, without hashing, insert and commit) beside a round trip
/// of SELECT 1? At 10,000 and at a million requests, at turn 5 and at turn 500, of a next turn, a sub-task and a
/// continuation. Baseline and subject alternate in one process.
/// </summary>
public static class LinkingBenchmark
{
    private const int WarmUpRounds = 15;
    private const int Rounds = 7;
    private const int Calls = 200;
    private const string Train = "bench";
    private const string Summary = "The user wants a timetable of all trains to the coast, and half of it is done by now.";

    private static readonly DateTimeOffset _start = new(2025, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Measures and prints medians and 99th percentiles in microseconds, and the ratios of the medians.</summary>
    /// <param name="output">Where the figures go.</param>
    /// <param name="sizes">Requests in the table, one run for each.</param>
    /// <returns>0.</returns>
    public static async Task<int> RunAsync(TextWriter output, params int[] sizes)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(sizes);

        await using var server = await EmbeddedPostgres.StartAsync(new()
        {
            ThrowAway = true,
            Settings = new Dictionary<string, string> { ["shared_buffers"] = "2GB" },
        });
        foreach (var size in sizes)
        {
            var connection = await server.CreateDatabaseAsync($"linking_{size}");
            await FillAsync(connection, size);
            await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{size:N0} requests"));
            foreach (var scenario in await ScenariosAsync(connection))
            {
                await MeasureAsync(output, connection, scenario);
            }
        }

        return 0;
    }

    private static async Task MeasureAsync(TextWriter output, string connection, Scenario scenario)
    {
        await using var db = Open(connection);
        await db.Database.OpenConnectionAsync();
        var npgsql = (NpgsqlConnection)db.Database.GetDbConnection();
        await using var baseline = new NpgsqlCommand("SELECT 1", npgsql);
        await baseline.PrepareAsync();
        var (plain, ours) = (new List<double>(), new List<double>());
        var (plainMedians, ourMedians) = (new List<double>(), new List<double>());
        for (var round = -WarmUpRounds; round < Rounds; round++)
        {
            var (plainRound, ourRound) = (new List<double>(), new List<double>());
            for (var call = 0; call < Calls; call++)
            {
                var watch = Stopwatch.StartNew();
                await baseline.ExecuteScalarAsync();
                plainRound.Add(watch.Elapsed.TotalMicroseconds);
                ourRound.Add(await LinkAsync(db, scenario));
            }

            // The first rounds warm up: statements get prepared, code gets compiled, and compiled once more.
            if (round >= 0)
            {
                plain.AddRange(plainRound);
                ours.AddRange(ourRound);
                plainMedians.Add(BenchDatabase.Percentile(plainRound, 50));
                ourMedians.Add(BenchDatabase.Percentile(ourRound, 50));
            }
        }

        await output.WriteLineAsync($"  {scenario.Name}, {scenario.Kind}");
        await PrintAsync(output, "SELECT 1", plain, plainMedians);
        await PrintAsync(output, "linking", ours, ourMedians);
        await output.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"    ratio of the medians: {BenchDatabase.Percentile(ours, 50) / BenchDatabase.Percentile(plain, 50):0.00} (goal {scenario.Goal})"));
    }

    private static async Task<double> LinkAsync(NexusDbContext db, Scenario scenario)
    {
        var request = Request(scenario.Timestamp, scenario.Body);
        request.Hashes = scenario.Hashes;
        await using var transaction = await db.Database.BeginTransactionAsync();
        db.Add(request);
        var linker = new ConversationLinker(db);

        var watch = Stopwatch.StartNew();
        await linker.LinkAsync(request);
        var elapsed = watch.Elapsed.TotalMicroseconds;

        if (request.LinkKind != scenario.Kind)
        {
            throw new InvalidOperationException($"{scenario.Name} was linked as {request.LinkKind}.");
        }

        await transaction.RollbackAsync();
        db.ChangeTracker.Clear();
        return elapsed;
    }

    // What the requests to be linked hang on is stored by the library, among rows that are made in bulk.
    private static async Task<List<Scenario>> ScenariosAsync(string connection)
    {
        var scenarios = new List<Scenario>();
        foreach (var turns in new[] { 5, 500 })
        {
            await StoreAsync(connection, Request(_start, Body(Turns(turns, turns - 1))), $"answer {turns - 1}");
            scenarios.Add(new($"next turn at turn {turns}", LinkKind.Exact, _start.AddHours(1), Body(Turns(turns, turns)), "3"));
        }

        await StoreAsync(connection, Request(_start, Body(["Ask for a task"])), Summary, prompt: "Find the trains");
        scenarios.Add(new("sub-task", LinkKind.Subtask, _start.AddHours(1), Body(["Find the trains"]), "8"));
        scenarios.Add(new("continuation", LinkKind.Continuation, _start.AddHours(1), Body(
        [
            "This session is being continued from a previous conversation that ran out of context. "
            + $"The conversation is summarized below:\n{Summary}\nPlease continue the conversation.",
        ]), "8"));
        scenarios.Add(new("new conversation", LinkKind.Root, _start.AddHours(1), Body(["Nobody asked this"]), "-"));
        return scenarios;
    }

    private static async Task StoreAsync(string connection, ApiRequest request, string answer, string? prompt = null)
    {
        var content = new List<object> { new { type = "text", text = answer } };
        if (prompt is not null)
        {
            content.Add(new { type = "tool_use", id = "toolu_1", name = "Task", input = new { description = "d", prompt } });
        }

        request.ResponseStatus = 200;
        request.SetResponseBody(JsonSerializer.SerializeToUtf8Bytes(new { type = "message", role = "assistant", content }));
        await using var db = Open(connection);
        await using var transaction = await db.Database.BeginTransactionAsync();
        db.Add(request);
        await new ConversationLinker(db).LinkAsync(request);
        await db.SaveChangesAsync();
        await transaction.CommitAsync();
    }

    // Conversations of ten turns with their keys and waits.
    private static async Task FillAsync(string connection, int size)
    {
        await using var db = Open(connection);
        db.Database.SetCommandTimeout(TimeSpan.FromMinutes(20));
        await db.Database.MigrateAsync();
        await db.Database.ExecuteSqlRawAsync(
            """
            INSERT INTO api_requests (request_id, train_id, "timestamp", method, path, headers, conversation_id, branch_id,
                                      link_kind, link_distance, claims_branch, link_hash, link_version, answer_hash,
                                      current_message_hash, parent_request_id, model, response_status)
            SELECT md5(n::text)::uuid, {0}, '2024-12-01Z'::timestamptz + n * interval '2 second', 'POST', '/v1/messages', '{{}}',
                   md5('c' || n / 10)::uuid, 'main', CASE n % 10 WHEN 0 THEN 'root' ELSE 'exact' END,
                   CASE n % 10 WHEN 0 THEN NULL ELSE 1 END, n % 10 <> 0, sha256(n::text::bytea), 1, sha256(('a' || n)::bytea),
                   encode(sha256(('m' || n)::bytea), 'hex'),
                   CASE n % 10 WHEN 0 THEN NULL ELSE md5((n - 1)::text)::uuid END, 'bench-model', 200
            FROM generate_series(1, {1}) n
            """,
            Train, size);
        await db.Database.ExecuteSqlRawAsync(
            """
            INSERT INTO summary_keys (request_id, key, train_id, "timestamp")
            SELECT request_id, substring(sha256(request_id::text::bytea) for 16), train_id, "timestamp" FROM api_requests;
            INSERT INTO task_prompts (request_id, ordinal, train_id, "timestamp", prompt_hash)
            SELECT request_id, 0, train_id, "timestamp", sha256(request_id::text::bytea) FROM api_requests
            WHERE link_kind = 'root';
            INSERT INTO link_waits (request_id, key, train_id, "timestamp")
            SELECT request_id, sha256(request_id::text::bytea), train_id, "timestamp" FROM api_requests
            WHERE link_kind = 'root';
            """);
        await db.Database.ExecuteSqlRawAsync("VACUUM ANALYZE api_requests, summary_keys, task_prompts, link_waits");
    }

    private static NexusDbContext Open(string connection)
    {
        var builder = new DbContextOptionsBuilder<NexusDbContext>();
        builder.UseNexus(connection);
        return new(builder.Options);
    }

    private static ApiRequest Request(DateTimeOffset timestamp, byte[] body)
    {
        var request = new ApiRequest
        {
            RequestId = Guid.CreateVersion7(),
            TrainId = Train,
            Timestamp = timestamp,
            Method = "POST",
            Path = "/v1/messages",
            Model = "bench-model",
        };
        request.SetBody(body);
        return request;
    }

    private static string[] Turns(int conversation, int count)
        => [.. Enumerable.Range(0, (2 * count) - 1)
            .Select(i => i % 2 == 0 ? $"question {i / 2} of {conversation}" : $"answer {(i / 2) + 1}")];

    private static byte[] Body(string[] messages) => JsonSerializer.SerializeToUtf8Bytes(new
    {
        model = "bench-model",
        system = "You help.",
        messages = messages.Select((content, i) => new { role = i % 2 == 0 ? "user" : "assistant", content }),
    });

    private static Task PrintAsync(TextWriter output, string name, List<double> all, List<double> medians)
        => output.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"    {name,-9} µs: p50 {BenchDatabase.Percentile(all, 50):0} p99 {BenchDatabase.Percentile(all, 99):0}, p50 of each round: "
            + $"{string.Join(' ', medians.Select(value => value.ToString("0", CultureInfo.InvariantCulture)))}"));

    private sealed record Scenario(string Name, LinkKind Kind, DateTimeOffset Timestamp, byte[] Body, string Goal)
    {
        public RequestHashes Hashes { get; } = RequestHasher.Hash(Body);
    }
}
