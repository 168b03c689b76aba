using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Nexus.Data.Usage;

namespace Nexus.Data.Tests.Usage;

/// <summary>What usage answers where it is easy to get wrong.</summary>
public sealed class UsageQueriesTests : UsageTest
{
    [Test]
    public async Task A_window_takes_what_lies_at_its_beginning_and_not_what_lies_at_its_end()
    {
        await StoreAsync(
            Request(5, 1), Request(0, 10), Request(output: 100) with { Timestamp = Now.AddHours(-5).AddMicroseconds(-1) },
            Request(output: 1_000) with { Timestamp = Now.AddMicroseconds(-1) }, Request(2, 10_000));

        var window = await Usage.WindowAsync();

        Assert.That(window.Usage.Tokens.Output, Is.EqualTo(11_001));
        Assert.That((window.From, window.Until), Is.EqualTo((Now.AddHours(-5), Now)));
    }

    [Test]
    public async Task A_window_within_an_hour_is_exact_too()
    {
        await StoreAsync(Enumerable.Range(0, 60).Select(minute => Request(minute / 60d, 1)).ToList());

        var window = await Usage.WindowAsync(null, TimeSpan.FromMinutes(10), Now.AddMinutes(-20));

        Assert.That(window.Usage.Requests, Is.EqualTo(10));
    }

    [Test]
    public async Task The_kinds_of_tokens_are_told_apart_and_do_not_overflow()
    {
        var large = Request() with
        {
            InputTokens = 1,
            OutputTokens = 2,
            CacheCreationTokens = 3,
            CacheReadTokens = int.MaxValue,
        };
        await StoreAsync(large, large with { RequestId = Guid.NewGuid() });

        var tokens = (await Usage.WindowAsync()).Usage.Tokens;

        Assert.That(tokens, Is.EqualTo(new TokenCounts(2, 4, 6, 2L * int.MaxValue)));
        Assert.That((tokens.Total, tokens.WithoutCache), Is.EqualTo((12 + (2L * int.MaxValue), 6L)));
    }

    [Test]
    public async Task Without_requests_there_are_zeros_and_no_mean()
    {
        await StoreAsync();

        var window = await Usage.WindowAsync();
        var totals = await Usage.TotalsAsync();
        var recent = await Usage.RecentAsync();

        Assert.That(
            (window.Usage.Requests, window.Usage.MeanDurationMs, window.Usage.Cost.Amount, window.Usage.Cost.IsComplete),
            Is.EqualTo((0, (double?)null, 0m, true)));
        Assert.That((totals.Usage.Requests, totals.ActiveAccounts, totals.NewConversations), Is.EqualTo((0, 0, (long?)null)));
        Assert.That(recent.Hours, Has.Exactly(25).Items);
        Assert.That(await Usage.AccountsAsync(1), Is.Empty);
        Assert.That(await Usage.TrainsAsync(), Is.Empty);
    }

    [TestCase("Europe/Berlin", "2025-03-30", 23)]
    [TestCase("Europe/Berlin", "2025-10-26", 25)]
    [TestCase("America/Santiago", "2024-09-08", 23, Description = "There is no midnight.")]
    [TestCase("America/Havana", "2024-11-03", 25, Description = "There are two.")]
    [TestCase("Pacific/Apia", "2011-12-30", 0, Description = "The day was left out.")]
    [TestCase("Australia/Lord_Howe", "2025-04-06", 24.5)]
    public async Task A_day_is_as_long_as_the_calendar_has_it(string zone, string day, double hours)
    {
        var date = DateOnly.Parse(day, CultureInfo.InvariantCulture);
        await StoreAsync();

        var days = await Usage.DailyAsync(null, date.AddDays(-1), date.AddDays(1), zone);

        Assert.That((days[1].Until - days[1].From).TotalHours, Is.EqualTo(hours));
        Assert.That(days[0].Until, Is.EqualTo(days[1].From));
        Assert.That(days[2].From, Is.EqualTo(days[1].Until));
    }

    [Test]
    public async Task Both_hours_of_two_midnights_belong_to_the_day()
    {
        // In Havana, 3 November 2024 began at 04:00 in UTC, and the hour after midnight came again at 05:00.
        var start = new DateTimeOffset(2024, 11, 3, 4, 0, 0, TimeSpan.Zero);
        await StoreAsync(
            Request() with { Timestamp = start.AddMicroseconds(-1) }, Request() with { Timestamp = start },
            Request() with { Timestamp = start.AddHours(1) });

        var days = await Usage.DailyAsync(null, new(2024, 11, 2), new(2024, 11, 3), "America/Havana");

        Assert.That(days.Select(day => day.Usage.Requests), Is.EqualTo((long[])[1, 2]));
    }

    [Test]
    public async Task Rows_of_an_hour_that_differ_in_their_slot_are_added_up_and_such_that_are_nothing_are_nothing()
    {
        await StoreAsync(Request(4, 7));
        await AdministerAsync(
            """
            UPDATE hourly_totals SET slot = 0;
            INSERT INTO hourly_totals SELECT train_id, hour, account_id, model, request_type, 1, 2, 1, 0, 5, 0, 0, 0, 0, 0 FROM hourly_totals;
            INSERT INTO hourly_totals SELECT 'gone', hour, account_id, model, request_type, 1, 2, 1, 0, 5, 0, 0, 0, 0, 0 FROM hourly_totals WHERE slot = 0;
            INSERT INTO hourly_totals SELECT 'gone', hour, account_id, model, request_type, 2, -2, -1, 0, -5, 0, 0, 0, 0, 0 FROM hourly_totals WHERE slot = 0 AND train_id <> 'gone';
            """);

        var trains = await Usage.TrainsAsync();
        var day = (await Usage.DailyAsync(null, new(2025, 3, 30), new(2025, 3, 30), groupBy: UsageGroups.Train)).Single();

        Assert.That(trains.Single().TrainId, Is.EqualTo("rail-club"));
        Assert.That((day.Key.TrainId, day.Usage.Requests, day.Usage.Failed, day.Usage.Tokens.Output), Is.EqualTo(("rail-club", 3, 1, 12)));
    }

    [Test]
    public async Task A_price_counts_from_the_beginning_of_its_day_in_UTC_whatever_the_zone()
    {
        var midnight = new DateTimeOffset(2025, 3, 30, 0, 0, 0, TimeSpan.Zero);
        await StoreAsync(
            Request(output: 1_000_000) with { Timestamp = midnight.AddMicroseconds(-1) },
            Request(output: 1_000_000) with { Timestamp = midnight },
            Request(output: 5) with { Timestamp = midnight, Model = "other" });
        await ImportAsync("claude*,2025-01-01,0,10,0,0", "claude*,2025-03-30,0,12.5,0,0", "claude-30,2025-01-01,0,99,0,0");

        var window = await Usage.WindowAsync(null, TimeSpan.FromDays(2));
        var days = await Usage.DailyAsync(null, new(2025, 3, 30), new(2025, 3, 30), "Asia/Kolkata");

        Assert.That(window.Usage.Cost.Amount, Is.EqualTo(22.5m));
        Assert.That((window.Usage.Cost.UnpricedTokens, window.Usage.Cost.IsComplete), Is.EqualTo((5, false)));
        Assert.That(window.Usage.Cost.UnpricedModels, Is.EqualTo((string[])["other"]));
        Assert.That(days.Single().Usage.Cost.Amount, Is.EqualTo(22.5m), "The day in India has hours of two prices.");
    }

    [Test]
    public async Task A_limit_is_used_up_and_becomes_free_again()
    {
        await StoreAsync(Request(6, 40), Request(1, 70));

        var series = await Usage.TimeSeriesAsync(new() { AccountId = "acc-1" }, 100, interval: TimeSpan.FromHours(1));

        Assert.That(series.Points.Select(point => point.OutputTokens), Is.EqualTo((long[])[40, 40, 40, 40, 70, 70]));
        Assert.That(series.Points[^1], Is.EqualTo(new BurnDownPoint(Now, 70, 30, 70)));
        Assert.That((series.From, series.Until, series.Points.Count), Is.EqualTo((Now.AddHours(-5), Now, 6)));
    }

    [Test]
    public async Task What_is_above_a_limit_leaves_nothing_and_not_less()
    {
        await StoreAsync(Request(1, 250), Request(1, 1) with { AccountId = null });

        var account = (await Usage.AccountsAsync(100)).Single();

        Assert.That((account.Now.Remaining, account.Now.PercentUsed), Is.EqualTo((0, 250d)));
        Assert.That(account.Series, Has.Exactly(21).Items);
    }

    [Test]
    public async Task A_text_that_no_row_can_hold_finds_nothing()
    {
        await StoreAsync(Request(1));

        foreach (var text in (string[])["a\0b", "\ud800", "'; DROP TABLE trains; --", "%"])
        {
            Assert.That((await Usage.WindowAsync(new() { AccountId = text, Model = text })).Usage.Requests, Is.Zero);
            Assert.That((await Usage.WeeklyConversationsAsync(1, text)).Single().Conversations, Is.Zero);
            Assert.That((await Usage.TimeSeriesAsync(new() { TrainId = text }, 1)).Points[^1].OutputTokens, Is.Zero);
        }
    }

    [Test]
    public void What_a_person_types_wrong_is_named()
    {
        var day = new DateOnly(2025, 3, 30);
        Assert.Multiple(() =>
        {
            AssertWrong(() => Usage.WindowAsync(window: TimeSpan.FromHours(-1)), "-01:00:00");
            AssertWrong(() => Usage.WindowAsync(window: TimeSpan.FromDays(4_000)), "3,660 days");
            AssertWrong(() => Usage.DailyAsync(null, day, day, "Europe/Atlantis"), "'Europe/Atlantis'");
            AssertWrong(() => Usage.DailyAsync(null, day, day.AddDays(-1)), "2025-03-29");
            AssertWrong(() => Usage.HourlyAsync(null, Now, Now), "hours");
            AssertWrong(() => Usage.TimeSeriesAsync(null, 0), "0 tokens");
            AssertWrong(() => Usage.TimeSeriesAsync(null, 1, interval: TimeSpan.Zero), "10,000");
            AssertWrong(() => Usage.TimeSeriesAsync(null, 1, interval: TimeSpan.FromMilliseconds(1)), "10,000");
            AssertWrong(() => Usage.TimeSeriesAsync(null, 1, TimeSpan.FromDays(40)), "31 days");
            AssertWrong(() => Usage.AccountsAsync(-1), "-1 tokens");
            AssertWrong(() => Usage.SlidingAsync(null, days: 31), "31 days");
            AssertWrong(() => Usage.SlidingAsync(null, bucketMinutes: 0), "0 minutes");
            AssertWrong(() => Usage.SlidingAsync(null, windowHours: 25), "25 hours");
            AssertWrong(() => Usage.WeeklyConversationsAsync(53), "53 weeks");
            AssertWrong(() => Usage.WeeklyConversationsAsync(timeZone: "nowhere"), "'nowhere'");
            AssertWrong(() => Usage.TotalsAsync(null, Now, Now.AddHours(-1)), "earlier");
            AssertWrong(() => Usage.TrainsAsync(0), "0 days");
        });
    }

    [Test]
    public async Task The_statistics_of_the_original_are_refreshed_by_the_role_of_the_application()
    {
        await StoreAsync(Request() with { Timestamp = DateTimeOffset.UtcNow.AddHours(-2) });

        await Usage.RefreshHourlyStatsAsync();

        await using var db = OpenContext();
        Assert.That((await db.Set<HourlyStat>().SingleAsync()).RequestCount, Is.EqualTo(1));
    }

    [Test]
    public async Task Usage_is_read_in_a_transaction_of_the_caller()
    {
        await StoreAsync(Request(1));
        await using var db = OpenContext();
        await using var transaction = await db.Database.BeginTransactionAsync();
        await db.Database.ExecuteSqlAsync($"DELETE FROM hourly_totals");

        var inside = await Usage.In(db).TotalsAsync();
        var outside = await Usage.TotalsAsync();

        Assert.That((inside.Usage.Requests, outside.Usage.Requests), Is.EqualTo((0, 1)));
    }

    private static void AssertWrong(Func<Task> ask, string part)
        => Assert.That(
            ask,
            Throws.InstanceOf<NexusDataException>().With.Message.Contains(part)
                .And.Property(nameof(NexusDataException.Kind)).EqualTo(NexusDataErrorKind.Validation));

    private Task<PriceImportReport> ImportAsync(params string[] lines)
        => Prices.ImportAsync(new MemoryStream(System.Text.Encoding.UTF8.GetBytes(
            string.Join('\n', lines.Prepend("model,valid_from,input,output,cache_creation,cache_read")))));
}
