using Nexus.Data.Tests.Fixtures;
using Nexus.Data.Totals;
using Nexus.Data.Usage;
using Npgsql;

namespace Nexus.Data.Tests.Usage;

/// <summary>How the server answers: one statement and the prices, by indexes, however much there is.</summary>
public sealed class UsagePlanTests : UsageTest
{
    private const string ByHour = "idx_hourly_totals_hour";

    private static readonly string[] _growing = ["api_requests", "hourly_totals", "branch_totals", "conversation_totals"];
    private static readonly UsageFilter _ofAccount = new() { AccountId = "acc-3" };
    private static readonly UsageFilter _ofTrain = new() { TrainId = "train-2" };

    // Filled once: each test only asks.
    private static string _filled = "";

    [OneTimeSetUp]
    public static async Task FillAsync()
    {
        _filled = await Server.CloneAsync();
        var administrator = await Server.AsAdministratorAsync(_filled);

        // A request each five minutes: 20,000 of them are ten weeks. Rows are as fat as real ones.
        await using var connection = new NpgsqlConnection(administrator);
        await connection.OpenAsync();
        await using (var command = new NpgsqlCommand(
            """
            INSERT INTO api_requests (request_id, train_id, "timestamp", method, path, headers, account_id, model, request_type,
                conversation_id, branch_id, response_status, input_tokens, output_tokens, duration_ms, response_headers)
            SELECT gen_random_uuid(), 'train-' || n % 5, @now - n * interval '5 minutes', 'POST', '/v1/messages',
                   jsonb_build_object('user-agent', repeat('x', 500)), 'acc-' || n % 7, 'opus-' || n % 3, 'inference',
                   md5((n / 10)::text)::uuid, 'main', 200, n % 1000, n % 100, n % 5000, '{}'
            FROM generate_series(0, 19999) n;
            """, connection))
        {
            command.Parameters.AddWithValue("now", Now.UtcDateTime);
            await command.ExecuteNonQueryAsync();
        }

        await new TotalsRepair(new Contexts(administrator)).RepairAsync();
        await VacuumAsync(administrator, _growing);
    }

    [OneTimeTearDown]
    public static Task DropAsync() => Server.DropAsync(_filled);

    // The bounds are two to three times what was seen: of two hours that a window cuts through, some 25 requests of five trains
    // are read, and of two windows some 120.
    [TestCase("window", 350, ByHour, "idx_requests_train_time")]
    [TestCase("window of account", 100, "idx_hourly_totals_account", "idx_requests_train_time")]
    [TestCase("window of train", 80, "hourly_totals_pkey", "idx_requests_train_time")]
    [TestCase("daily", 2_200, ByHour)]
    [TestCase("daily with split hours", 700, "idx_hourly_totals_account", "idx_requests_train_time")]
    [TestCase("hourly", 400, "hourly_totals_pkey", "idx_requests_train_time")]
    [TestCase("series", 250, "idx_hourly_totals_account", "idx_requests_train_time")]
    [TestCase("sliding", 600, "idx_hourly_totals_account", "idx_requests_train_time")]
    [TestCase("accounts", 400, ByHour, "idx_requests_train_time")]
    [TestCase("totals", 800, ByHour, "idx_requests_train_time", "idx_conversation_totals_first")]
    [TestCase("recent", 650, ByHour, "idx_requests_train_time", "idx_conversation_totals_last")]
    [TestCase("recent of train", 200, "hourly_totals_pkey", "idx_requests_train_time", "idx_conversation_totals_train")]
    [TestCase("trains", 800, ByHour, "idx_requests_train_time")]
    [TestCase("weeks", 30, "idx_conversation_totals_first")]
    public async Task An_answer_reads_ranges_of_indexes_and_little_else(string question, long bound, params string[] indexes)
    {
        var plans = await QueryPlans.OfAsync(await Server.AsAdministratorAsync(_filled), db => AskAsync(question, Usage.In(db)));

        // Since version 18, the server may skip from train to train in the primary key instead: they are few.
        var hours = plans.ServerVersion >= 18 && !plans.Indexes.Contains(ByHour) ? "hourly_totals_pkey" : ByHour;
        var expected = indexes.Select(index => index == ByHour ? hours : index);

        TestContext.Out.WriteLine($"{question}: {plans.Buffers} pages, {string.Join(", ", plans.Indexes)}");
        Assert.Multiple(() =>
        {
            Assert.That(plans.Scanned.Intersect(_growing), Is.Empty, plans.All);
            Assert.That(expected, Is.SubsetOf(plans.Indexes), plans.All);
            Assert.That(plans.Buffers, Is.LessThan(bound), plans.All);
        });
    }

    [Test]
    public async Task Every_answer_is_one_round_trip(
        [Values("window", "daily", "daily with split hours", "hourly", "series", "sliding", "accounts", "totals", "recent", "trains",
            "weeks")] string question)
    {
        var commands = new CommandCounter();
        await using var db = Server.Open(_filled, commands);

        await AskAsync(question, Usage.In(db));

        Assert.That(commands.Commands, Has.Exactly(1).Items);
    }

    private static Task AskAsync(string question, UsageQueries usage)
    {
        var today = DateOnly.FromDateTime(Now.UtcDateTime);
        return question switch
        {
            "window" => usage.WindowAsync(),
            "window of account" => usage.WindowAsync(_ofAccount),
            "window of train" => usage.WindowAsync(_ofTrain),
            "daily" => usage.DailyAsync(null, today.AddDays(-2), today),
            "daily with split hours" => usage.DailyAsync(_ofAccount, today.AddDays(-6), today, "Asia/Kolkata", UsageGroups.Model),
            "hourly" => usage.HourlyAsync(_ofTrain, Now.AddDays(-3), Now),
            "series" => usage.TimeSeriesAsync(_ofAccount, 140_000),
            "sliding" => usage.SlidingAsync(_ofAccount, days: 2),
            "accounts" => usage.AccountsAsync(140_000),
            "totals" => usage.TotalsAsync(null, Now.AddDays(-3), Now),
            "recent" => usage.RecentAsync(),
            "recent of train" => usage.RecentAsync(_ofTrain),
            "trains" => usage.TrainsAsync(days: 3),
            "weeks" => usage.WeeklyConversationsAsync(weeks: 2),
            _ => throw new ArgumentOutOfRangeException(nameof(question)),
        };
    }
}
