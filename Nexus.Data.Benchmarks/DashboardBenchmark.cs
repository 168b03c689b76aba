using System.Globalization;
using Nexus.Data.Conversations.Browsing;
using Nexus.Data.Totals;
using Nexus.Data.Usage;
using Npgsql;

namespace Nexus.Data.Benchmarks;

/// <summary>
/// How long do people wait for lists of conversations and figures of usage? Each question with changing trains, accounts
/// and times, warm, and the pages of tables and indexes that the server looked at for it. Beside it, in turn, the
/// original's statement for the latest conversations with their branches, over the requests themselves.
/// </summary>
public static class DashboardBenchmark
{
    private const int WarmUpRounds = 6;
    private const int Rounds = 8;
    private const int Calls = 25;
    private const int ExplainedCalls = 30;
    private const int Page = 1_000;
    private const long Limit = 140_000;
    private const string List = "list of 100";
    private const string ListOfLargest = "list of the largest train";
    private const string ListOfTrain = "list of another train";

    // What the original asks for: everything of every conversation, of which the latest are kept.
    private const string Original =
        """
        WITH branches AS (
            SELECT conversation_id, branch_id, max(message_count) AS message_count, sum(total_tokens) AS branch_tokens,
                   min("timestamp") AS branch_start, max("timestamp") AS branch_end,
                   (array_agg(request_id ORDER BY "timestamp" DESC))[1] AS latest_request_id
            FROM api_requests WHERE conversation_id IS NOT NULL{0} GROUP BY conversation_id, branch_id
        ), conversations AS (
            SELECT conversation_id, min("timestamp") AS started_at, max("timestamp") AS last_message_at,
                   count(*) AS request_count, max(message_count) AS total_messages, sum(total_tokens) AS total_tokens,
                   count(DISTINCT branch_id) AS branch_count, array_agg(DISTINCT model) AS models_used,
                   bool_or(is_subtask) AS has_subtasks
            FROM api_requests WHERE conversation_id IS NOT NULL{0} GROUP BY conversation_id
            ORDER BY last_message_at DESC LIMIT 100
        )
        SELECT c.*, b.branches
        FROM conversations c
        JOIN (
            SELECT conversation_id, json_agg(json_build_object(
                       'branch_id', branch_id, 'message_count', message_count, 'branch_tokens', branch_tokens,
                       'branch_start', branch_start, 'branch_end', branch_end, 'latest_request_id', latest_request_id)
                       ORDER BY branch_start) AS branches
            FROM branches GROUP BY conversation_id
        ) b USING (conversation_id)
        ORDER BY c.last_message_at DESC
        """;

    /// <summary>Measures and prints milliseconds and pages, and the ratios to the original's and between the sizes.</summary>
    /// <param name="output">Where the figures go.</param>
    /// <param name="sizes">Requests, and bytes of a body on average, one run for each.</param>
    /// <returns>0.</returns>
    public static async Task<int> RunAsync(TextWriter output, params (int Count, int Bytes)[] sizes)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(sizes);

        await using var server = await BenchDatabase.StartServerAsync();
        var databases = new List<string>();
        foreach (var (count, bytes) in sizes)
        {
            var ours = await server.CreateDatabaseAsync($"dashboards_{count}");
            databases.Add(ours);
            await FillAsync(ours, count, bytes);
            var theirs = await BenchDatabase.CopyWithIndexesOf014Async(server, ours);
            var shape = await SayAsync(ours);
            await output.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture, $"{count:N0} requests of {bytes:N0} bytes: {shape}"));
            await MeasureAsync(output, ours, theirs);
            await output.WriteLineAsync();
            NpgsqlConnection.ClearAllPools();
            await server.DropDatabaseAsync("theirs");
            await server.DropDatabaseAsync("indexes_of_014");
        }

        if (sizes.Length > 1)
        {
            var (all, ofLargest) = (
                await GrowthAsync(databases[0], databases[^1], new()),
                await GrowthAsync(databases[0], databases[^1], new() { TrainId = DashboardTraffic.Train(0) }));
            await output.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture,
                $"lists at {sizes[^1].Count:N0} requests to those at {sizes[0].Count:N0}: {all:N2}, "
                + $"of the largest train {ofLargest:N2} (goal 2)"));
        }

        return 0;
    }

    // Both in turn, whatever else the machine does.
    private static async Task<double> GrowthAsync(string small, string large, ConversationFilter filter)
    {
        var (few, many) = (
            new ConversationQueries(new BenchDatabase.Contexts(small)),
            new ConversationQueries(new BenchDatabase.Contexts(large)));
        var (fewTimes, manyTimes) = (new List<double>(), new List<double>());
        for (var call = 0; call < (WarmUpRounds + Rounds) * Calls; call++)
        {
            fewTimes.Add(await BenchDatabase.TimeAsync(() => few.ListAsync(filter)));
            manyTimes.Add(await BenchDatabase.TimeAsync(() => many.ListAsync(filter)));
        }

        const int warm = WarmUpRounds * Calls;
        return manyTimes[warm..].MedianOf() / fewTimes[warm..].MedianOf();
    }

    private static async Task FillAsync(string connection, int count, int bytes)
    {
        // Nobody may be connected when the database is copied.
        var unpooled = BenchDatabase.Unpooled(connection);
        await BenchDatabase.MigrateAsync(unpooled);
        await BenchDatabase.FillAsync(unpooled, new DashboardTraffic(count, bytes).Requests(), DashboardTraffic.Columns);
        await new TotalsRepair(new BenchDatabase.Contexts(unpooled)).RepairAsync();
        await BenchDatabase.ExecuteAsync(unpooled, "VACUUM ANALYZE; CHECKPOINT");
    }

    private static async Task<string> SayAsync(string connection)
        => (await BenchDatabase.TextsAsync(
            BenchDatabase.Unpooled(connection),
            """
            SELECT format('%s conversations, at most %s requests in one, %s rows of branches, %s of hours',
                          count(*), max(requests), sum(parts), (SELECT count(*) FROM hourly_totals))
            FROM (SELECT sum(request_count) AS requests, count(*) AS parts FROM branch_totals GROUP BY conversation_id) c
            """)).Single();

    private static async Task MeasureAsync(TextWriter output, string ours, string theirs)
    {
        var contexts = new BenchDatabase.Contexts(ours);
        var (conversations, usage) = (new ConversationQueries(contexts), new UsageQueries(contexts));
        var (questions, page) = await QuestionsAsync(ours, conversations);
        var times = questions.ToDictionary(question => question, _ => new List<double>());
        Statement[] statements =
        [
            new("original's", ours, List), new("original's", ours, ListOfLargest), new("original's", ours, ListOfTrain),
            new("on 014's indexes", theirs, List), new("on 014's indexes", theirs, ListOfLargest),
            new("on 014's indexes", theirs, ListOfTrain),
        ];
        var originals = statements.ToDictionary(statement => statement, _ => new List<double>());
        for (var round = -WarmUpRounds; round < Rounds; round++)
        {
            foreach (var question in questions)
            {
                for (var call = 0; call < Calls; call++)
                {
                    var index = ((round + WarmUpRounds) * Calls) + call;
                    var time = await BenchDatabase.TimeAsync(() => question.Ask(conversations, usage, index));

                    // The first rounds warm up: statements get prepared, code gets compiled.
                    if (round >= 0)
                    {
                        times[question].Add(time);
                    }
                }
            }

            for (var i = 0; i < statements.Length && round >= -1; i++)
            {
                var statement = statements[i];
                var time = await BenchDatabase.TimeAsync(() => AskOriginalAsync(statement, round));
                if (round >= 0)
                {
                    originals[statement].Add(time);
                }
            }
        }

        await output.WriteLineAsync($"  {"",-46}{"p50 ms",10}{"p95 ms",10}{"pages p50",11}{"most",9}");
        await using var plans = await AskedPlans.OpenAsync(ours);
        foreach (var question in questions)
        {
            var buffers = new List<double>();
            for (var index = 0; index < ExplainedCalls; index++)
            {
                buffers.Add(await plans.BuffersAsync(db => question.Ask(conversations.In(db), usage.In(db), index)));
            }

            await PrintAsync(output, question.Name, times[question], BenchDatabase.Median(buffers), buffers.Max());
        }

        foreach (var (statement, elapsed) in originals)
        {
            await PrintAsync(output, $"{statement.Name}, {statement.List}", elapsed);
        }

        foreach (var list in new[] { List, ListOfLargest, ListOfTrain })
        {
            // On whichever indexes it is faster.
            var best = originals.Where(pair => pair.Key.List == list).Min(pair => pair.Value.MedianOf());
            await output.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture,
                $"  {list}: the original's takes {best / TimeOf(list):N1} times as long (goal 50)"));
        }

        var far = times[questions[^1]].MedianOf() / times[questions[^2]].MedianOf();
        await output.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture, $"  page {page:N0} to page 1: {far:N2} (goal 1.2)"));

        double TimeOf(string name) => times.Single(pair => pair.Key.Name == name).Value.MedianOf();
    }

    // The two last are page 1 and a page far behind it.
    private static async Task<(List<Question> Questions, int Page)> QuestionsAsync(
        string connection, ConversationQueries conversations)
    {
        var largest = Guid.Parse((await BenchDatabase.TextsAsync(
            connection,
            "SELECT conversation_id::text FROM branch_totals GROUP BY 1 ORDER BY sum(request_count) DESC LIMIT 1")).Single());
        var latest = (await conversations.ListAsync()).Items;
        var (limit, cursor, page) = await FarPageAsync(conversations);
        return (
            [
                Of(List, _ => new()),
                Of(ListOfLargest, _ => new() { TrainId = DashboardTraffic.Train(0) }),
                Of(ListOfTrain, index => new() { TrainId = DashboardTraffic.SmallTrain(index) }),
                Of("list of an account", index => new() { AccountId = Account(index) }),
                Of("list of a model", index => new() { Model = DashboardTraffic.Model(index) }),
                Of(
                    "list of an account and model",
                    index => new() { AccountId = Account(index), Model = DashboardTraffic.Model(index) }),
                Of(
                    "list of a train and account",
                    index => new()
                    {
                        TrainId = DashboardTraffic.Train(index),
                        AccountId = Account(index / DashboardTraffic.Trains),
                    }),
                Of("list with sub-tasks", _ => new() { HasSubtasks = true }),
                Of("list with forks", _ => new() { HasForks = true }),
                Of(
                    "list of a train, with both",
                    index => new() { TrainId = DashboardTraffic.Train(index), HasSubtasks = true, HasForks = true }),
                Of("list of an account, with forks", index => new() { AccountId = Account(index), HasForks = true }),
                Of("list of a day", index => new() { From = Time(index).AddDays(-1), To = Time(index) }),
                new("tree of the largest", (queries, _, _) => queries.GetAsync(largest)),
                new(
                    "tree of one of the latest",
                    (queries, _, index) => queries.GetAsync(latest[index % latest.Count].ConversationId)),
                Of("window of 5 hours, an account", (usage, index) => usage.WindowAsync(OfAccount(index), until: Time(index))),
                Of("30 days, an account, by train and model", (usage, index) => usage.DailyAsync(
                    OfAccount(index), Day(index).AddDays(-29), Day(index), groupBy: UsageGroups.Train | UsageGroups.Model)),
                Of("30 days, a train, in Berlin", (usage, index) => usage.DailyAsync(
                    OfTrain(index), Day(index).AddDays(-29), Day(index), "Europe/Berlin")),
                Of("hours of 7 days, by train", (usage, index) => usage.HourlyAsync(
                    null, Time(index).AddDays(-7), Time(index))),
                Of("hours of 7 days, a train", (usage, index) => usage.HourlyAsync(
                    OfTrain(index), Time(index).AddDays(-7), Time(index))),
                Of("accounts at a glance", (usage, index) => usage.AccountsAsync(Limit, until: Time(index))),
                Of("burn-down of an account", (usage, index) => usage.TimeSeriesAsync(
                    OfAccount(index), Limit, until: Time(index))),
                Of("totals of 30 days", (usage, index) => usage.TotalsAsync(null, Time(index).AddDays(-30), Time(index))),
                Of("totals of 30 days, a train", (usage, index) => usage.TotalsAsync(
                    OfTrain(index), Time(index).AddDays(-30), Time(index))),
                Of("totals of all time", (usage, _) => usage.TotalsAsync()),
                new($"page 1 of {limit}", (queries, _, _) => queries.ListAsync(limit: limit)),
                new($"page {page} of {limit}", (queries, _, _) => queries.ListAsync(null, cursor, limit)),
            ],
            page);
    }

    private static Question Of(string name, Func<int, ConversationFilter> filter)
        => new(name, (queries, _, index) => queries.ListAsync(filter(index)));

    private static Question Of(string name, Func<UsageQueries, int, Task> ask)
        => new(name, (_, usage, index) => ask(usage, index));

    // As long a page as there are a thousand of.
    private static async Task<(int Limit, string? Cursor, int Page)> FarPageAsync(ConversationQueries conversations)
    {
        foreach (var limit in new[] { 100, 10, 1 })
        {
            var (cursor, page) = (default(string), 1);
            do
            {
                cursor = (await conversations.ListAsync(null, cursor, limit)).Next;
                page++;
            }
            while (cursor is not null && page < Page);

            if (cursor is not null)
            {
                return (limit, cursor, page);
            }
        }

        return (1, null, 1);
    }

    private static async Task AskOriginalAsync(Statement statement, int index)
    {
        await using var npgsql = await BenchDatabase.OpenAsync(statement.Connection);
        var sql = Original.Replace("{0}", statement.List != List ? " AND train_id = @train" : "", StringComparison.Ordinal);
        await using var command = new NpgsqlCommand(sql, npgsql) { CommandTimeout = 0 };
        if (statement.List != List)
        {
            command.Parameters.AddWithValue(
                "train",
                statement.List == ListOfLargest ? DashboardTraffic.Train(0) : DashboardTraffic.SmallTrain(index + Rounds));
        }

        await using var reader = await command.ExecuteReaderAsync();
        var values = new object[reader.FieldCount];
        while (await reader.ReadAsync())
        {
            reader.GetValues(values);
        }
    }

    private static Task PrintAsync(
        TextWriter output, string name, List<double> times, double? buffers = null, double? most = null)
        => output.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"  {name,-46}{times.MedianOf(),10:N2}{BenchDatabase.Percentile(times, 95),10:N2}{buffers,11:N0}{most,9:N0}"));

    private static double MedianOf(this List<double> times) => BenchDatabase.Median(times);

    private static string Account(int index) => DashboardTraffic.Account(index);

    private static UsageFilter OfAccount(int index) => new() { AccountId = Account(index) };

    private static UsageFilter OfTrain(int index) => new() { TrainId = DashboardTraffic.Train(index) };

    // Times of the last month, none of which is a whole hour.
    private static DateTimeOffset Time(int index) => DashboardTraffic.End.AddMinutes(-7 - (index % 230 * 187));

    private static DateOnly Day(int index) => DateOnly.FromDateTime(Time(index).UtcDateTime);

    private sealed record Question(string Name, Func<ConversationQueries, UsageQueries, int, Task> Ask);

    private sealed record Statement(string Name, string Connection, string List);
}
