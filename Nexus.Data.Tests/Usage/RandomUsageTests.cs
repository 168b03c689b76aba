using System.Globalization;
using System.Text;
using Nexus.Data.Tests.Fixtures;
using Nexus.Data.Usage;

namespace Nexus.Data.Tests.Usage;

/// <summary>Every answer against the plainest way to it: all requests in memory, and a loop over them.</summary>
public sealed class RandomUsageTests : UsageTest
{
    private static readonly int _dataSets = TestScale.Of(20, 50);

    private static readonly string[] _zones =
    [
        "UTC", "Europe/Berlin", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe", "America/New_York", "Pacific/Chatham",
    ];

    private List<ModelPrice> _prices = [];

    [Test]
    public async Task Every_answer_equals_a_loop_over_all_requests([Range(0, 9)] int part)
    {
        for (var set = 0; set < _dataSets / 10; set++)
        {
            var random = new Random((part * 100) + set);
            var requests = Requests(random);
            await StoreAsync(requests);
            await ImportPricesAsync(random);
            for (var i = 0; i < 3; i++)
            {
                var filter = Filter(random);
                await CheckAsync(random, [.. requests.Where(request => Fits(request, filter))], filter);
            }

            await CheckAccountsAsync(random, requests);
            await CheckWeeksAsync(random, requests);
        }
    }

    private async Task CheckAsync(Random random, List<UsageRequest> requests, UsageFilter filter)
    {
        var until = Around(random);
        var window = TimeSpan.FromMicroseconds(random.NextInt64(1, 3_600_000_000L * 60));
        var sum = await Usage.WindowAsync(filter, window, until);
        AssertSum(sum.Usage, requests.Where(request => request.Timestamp >= until - window && request.Timestamp < until));

        await CheckDailyAsync(random, requests, filter);
        await CheckHourlyAsync(random, requests, filter);
        await CheckTotalsAsync(random, requests, filter);
        await CheckSeriesAsync(random, requests, filter);
    }

    private async Task CheckDailyAsync(Random random, List<UsageRequest> requests, UsageFilter filter)
    {
        var zone = _zones[random.Next(_zones.Length)];
        var info = TimeZoneInfo.FindSystemTimeZoneById(zone);
        var first = new DateOnly(2025, 3, 26).AddDays(random.Next(4));
        var groups = (UsageGroups)random.Next(16);
        var last = first.AddDays(random.Next(10));

        var days = await Usage.DailyAsync(filter, first, last, zone, groups);

        var expected = requests
            .GroupBy(request => (
                Day: DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(request.Timestamp, info).DateTime), Key: KeyOf(request, groups)))
            .Where(group => group.Key.Day >= first && group.Key.Day <= last)
            .ToDictionary(group => group.Key, group => group.ToList());
        if (groups == UsageGroups.None)
        {
            for (var day = first; day <= last; day = day.AddDays(1))
            {
                expected.TryAdd((day, default), []);
            }
        }

        Assert.That(days.Select(day => (day.Day, day.Key)), Is.EquivalentTo(expected.Keys), zone);
        Assert.That(days.Select(day => day.Day), Is.Ordered);
        foreach (var day in days)
        {
            AssertSum(day.Usage, expected[(day.Day, day.Key)]);
        }
    }

    private async Task CheckHourlyAsync(Random random, List<UsageRequest> requests, UsageFilter filter)
    {
        var from = Around(random);
        var to = from.AddMinutes(random.Next(1, 3_000));
        var groups = (UsageGroups)random.Next(16);

        var hours = await Usage.HourlyAsync(filter, from, to, groups);

        var expected = requests.Where(request => request.Timestamp >= from && request.Timestamp < to)
            .GroupBy(request => (Hour(request.Timestamp), KeyOf(request, groups)))
            .ToDictionary(group => group.Key, group => group.ToList());
        if (groups == UsageGroups.None)
        {
            for (var hour = Hour(from); hour < to; hour = hour.AddHours(1))
            {
                expected.TryAdd((hour, default), []);
            }
        }

        Assert.That(hours.Select(hour => (hour.Hour, hour.Key)), Is.EquivalentTo(expected.Keys));
        foreach (var hour in hours)
        {
            AssertSum(hour.Usage, expected[(hour.Hour, hour.Key)]);
        }
    }

    private async Task CheckTotalsAsync(Random random, List<UsageRequest> requests, UsageFilter filter)
    {
        DateTimeOffset? from = random.Next(2) == 0 ? null : Around(random);
        DateTimeOffset? to = random.Next(2) == 0 ? null : (from ?? Now).AddMinutes(random.Next(5_000));
        var totals = await Usage.TotalsAsync(filter, from, to);

        var expected = requests
            .Where(request => (from is null || request.Timestamp >= from) && (to is null || request.Timestamp < to)).ToList();
        AssertSum(totals.Usage, expected);
        AssertParts(totals.Trains, expected, request => request.TrainId);
        AssertParts(totals.Models, expected, request => request.Model ?? "");
        AssertParts(totals.RequestTypes, expected, request => request.RequestType ?? "");
        Assert.That(
            totals.ActiveAccounts, Is.EqualTo(expected.Select(request => request.AccountId ?? "").Where(id => id != "").Distinct().Count()));
        Assert.That(
            totals.NewConversations,
            from is null || filter is not { AccountId: null, Model: null, RequestType: null }
                ? Is.Null
                : Is.EqualTo(Conversations(requests).Count(one => one.First >= from && (to is null || one.First < to))));
    }

    private async Task CheckSeriesAsync(Random random, List<UsageRequest> requests, UsageFilter filter)
    {
        var (until, window) = (Around(random), TimeSpan.FromMinutes(random.Next(1, 900)));
        var interval = TimeSpan.FromSeconds(random.Next(60, 5_000));
        var series = await Usage.TimeSeriesAsync(filter, 100_000, window, interval, until);

        var points = new List<(DateTimeOffset, long)>();
        for (var point = until; point >= until - window; point -= interval)
        {
            points.Insert(0, (point, Output(requests.Where(one => one.Timestamp > point - window && one.Timestamp <= point))));
        }

        Assert.That(series.Points.Select(point => (point.Time, point.OutputTokens)), Is.EqualTo(points));

        var (minutes, hours) = (random.Next(1, 61), random.Next(1, 25));
        var sliding = await Usage.SlidingAsync(filter, random.Next(1, 4), minutes, hours, until);
        foreach (var piece in sliding)
        {
            var inside = requests.Where(one => one.Timestamp >= piece.Until.AddHours(-hours) && one.Timestamp < piece.Until).ToList();
            Assert.That(piece.Until - piece.From, Is.EqualTo(TimeSpan.FromMinutes(minutes)));
            Assert.That(
                (piece.OutputTokens, piece.Warnings),
                Is.EqualTo((Output(inside), (long)inside.Count(one => one.ResponseHeaders?.Contains("\"allowed_warning\"", StringComparison.Ordinal) == true))));
        }

        Assert.That(sliding[^1].From, Is.LessThanOrEqualTo(until));
        Assert.That(sliding[^1].Until, Is.GreaterThan(until));
    }

    private async Task CheckAccountsAsync(Random random, List<UsageRequest> requests)
    {
        var (until, window) = (Around(random), TimeSpan.FromMinutes(random.Next(10, 900)));
        var accounts = await Usage.AccountsAsync(50_000, window, until);

        var expected = requests
            .Where(one => !string.IsNullOrEmpty(one.AccountId) && one.Timestamp > until - window && one.Timestamp <= until)
            .GroupBy(one => one.AccountId!).ToDictionary(group => group.Key, group => group.ToList());
        Assert.That(accounts.Select(account => account.AccountId), Is.EquivalentTo(expected.Keys));
        Assert.That(accounts.Select(account => account.Usage.Tokens.Output), Is.Ordered.Descending);
        foreach (var account in accounts)
        {
            var mine = expected[account.AccountId];
            AssertSum(account.Usage, mine);
            Assert.That(account.LastRequestAt, Is.EqualTo(mine.Max(one => one.Timestamp)));
            Assert.That(account.Now.OutputTokens, Is.EqualTo(Output(mine)));
            Assert.That(account.Trains.Select(train => train.Usage.Tokens.Output), Is.Ordered.Descending);
            AssertParts(
                [.. account.Trains.Select(train => new UsagePart(train.TrainId, train.Usage))], mine, one => one.TrainId, isOrdered: false);
            foreach (var point in account.Series)
            {
                Assert.That(
                    point.OutputTokens,
                    Is.EqualTo(Output(requests.Where(one => one.AccountId == account.AccountId
                        && one.Timestamp > point.Time - window && one.Timestamp <= point.Time))));
            }
        }
    }

    private async Task CheckWeeksAsync(Random random, List<UsageRequest> requests)
    {
        var zone = _zones[random.Next(_zones.Length)];
        var info = TimeZoneInfo.FindSystemTimeZoneById(zone);
        var train = random.Next(2) == 0 ? null : "train-1";
        var until = Around(random);

        var weeks = await Usage.WeeklyConversationsAsync(random.Next(1, 4), train, zone, until);

        var firsts = Conversations(requests).Where(one => (train is null || one.Train == train) && one.First < until)
            .Select(one => DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(one.First, info).DateTime)).ToList();
        foreach (var week in weeks)
        {
            Assert.That(week.Monday.DayOfWeek, Is.EqualTo(DayOfWeek.Monday));
            Assert.That(
                week.Conversations,
                Is.EqualTo(firsts.Count(day => ISOWeek.GetYear(day) == week.Year && ISOWeek.GetWeekOfYear(day) == week.Week)), zone);
        }
    }

    private void AssertSum(UsageSum sum, IEnumerable<UsageRequest> requests)
    {
        var all = requests.ToList();
        var timed = all.Where(one => one.DurationMs is not null).ToList();
        var (cost, unpriced, models) = (0m, 0L, new SortedSet<string>(StringComparer.Ordinal));
        foreach (var one in all)
        {
            var price = PriceOf(one.Model ?? "", DateOnly.FromDateTime(one.Timestamp.UtcDateTime));
            var tokens = (long)(one.InputTokens ?? 0) + (one.OutputTokens ?? 0) + (one.CacheCreationTokens ?? 0) + (one.CacheReadTokens ?? 0);
            if (price is not null)
            {
                cost += (one.InputTokens ?? 0) * price.InputPrice / 1_000_000m;
                cost += (one.OutputTokens ?? 0) * price.OutputPrice / 1_000_000m;
                cost += (one.CacheCreationTokens ?? 0) * price.CacheCreationPrice / 1_000_000m;
                cost += (one.CacheReadTokens ?? 0) * price.CacheReadPrice / 1_000_000m;
            }
            else if (tokens > 0)
            {
                unpriced += tokens;
                models.Add(one.Model ?? "");
            }
        }

        Assert.That(sum.Requests, Is.EqualTo(all.Count));
        Assert.That(sum.Failed, Is.EqualTo(all.Count(one => one.Error is not null || one.Status is < 200 or > 299)));
        Assert.That(
            sum.Tokens,
            Is.EqualTo(new TokenCounts(
                all.Sum(one => (long)(one.InputTokens ?? 0)), Output(all), all.Sum(one => (long)(one.CacheCreationTokens ?? 0)),
                all.Sum(one => (long)(one.CacheReadTokens ?? 0)))));
        Assert.That(sum.ToolCalls, Is.EqualTo(all.Sum(one => (long)(one.ToolCalls ?? 0))));
        Assert.That(
            sum.MeanDurationMs, timed.Count == 0 ? Is.Null : Is.EqualTo((double)timed.Sum(one => (long)one.DurationMs!) / timed.Count));
        Assert.That(sum.Cost.Amount, Is.EqualTo(cost));
        Assert.That(sum.Cost.UnpricedTokens, Is.EqualTo(unpriced));
        Assert.That(sum.Cost.UnpricedModels, Is.EqualTo(models));
    }

    private void AssertParts(
        IReadOnlyList<UsagePart> parts, List<UsageRequest> requests, Func<UsageRequest, string> name, bool isOrdered = true)
    {
        var expected = requests.GroupBy(name).ToDictionary(group => group.Key, group => group.ToList());
        Assert.That(parts.Select(part => part.Name), Is.EquivalentTo(expected.Keys));
        if (isOrdered)
        {
            Assert.That(parts.Select(part => part.Usage.Requests), Is.Ordered.Descending);
        }

        foreach (var part in parts)
        {
            AssertSum(part.Usage, expected[part.Name]);
        }
    }

    private ModelPrice? PriceOf(string model, DateOnly day)
    {
        var best = default(ModelPrice);
        foreach (var price in _prices)
        {
            var fits = price.Model == model
                || (price.Model.EndsWith('*') && model.StartsWith(price.Model.TrimEnd('*'), StringComparison.Ordinal));
            if (fits && price.ValidFrom <= day && (best is null || Rank(price).CompareTo(Rank(best)) > 0))
            {
                best = price;
            }
        }

        return best;

        (int, int, DateOnly) Rank(ModelPrice price) => (price.Model == model ? 1 : 0, price.Model.Length, price.ValidFrom);
    }

    private async Task ImportPricesAsync(Random random)
    {
        foreach (var name in (await Prices.ListAsync()).Select(price => price.Model).Distinct())
        {
            await Prices.DeleteAsync(name);
        }

        var csv = new StringBuilder("model,valid_from,input,output,cache_creation,cache_read\n");
        foreach (var name in (string[])["opus", "opus*", "op*", "haiku-1", "haiku*"])
        {
            foreach (var day in Enumerable.Range(20, 15).OrderBy(_ => random.Next()).Take(random.Next(4)))
            {
                csv.Append(CultureInfo.InvariantCulture, $"{name},{new DateOnly(2025, 3, 1).AddDays(day):yyyy-MM-dd}");
                for (var i = 0; i < 4; i++)
                {
                    csv.Append(CultureInfo.InvariantCulture, $",{random.Next(100_000_000) / 1_000_000m}");
                }

                csv.Append('\n');
            }
        }

        var text = csv.ToString();
        if (text.AsSpan().Count('\n') > 1)
        {
            await Prices.ImportAsync(new MemoryStream(Encoding.UTF8.GetBytes(text)));
        }

        _prices = [.. await Prices.ListAsync()];
    }

    private static List<UsageRequest> Requests(Random random)
    {
        var requests = new List<UsageRequest>();
        var conversations = Enumerable.Range(0, 20).Select(_ => Guid.NewGuid()).ToArray();
        for (var i = random.Next(200, 500); i > 0; i--)
        {
            var headers = random.Next(4) switch
            {
                0 => """{"anthropic-ratelimit-unified-status": "allowed_warning"}""",
                1 => """{"anthropic-ratelimit-unified-status": "allowed"}""",
                2 => """{"anthropic-ratelimit-unified-status": ["allowed", "allowed_warning"]}""",
                _ => null,
            };
            requests.Add(new()
            {
                // Now and then at the time of another, or at a full hour.
                Timestamp = requests.Count > 0 && random.Next(5) == 0 ? requests[random.Next(requests.Count)].Timestamp
                    : random.Next(8) == 0 ? Hour(Around(random)) : Around(random),
                TrainId = $"train-{random.Next(1, 4)}",
                AccountId = Maybe("acc-1", "acc-2", "acc-3", ""),
                Model = Maybe("opus", "opus-4", "operetta", "haiku-1", "haiku-2", "gpt"),
                RequestType = Maybe("inference", "query_evaluation", "quota"),
                ConversationId = random.Next(5) == 0 ? null : conversations[random.Next(conversations.Length)],
                BranchId = Maybe("main", "branch_1", "subtask_1", "compact_1"),
                IsSubtask = random.Next(3) switch { 0 => true, 1 => false, _ => null },
                RetryOf = requests.Count > 0 && random.Next(10) == 0 ? requests[0].RequestId : null,
                Status = random.Next(4) switch { 0 => 529, 1 => null, _ => 200 },
                Error = random.Next(10) == 0 ? "Broken." : null,
                InputTokens = Number(5_000),
                OutputTokens = Number(1_000),
                CacheCreationTokens = Number(20_000),
                CacheReadTokens = Number(int.MaxValue),
                ToolCalls = Number(5),
                DurationMs = Number(60_000),
                ResponseHeaders = headers,
            });
        }

        return requests;

        string? Maybe(params string[] values) => random.Next(6) == 0 ? null : values[random.Next(values.Length)];

        int? Number(int max) => random.Next(6) == 0 ? null : random.Next(max);
    }

    private static UsageFilter Filter(Random random)
    {
        return new()
        {
            TrainId = Maybe("train-1", "train-2", "other"),
            AccountId = Maybe("acc-1", "acc-2", ""),
            Model = Maybe("opus", "haiku-2", ""),
            RequestType = Maybe("inference", ""),
        };

        string? Maybe(params string[] values) => random.Next(4) != 0 ? null : values[random.Next(values.Length)];
    }

    private static bool Fits(UsageRequest request, UsageFilter filter)
        => (filter.TrainId is null || request.TrainId == filter.TrainId)
            && (filter.AccountId is null || (request.AccountId ?? "") == filter.AccountId)
            && (filter.Model is null || (request.Model ?? "") == filter.Model)
            && (filter.RequestType is null || (request.RequestType ?? "") == filter.RequestType);

    private static UsageKey KeyOf(UsageRequest request, UsageGroups groups) => new(
        groups.HasFlag(UsageGroups.Train) ? request.TrainId : null,
        groups.HasFlag(UsageGroups.Account) ? request.AccountId ?? "" : null,
        groups.HasFlag(UsageGroups.Model) ? request.Model ?? "" : null,
        groups.HasFlag(UsageGroups.RequestType) ? request.RequestType ?? "" : null);

    private static IEnumerable<(string Train, DateTimeOffset First)> Conversations(IEnumerable<UsageRequest> requests)
        => requests.Where(one => one.ConversationId is not null).GroupBy(one => (one.TrainId, one.ConversationId))
            .Select(group => (group.Key.TrainId, group.Min(one => one.Timestamp)));

    // Days around the night when summer time begins in Europe and ends on Lord Howe a week later; half of them dense.
    private static DateTimeOffset Around(Random random)
        => Now.AddMicroseconds(
            random.Next(2) == 0 ? random.NextInt64(-432_000_000_000, 864_000_000_000) : random.NextInt64(-36_000_000_000, 0));

    private static long Output(IEnumerable<UsageRequest> requests) => requests.Sum(one => (long)(one.OutputTokens ?? 0));

    private static DateTimeOffset Hour(DateTimeOffset time)
        => new(time.Year, time.Month, time.Day, time.Hour, 0, 0, TimeSpan.Zero);
}
