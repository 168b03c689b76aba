using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Nexus.Data.Persistence;

namespace Nexus.Data.Usage;

/// <summary>
/// What requests used: by windows, days and hours, against limits, and what it cost. Exact to the request and as of the last
/// commit: whole hours come from totals that are written along with the requests, the rest from the requests themselves.
/// </summary>
/// <remarks>Every method is one round trip, whose sums are of one moment. A filter of null is one that lets everything
/// through.</remarks>
public sealed partial class UsageQueries
{
    /// <summary>The provider's window.</summary>
    private static readonly TimeSpan _window = TimeSpan.FromHours(5);

    private static readonly TimeSpan _longest = TimeSpan.FromDays(3_660);

    private readonly UnitOfWork _work;
    private readonly TimeProvider _time;

    /// <summary>Creates the service.</summary>
    /// <param name="contexts">Makes the contexts.</param>
    /// <param name="time">Says what time it is; null for the system's.</param>
    public UsageQueries(IDbContextFactory<NexusDbContext> contexts, TimeProvider? time = null)
        : this(new UnitOfWork(contexts), time)
    {
    }

    private UsageQueries(UnitOfWork work, TimeProvider? time) => (_work, _time) = (work, time ?? TimeProvider.System);

    /// <summary>The same in a context of the caller's, and in its transaction.</summary>
    /// <param name="db">The caller's context.</param>
    public UsageQueries In(NexusDbContext db) => new(new UnitOfWork(db), _time);

    /// <summary>What was used in a window of time, to the request, wherever in an hour it begins and ends.</summary>
    /// <param name="filter">Which requests.</param>
    /// <param name="window">How long, up to ten years; null for 5 hours.</param>
    /// <param name="until">Its end, which does not belong to it; null for now.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <exception cref="NexusDataException">The window is not longer than nothing, or too long (validation).</exception>
    public async Task<UsageWindow> WindowAsync(
        UsageFilter? filter = null, TimeSpan? window = null, DateTimeOffset? until = null,
        CancellationToken cancellationToken = default)
    {
        var end = StoredTime.Of(until ?? _time.GetUtcNow());
        var from = end - Length(window ?? _window, "window");
        var (prices, rows, _) = await SumsAsync(
            TimeBuckets.One(from, end), filter ?? new(), UsageGroups.None, null, cancellationToken);
        return new(StoredTime.Of(from), end, UsageTally.Sum(prices, rows));
    }

    /// <summary>What was used day by day, by the calendar of a time zone. Prices change with the day in UTC all the same.</summary>
    /// <param name="filter">Which requests.</param>
    /// <param name="from">The first day.</param>
    /// <param name="to">The last day; it belongs to it.</param>
    /// <param name="timeZone">The zone by its IANA name.</param>
    /// <param name="groupBy">What days are told apart by. Without it, days without requests are there with zeros.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>By day, then by key.</returns>
    /// <exception cref="NexusDataException">Nobody knows the zone, or the days are in the wrong order or more than 3,660
    /// (validation).</exception>
    public async Task<IReadOnlyList<DailyUsage>> DailyAsync(
        UsageFilter? filter, DateOnly from, DateOnly to, string timeZone = "UTC", UsageGroups groupBy = UsageGroups.None,
        CancellationToken cancellationToken = default)
    {
        var zone = LocalDays.Zone(timeZone);
        var count = to.DayNumber - from.DayNumber + 1;
        if (count is < 1 or > 3_660 || from.Year < 1971 || to.Year > 9000)
        {
            throw new NexusDataException(
                NexusDataErrorKind.Validation,
                $"From {from:yyyy-MM-dd} to {to:yyyy-MM-dd} there are no days to add up: give 1 to 3,660, in order.");
        }

        var edges = Enumerable.Range(0, count + 1).Select(index => LocalDays.StartOf(from.AddDays(index), zone)).ToList();
        var (prices, rows, _) = await SumsAsync(
            TimeBuckets.Of(edges), filter ?? new(), groupBy, null, cancellationToken);
        return
        [
            .. ByBucket(prices, rows, count, groupBy)
                .Select(sum => new DailyUsage(from.AddDays(sum.Bucket), edges[sum.Bucket], edges[sum.Bucket + 1], sum.Key, sum.Usage)),
        ];
    }

    /// <summary>What was used hour by hour, in UTC.</summary>
    /// <param name="filter">Which requests.</param>
    /// <param name="from">From when on; of an hour that it lies in the rest counts.</param>
    /// <param name="to">Until when; a request at this moment does not count.</param>
    /// <param name="groupBy">What hours are told apart by. Without it, hours without requests are there with zeros.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>By hour, then by key.</returns>
    /// <exception cref="NexusDataException">The times are in the wrong order, or more than 366 days apart (validation).</exception>
    public async Task<IReadOnlyList<HourlyUsage>> HourlyAsync(
        UsageFilter? filter, DateTimeOffset from, DateTimeOffset to, UsageGroups groupBy = UsageGroups.Train,
        CancellationToken cancellationToken = default)
    {
        if (to <= from || to - from > TimeSpan.FromDays(366))
        {
            throw new NexusDataException(
                NexusDataErrorKind.Validation,
                $"From {from:u} to {to:u} there are no hours to add up: give up to 366 days, in order.");
        }

        var buckets = TimeBuckets.Hours(from, to);
        var (prices, rows, _) = await SumsAsync(buckets, filter ?? new(), groupBy, null, cancellationToken);
        return Hourly(prices, rows, buckets, groupBy);
    }

    /// <summary>Reads <c>hourly_stats</c> anew, the view of the last seven days that the original's programs look at. Readers
    /// need not wait. Nothing here needs the view.</summary>
    /// <param name="cancellationToken">Stops it; the view stays as it was.</param>
    public Task RefreshHourlyStatsAsync(CancellationToken cancellationToken = default)
        => _work.ReadAsync(
            (db, token) => db.ExecuteAsync(UsageStatements.Refresh, [], token), cancellationToken);

    private static List<HourlyUsage> Hourly(
        PriceList prices, IReadOnlyList<UsageRow> rows, TimeBuckets buckets, UsageGroups groupBy)
        =>
        [
            .. ByBucket(prices, rows, buckets.Starts.Length, groupBy)
                .Select(sum => new HourlyUsage(TimeBuckets.HourOf(buckets.Starts[sum.Bucket]), sum.Key, sum.Usage)),
        ];

    private static IEnumerable<(int Bucket, UsageKey Key, UsageSum Usage)> ByBucket(
        PriceList prices, IReadOnlyList<UsageRow> rows, int count, UsageGroups groupBy)
    {
        if (groupBy == UsageGroups.None)
        {
            var found = rows.ToLookup(row => row.Bucket);
            return Enumerable.Range(0, count)
                .Select(bucket => (bucket, default(UsageKey), UsageTally.Sum(prices, found[bucket])));
        }

        return rows.GroupBy(row => (row.Bucket, row.Key))
            .OrderBy(group => group.Key.Bucket).ThenBy(group => group.Key.Key, UsageKey.Order)
            .Select(group => (group.Key.Bucket, group.Key.Key, UsageTally.Sum(prices, group)));
    }

    // Prices, sums and at most one number more, in one round trip.
    private Task<(PriceList Prices, List<UsageRow> Rows, long? Count)> SumsAsync(
        TimeBuckets buckets, UsageFilter filter, UsageGroups groups, string? count, CancellationToken cancellationToken)
        => _work.ReadAsync(
            (db, token) => db.ReadAsync(
                $"{UsageStatements.Prices};\n{UsageStatements.Sums(buckets, filter, groups)}{(count is null ? "" : $";\n{count}")}",
                UsageStatements.Parameters(buckets, filter),
                async (reader, stop) =>
                {
                    var prices = new PriceList(await RowsAsync(reader, PriceTable.Read, stop));
                    await reader.NextResultAsync(stop);
                    var rows = await RowsAsync(reader, ReadSum, stop);
                    return (prices, rows, await reader.NextResultAsync(stop) && await reader.ReadAsync(stop)
                        ? reader.GetInt64(0)
                        : default(long?));
                },
                token),
            cancellationToken);

    private static UsageRow ReadSum(DbDataReader row) => new(
        row.GetInt32(0), new(row.TextOrNull(1), row.TextOrNull(2), row.TextOrNull(3), row.TextOrNull(4)), row.GetString(5),
        row.ValueOrNull<DateOnly>(6), row.GetInt64(7), row.GetInt64(8),
        new(row.GetInt64(9), row.GetInt64(10), row.GetInt64(11), row.GetInt64(12)), row.GetInt64(13), row.GetInt64(14),
        row.GetInt64(15));

    private static async Task<List<T>> RowsAsync<T>(
        DbDataReader reader, Func<DbDataReader, T> read, CancellationToken cancellationToken)
    {
        var rows = new List<T>();
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(read(reader));
        }

        return rows;
    }

    private static TimeSpan Length(TimeSpan length, string name)
        => length > TimeSpan.Zero && length <= _longest && length.Ticks % TimeSpan.TicksPerMicrosecond == 0
            ? length
            : throw new NexusDataException(
                NexusDataErrorKind.Validation,
                $"A {name} of {length} cannot be: give more than nothing and at most 3,660 days, in whole microseconds.");
}
