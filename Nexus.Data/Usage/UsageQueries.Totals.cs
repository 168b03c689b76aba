using System.Globalization;
using Nexus.Data.Persistence;

namespace Nexus.Data.Usage;

public sealed partial class UsageQueries
{
    /// <summary>What was used in all, and by whom and what for.</summary>
    /// <param name="filter">Which requests.</param>
    /// <param name="from">From when on; null from the beginning, for which every hour's totals are read.</param>
    /// <param name="to">Until when; a request at this moment does not count. Null to the end.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <exception cref="NexusDataException">The times are in the wrong order (validation).</exception>
    public async Task<UsageTotals> TotalsAsync(
        UsageFilter? filter = null, DateTimeOffset? from = null, DateTimeOffset? to = null,
        CancellationToken cancellationToken = default)
    {
        if (to < from)
        {
            throw new NexusDataException(
                NexusDataErrorKind.Validation, $"From {from:u} to {to:u} is no time: give the earlier one first.");
        }

        filter ??= new();
        var buckets = TimeBuckets.One(from, to);
        var count = from is not null && IsOfConversations(filter)
            ? UsageStatements.NewConversations(filter.TrainId is not null, isOpen: to is null)
            : null;
        var (prices, rows, conversations) = await SumsAsync(
            buckets, filter, UsageGroups.Train | UsageGroups.Account | UsageGroups.Model | UsageGroups.RequestType, count,
            cancellationToken);
        return new(
            buckets.From, buckets.Until, UsageTally.Sum(prices, rows), Accounts(rows), conversations,
            Parts(prices, rows, key => key.TrainId!), Parts(prices, rows, key => key.Model!),
            Parts(prices, rows, key => key.RequestType!));
    }

    /// <summary>The last 24 hours, in all and hour by hour.</summary>
    /// <param name="filter">Which requests.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    public async Task<RecentActivity> RecentAsync(UsageFilter? filter = null, CancellationToken cancellationToken = default)
    {
        filter ??= new();
        var until = StoredTime.Of(_time.GetUtcNow());
        var buckets = TimeBuckets.Hours(until.AddHours(-24), until);
        var (prices, rows, conversations) = await SumsAsync(
            buckets, filter, UsageGroups.Account,
            IsOfConversations(filter) ? UsageStatements.ActiveConversations(filter.TrainId is not null) : null,
            cancellationToken);
        return new(
            until.AddHours(-24), until, UsageTally.Sum(prices, rows), Accounts(rows), conversations,
            [.. Hourly(prices, rows, buckets, UsageGroups.None).AsEnumerable().Reverse()]);
    }

    /// <summary>The trains with requests in the last days, most requests first.</summary>
    /// <param name="days">How many days back from now, 1 to 366.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <exception cref="NexusDataException">The number is out of its range (validation).</exception>
    public async Task<IReadOnlyList<TrainUsage>> TrainsAsync(int days = 7, CancellationToken cancellationToken = default)
    {
        CheckRange("days", days, 366);
        var until = StoredTime.Of(_time.GetUtcNow());
        var (prices, rows, _) = await SumsAsync(
            TimeBuckets.One(until.AddDays(-days), until), new(), UsageGroups.Train, null, cancellationToken);
        return ByTrain(prices, rows, train => train.Requests);
    }

    /// <summary>How many conversations began in each of the last weeks, this one too, by the week of their first request.</summary>
    /// <param name="weeks">How many weeks, 1 to 52.</param>
    /// <param name="trainId">The train's slug; null for all.</param>
    /// <param name="timeZone">The zone, by its IANA name, in which a week begins on Monday.</param>
    /// <param name="until">A time in the last of the weeks, of which only what came before it counts; null for now.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>In the order of time, weeks without conversations too.</returns>
    /// <exception cref="NexusDataException">Nobody knows the zone, or the number is out of its range (validation).</exception>
    public async Task<IReadOnlyList<WeeklyConversations>> WeeklyConversationsAsync(
        int weeks = 12, string? trainId = null, string timeZone = "UTC", DateTimeOffset? until = null,
        CancellationToken cancellationToken = default)
    {
        CheckRange("weeks", weeks, 52);
        var zone = LocalDays.Zone(timeZone);
        var end = StoredTime.Of(until ?? _time.GetUtcNow());
        var today = LocalDays.Of(end, zone);
        var monday = today.AddDays(-(((int)today.DayOfWeek + 6) % 7));
        var mondays = Enumerable.Range(0, weeks).Select(index => monday.AddDays(7 * (index + 1 - weeks))).ToList();
        var starts = mondays.ConvertAll(day => LocalDays.StartOf(day, zone));
        var counts = await _work.ReadAsync(
            (db, token) => db.ReadAllAsync(
                UsageStatements.ConversationsByBucket(trainId is not null),
                [
                    .. UsageStatements.Parameters(new UsageFilter { TrainId = trainId }),
                    DbCommands.Times("starts", [.. starts]), DbCommands.Time("from", starts[0]), DbCommands.Time("until", end),
                ],
                row => (Bucket: row.GetInt32(0), Count: row.GetInt64(1)), token),
            cancellationToken);
        return
        [
            .. mondays.Select((day, index) => new WeeklyConversations(
                ISOWeek.GetYear(day), ISOWeek.GetWeekOfYear(day), day,
                counts.Where(count => count.Bucket == index).Sum(count => count.Count))),
        ];
    }

    // Of a conversation as a whole nothing but its train is known.
    private static bool IsOfConversations(UsageFilter filter)
        => filter is { AccountId: null, Model: null, RequestType: null };

    private static int Accounts(IEnumerable<UsageRow> rows)
        => rows.Select(row => row.Key.AccountId).Where(account => account != "").Distinct().Count();

    private static List<UsagePart> Parts(
        PriceList prices, IEnumerable<UsageRow> rows, Func<UsageKey, string> name)
        =>
        [
            .. rows.GroupBy(row => name(row.Key)).Select(part => new UsagePart(part.Key, UsageTally.Sum(prices, part)))
                .OrderByDescending(part => part.Usage.Requests).ThenBy(part => part.Name, StringComparer.Ordinal),
        ];
}
