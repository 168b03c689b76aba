using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Nexus.Data.Recording;
using Nexus.Data.Requests;
using Nexus.Data.Tests.Conversations;
using Nexus.Data.Tests.Fixtures;
using Nexus.Data.Tests.Recording;
using Nexus.Data.Tests.Tool;
using Nexus.Data.Tool;
using Nexus.Data.Totals;
using Npgsql;

namespace Nexus.Data.Tests.Totals;

/// <summary>Totals of requests that a host saves, or another program writes.</summary>
[Category("ServerVersions")]
public sealed class TotalsTests : ServiceTest
{
    private protected override bool KeepsTotals => true;

    private const string WrittenByOthers =
        """
        INSERT INTO api_requests (request_id, train_id, "timestamp", method, path, headers, conversation_id, branch_id, model,
                                  input_tokens, output_tokens, duration_ms, response_status)
        SELECT gen_random_uuid(), 'train-' || n % 2, '2025-03-01 12:00+00'::timestamptz + n * interval '7 minutes', 'POST',
               '/v1/messages', '{}', ('00000000-0000-0000-0000-00000000000' || n % 3)::uuid,
               CASE n % 4 WHEN 0 THEN NULL WHEN 1 THEN 'subtask_1' ELSE 'main' END, 'm' || n % 2, n, 2 * n, n * 10,
               CASE WHEN n % 5 = 0 THEN 529 ELSE 200 END
        FROM generate_series(1, 40) AS n
        """;

    [Test]
    public async Task What_a_host_saves_without_a_transaction_has_its_totals_at_once()
    {
        await using var db = OpenContext();
        var request = Request();
        db.Add(request);
        await db.SaveChangesAsync();

        Assert.That(db.Database.CurrentTransaction, Is.Null);
        Assert.That(await HoursAsync(), Is.EqualTo("1 request, 10 tokens of model-a"));

        request.OutputTokens = 25;
        request.Model = "model-b";
        await db.SaveChangesAsync();
        Assert.That(await HoursAsync(), Is.EqualTo("1 request, 30 tokens of model-b"));

        db.Remove(request);
        await db.SaveChangesAsync();
        Assert.That(await HoursAsync(), Is.Empty);
    }

    [Test]
    public async Task Two_hosts_who_answer_one_request_count_what_is_stored_in_the_end()
    {
        var request = Request();
        await SaveAsync(request);

        await using var first = OpenContext();
        await using var second = OpenContext();
        var (one, other) = (await first.Requests.AsTracking().SingleAsync(), await second.Requests.AsTracking().SingleAsync());
        (one.OutputTokens, other.OutputTokens, other.DurationMs, other.Error) = (100, 120, 7, "It broke.");
        await first.SaveChangesAsync();
        await second.SaveChangesAsync();

        Assert.That(await HoursAsync(), Is.EqualTo("1 request, 125 tokens of model-a"));
    }

    [Test]
    public async Task What_is_said_to_be_changed_without_having_been_loaded_counts_once()
    {
        var request = Request();
        request.OutputTokens = null;
        await SaveAsync(request);

        await using var host = OpenContext();
        request.OutputTokens = 30;
        host.Attach(request);
        host.Entry(request).Property(row => row.OutputTokens).IsModified = true;
        await host.SaveChangesAsync();

        Assert.That(await HoursAsync(), Is.EqualTo("1 request, 35 tokens of model-a"));
    }

    [Test]
    public async Task A_request_that_is_removed_without_having_been_loaded_is_counted_out()
    {
        var request = Request();
        await SaveAsync(request);

        await using var host = OpenContext();
        host.Remove(new ApiRequest
        {
            RequestId = request.RequestId,
            TrainId = "",
            Timestamp = default,
            Method = "",
            Path = "",
        });
        await host.SaveChangesAsync();

        Assert.That(await HoursAsync(), Is.Empty);
    }

    [Test]
    public void A_host_with_a_synchronization_context_may_save_synchronously()
    {
        using var done = new ManualResetEventSlim();
        var thread = new Thread(() =>
        {
            // Nobody ever runs what is posted there.
            SynchronizationContext.SetSynchronizationContext(new StuckContext());
            using var db = OpenContext();
            var request = Request();
            db.Add(request);
            db.SaveChanges();
            request.Model = "model-b";
            db.SaveChanges();
            done.Set();
        })
        {
            IsBackground = true,
        };
        thread.Start();

        Assert.That(done.Wait(TimeSpan.FromSeconds(60)), "It waits for itself.");
    }

    [Test]
    public async Task What_is_saved_synchronously_has_its_totals_too()
    {
        await using (var db = OpenContext())
        {
            db.Add(Request());
#pragma warning disable CA1849 // Hosts may.
            db.SaveChanges();
#pragma warning restore CA1849
        }

        Assert.That(await HoursAsync(), Is.EqualTo("1 request, 10 tokens of model-a"));
    }

    [Test]
    public async Task What_a_host_rolls_back_leaves_no_totals_and_the_context_forgets_it()
    {
        await using var db = OpenContext();
        await using (var transaction = await db.Database.BeginTransactionAsync())
        {
            db.Add(Request());
            await db.SaveChangesAsync();
            await transaction.RollbackAsync();
        }

        db.ChangeTracker.Clear();
        db.Add(Request());
        await db.SaveChangesAsync();

        Assert.That(await HoursAsync(), Is.EqualTo("1 request, 10 tokens of model-a"));
    }

    [Test]
    public async Task Where_totals_cannot_be_written_the_request_is_not_saved_and_the_error_is_told()
    {
        await AdministerAsync("ALTER TABLE hourly_totals RENAME TO elsewhere");
        await using var db = OpenContext();
        db.Add(Request());

        Assert.That(
            () => db.SaveChangesAsync(),
            Throws.InstanceOf<PostgresException>().With.Property(nameof(PostgresException.SqlState))
                .EqualTo(PostgresErrorCodes.UndefinedTable));

        await AdministerAsync("ALTER TABLE elsewhere RENAME TO hourly_totals");
        Assert.That(await db.Requests.CountAsync(), Is.Zero);

        // The same context goes on.
        await db.SaveChangesAsync();
        Assert.That(await HoursAsync(), Is.EqualTo("1 request, 10 tokens of model-a"));
    }

    [Test]
    public async Task A_strategy_that_retries_has_the_whole_save_to_itself()
    {
        var options = new DbContextOptionsBuilder<NexusDbContext>();
        options.UseNexus(ConnectionString, npgsql => npgsql.EnableRetryOnFailure());
        await using var db = new NexusDbContext(options.Options);
        db.Add(Request());
        Assert.That(await db.SaveChangesAsync(), Is.EqualTo(1));

        db.Add(Request());
        Assert.That(await db.SaveChangesAsync(), Is.EqualTo(1));

        Assert.That(await HoursAsync(), Is.EqualTo("2 request, 20 tokens of model-a"));
    }

    [Test]
    public async Task What_another_program_wrote_is_found_and_mended()
    {
        await AdministerAsync(WrittenByOthers);
        var doctor = await ToolRun.RunAsync("doctor", "--check", "totals", "--connection", ConnectionString);
        var dry = await ToolRun.RunAsync("rebuild-conversations", "--summaries", "--connection", ConnectionString);
        var one = await ToolRun.RunAsync(
            "rebuild-conversations", "--summaries", "--train-id", "train-0", "--execute", "--json", "--connection", ConnectionString);
        var rest = await ToolRun.RunAsync("rebuild-conversations", "--summaries", "--execute", "--connection", ConnectionString);
        var after = await ToolRun.RunAsync("doctor", "--check", "totals", "--connection", ConnectionString);
        var wrong = await ToolRun.RunAsync(
            "rebuild-conversations", "--summaries", "--rehash", "--connection", ConnectionString);

        Assert.Multiple(async () =>
        {
            Assert.That(doctor.ExitCode, Is.EqualTo(ExitCode.CheckFailed), doctor.All);
            Assert.That(doctor.Output, Does.Contain("6 conversations and 10 hours").And.Contain("--summaries --execute"));
            Assert.That((dry.ExitCode, dry.Output.Contains("hours and the words of 0 requests are wrong", StringComparison.Ordinal)), Is.EqualTo((ExitCode.CheckFailed, true)));
            Assert.That(one.Json.GetProperty("totals").GetProperty("conversations").GetInt32(), Is.EqualTo(3), one.All);
            Assert.That(rest.Output, Does.Contain("3 conversations, 5 hours and the words of 0 requests were mended"), rest.All);
            Assert.That(after.ExitCode, Is.Zero, after.All);
            Assert.That(wrong.ExitCode, Is.EqualTo(ExitCode.WrongUsage));
            Assert.That(await PlainTotals.DifferencesAsync(ConnectionString), Is.Empty);
        });
    }

    [Test]
    public async Task Hours_in_which_nothing_is_left_go_with_the_last_request_or_with_a_repair()
    {
        await AdministerAsync(WrittenByOthers);
        await Service<TotalsRepair>().RepairAsync();
        await Service<RequestPruner>().PruneAsync(
            new() { Before = new DateTimeOffset(2025, 3, 1, 14, 0, 0, TimeSpan.Zero), Execute = true });
        await Service<RequestPruner>().PruneAsync(
            new() { Before = new DateTimeOffset(2025, 3, 2, 0, 0, 0, TimeSpan.Zero), Execute = true });
        Assert.That(await RowsAsync(), Is.Zero);

        await AdministerAsync(
            """
            INSERT INTO hourly_totals
            SELECT 'train-1', '2025-03-01 12:00+00'::timestamptz + n * interval '1 hour', '', 'm', '', slot, 2 * slot - 1, 0, 0, 0, 0, 0, 0, 0, 0
            FROM generate_series(1, 3) AS n, generate_series(0, 1) AS slot
            """);
        await using var holder = new NpgsqlConnection(ConnectionString);
        await holder.OpenAsync();
        await using var transaction = await holder.BeginTransactionAsync();
        await using var hold = new NpgsqlCommand(
            "UPDATE hourly_totals SET input_tokens = 0 WHERE slot = 1 AND hour = '2025-03-01 14:00+00'", holder, transaction);
        await hold.ExecuteNonQueryAsync();
        await Service<TotalsRepair>().RepairAsync();
        Assert.That(await RowsAsync(), Is.EqualTo(2), "An hour that somebody writes stays.");

        await transaction.CommitAsync();
        await Service<TotalsRepair>().RepairAsync();
        Assert.That(await RowsAsync(), Is.Zero);

        async Task<int> RowsAsync()
        {
            await using var db = OpenContext();
            return await db.Set<HourlyTotals>().CountAsync();
        }
    }

    [Test]
    public async Task The_newest_requests_of_a_train_are_compared_by_themselves()
    {
        await AdministerAsync(
            """
            INSERT INTO api_requests (request_id, train_id, "timestamp", method, path, headers, body, conversation_id, branch_id)
            SELECT gen_random_uuid(), 'train-1', '2025-03-01 12:30+00'::timestamptz + n * interval '1 hour', 'POST', '/v1/messages',
                   '{}', '{"messages": []}', ('00000000-0000-0000-0000-0000000000' || lpad(n::text, 2, '0'))::uuid, 'main'
            FROM generate_series(1, 30) AS n
            """);
        await Service<TotalsRepair>().RepairAsync();
        await SpoilAsync("00000000-0000-0000-0000-000000000011", "2025-03-01 23:00+00");
        Assert.That((await NewestAsync(5), await NewestAsync(29)), Is.EqualTo((new TotalsReport(0, 0, 0), new TotalsReport(1, 1, 1))));

        await SpoilAsync("00000000-0000-0000-0000-000000000028", "2025-03-02 16:00+00");
        Assert.That(
            (await NewestAsync(5), await NewestAsync(30), await Service<TotalsRepair>().VerifyAsync()),
            Is.EqualTo((new TotalsReport(1, 1, 1), new TotalsReport(2, 2, 2), new TotalsReport(2, 2, 2))));
        await Service<TotalsRepair>().RepairAsync();

        Task SpoilAsync(string conversation, string hour) => AdministerAsync(
            $"""
            UPDATE branch_totals SET output_tokens = 7 WHERE conversation_id = '{conversation}';
            UPDATE hourly_totals SET output_tokens = 7 WHERE hour = '{hour}';
            DELETE FROM request_words w USING api_requests r WHERE r.request_id = w.request_id AND r.conversation_id = '{conversation}'
            """);

        async Task<TotalsReport> NewestAsync(int count)
        {
            await using var db = OpenContext();
            return await TotalsRepair.VerifyNewestAsync(db, count, CancellationToken.None);
        }
    }

    [Test]
    public async Task Totals_that_are_wrong_missing_or_left_over_are_mended()
    {
        await AdministerAsync(WrittenByOthers);
        var repair = Service<TotalsRepair>();
        await repair.RepairAsync();
        await AdministerAsync(
            """
            UPDATE branch_totals SET output_tokens = output_tokens + 1 WHERE branch_id = 'main' AND train_id = 'train-0';
            DELETE FROM conversation_totals WHERE conversation_id = '00000000-0000-0000-0000-000000000001';
            INSERT INTO conversation_totals VALUES ('train-9', gen_random_uuid(), now(), now(), false, false);
            INSERT INTO hourly_totals VALUES ('train-9', date_trunc('hour', now()), '', 'm', '', 0, 5, 0, 1, 1, 0, 0, 0, 0, 0);
            UPDATE hourly_totals SET input_tokens = input_tokens - 3 WHERE train_id = 'train-1';
            """);
        Assert.That(await PlainTotals.DifferencesAsync(ConnectionString), Is.Not.Empty);

        var report = await repair.RepairAsync();

        Assert.That(report.Conversations, Is.EqualTo(5));
        Assert.That(report.Hours, Is.EqualTo(6));
        Assert.That(await PlainTotals.DifferencesAsync(ConnectionString), Is.Empty);
        Assert.That(await repair.RepairAsync(), Is.EqualTo(new TotalsReport(0, 0, 0)));
    }

    [Test]
    public async Task Two_who_mend_at_once_mend_once()
    {
        await AdministerAsync(WrittenByOthers);
        var repair = Service<TotalsRepair>();

        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => repair.RepairAsync()));

        Assert.That(await PlainTotals.DifferencesAsync(ConnectionString), Is.Empty);
    }

    [Test]
    public async Task A_call_and_its_answer_cost_one_round_trip_more_each()
    {
        var counter = new CommandCounter();
        var contexts = new Contexts(ConnectionString, counter);
        var intake = Service<RequestIntake>();
        var recorder = new RequestRecorder(contexts, intake, new CallStore(contexts, intake));
        var call = Calls.Of(Bodies.Request(0, "hello"));

        await recorder.RecordAsync(call);
        var recorded = Totals();
        counter.Clear();
        await recorder.CompleteAsync(call.RequestId, Calls.AnswerOf(Bodies.Request(0, "hello").Answered("hi")));

        Assert.That((recorded, Totals()), Is.EqualTo((1, 1)), string.Join("\n---\n", counter.Commands));

        int Totals() => counter.Commands.Count(command => command.Contains("_totals", StringComparison.Ordinal));
    }

    [Test]
    public async Task Only_a_transaction_of_the_hosts_has_savepoints_that_cost_round_trips()
    {
        var counter = new SavepointCounter();
        var contexts = new Contexts(ConnectionString, counter);
        var intake = Service<RequestIntake>();
        await new RequestRecorder(contexts, intake, new CallStore(contexts, intake)).RecordAsync(Calls.Of(Bodies.Request(0, "hello")));
        await using var db = contexts.CreateDbContext();
        db.Add(Request());
        await db.SaveChangesAsync();
        Assert.That(counter.Count, Is.Zero);

        // Whoever goes on after a save that failed needs them.
        await contexts.ExecuteInTransactionAsync(async (host, token) =>
        {
            host.Add(Request());
            await host.SaveChangesAsync(token);
        });
        await using var transaction = await db.Database.BeginTransactionAsync();
        db.Add(Request());
        await db.SaveChangesAsync();
        Assert.That(counter.Count, Is.EqualTo(2));
    }

    private static ApiRequest Request() => new()
    {
        RequestId = Guid.CreateVersion7(),
        TrainId = Bodies.Train,
        Timestamp = Bodies.Noon,
        Method = "POST",
        Path = "/v1/messages",
        Model = "model-a",
        InputTokens = 5,
        OutputTokens = 5,
    };

    private async Task SaveAsync(ApiRequest request)
    {
        await using var db = OpenContext();
        db.Add(request);
        await db.SaveChangesAsync();
    }

    private async Task<string> HoursAsync()
    {
        await using var source = NpgsqlDataSource.Create(ConnectionString);
        await using var command = source.CreateCommand(
            """
            SELECT string_agg(line, '; ') FROM (
                SELECT sum(request_count) || ' request, ' || sum(input_tokens + output_tokens) || ' tokens of ' || model AS line
                FROM hourly_totals GROUP BY model HAVING sum(request_count) <> 0) lines
            """);
        return await command.ExecuteScalarAsync() as string ?? "";
    }

    private sealed class SavepointCounter : DbTransactionInterceptor
    {
        public int Count { get; private set; }

        public override Task CreatedSavepointAsync(
            DbTransaction transaction, TransactionEventData eventData, CancellationToken cancellationToken = default)
        {
            Count++;
            return Task.CompletedTask;
        }
    }

    private sealed class StuckContext : SynchronizationContext
    {
        public override void Post(SendOrPostCallback d, object? state)
        {
        }
    }
}
