using System.Data.Common;
using Nexus.Data.Persistence;

namespace Nexus.Data.Usage;

public sealed partial class UsageQueries
{
    private const int MaxPoints = 10_000;

    /// <summary>How a limit of output tokens was used up in a sliding window, and became free again.</summary>
    /// <param name="filter">Which requests; those of an account as a rule.</param>
    /// <param name="limit">Output tokens that a window may hold, such as 140,000.</param>
    /// <param name="window">How long a token counts, up to 31 days, and how far back the points go; null for 5 hours.</param>
    /// <param name="interval">How far the points are apart; null for 5 minutes. At most 10,000 points.</param>
    /// <param name="until">The last point; null for now.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>Points back from the last one. The requests of two windows are read, once.</returns>
    /// <exception cref="NexusDataException">Limit, window or interval cannot be (validation).</exception>
    public async Task<BurnDown> TimeSeriesAsync(
        UsageFilter? filter, long limit, TimeSpan? window = null, TimeSpan? interval = null, DateTimeOffset? until = null,
        CancellationToken cancellationToken = default)
    {
        CheckLimit(limit);
        var length = Short(window ?? _window);
        var points = Points(StoredTime.Of(until ?? _time.GetUtcNow()), length, interval ?? TimeSpan.FromMinutes(5));
        var sums = await StepsAsync(filter ?? new(), points, length, isEndIncluded: true, withWarnings: false, cancellationToken);
        return new(
            points[0], points[^1], length, limit,
            [.. points.Zip(sums, (time, sum) => BurnDownPoint.Of(time, sum.Tokens, limit))]);
    }

    /// <summary>Output tokens of a sliding window over days, and whether the provider warned in it.</summary>
    /// <param name="filter">Which requests; those of an account as a rule.</param>
    /// <param name="days">How many days back, 1 to 30.</param>
    /// <param name="bucketMinutes">How long the pieces are, 1 to 60. They are counted from 1970 on, so that those of a length
    /// that divides the hour begin with it.</param>
    /// <param name="windowHours">How long the window is that ends with each piece, 1 to 24.</param>
    /// <param name="until">The time that the last piece lies around; null for now.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <exception cref="NexusDataException">A number is out of its range (validation).</exception>
    public async Task<IReadOnlyList<SlidingUsage>> SlidingAsync(
        UsageFilter? filter, int days = 7, int bucketMinutes = 10, int windowHours = 5, DateTimeOffset? until = null,
        CancellationToken cancellationToken = default)
    {
        CheckRange("days", days, 30);
        CheckRange("minutes of a piece", bucketMinutes, 60);
        CheckRange("hours of a window", windowHours, 24);

        var end = StoredTime.Of(until ?? _time.GetUtcNow());
        var piece = TimeSpan.FromMinutes(bucketMinutes);
        var first = Floor(end - TimeSpan.FromDays(days), piece);
        var count = (int)((Floor(end, piece) - first) / piece) + 1;
        var ends = Enumerable.Range(1, count).Select(index => first + (index * piece)).ToList();
        var sums = await StepsAsync(
            filter ?? new(), ends, TimeSpan.FromHours(windowHours), isEndIncluded: false, withWarnings: true, cancellationToken);
        return [.. ends.Zip(sums, (last, sum) => new SlidingUsage(last - piece, last, sum.Tokens, sum.Warnings))];
    }

    /// <summary>The accounts with requests in the last window, with how much of a limit of output tokens each has used.</summary>
    /// <param name="limit">Output tokens that a window may hold, such as 140,000.</param>
    /// <param name="window">How long a token counts, up to 31 days, and how far back the series go; null for 5 hours.</param>
    /// <param name="until">The end of the window, which belongs to it; null for now.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>Most output tokens first. Requests without an account are those of none. The series have a point for each
    /// quarter of an hour, back from the end; the requests of two windows are read, once.</returns>
    /// <exception cref="NexusDataException">Limit or window cannot be (validation).</exception>
    public async Task<IReadOnlyList<AccountUsage>> AccountsAsync(
        long limit, TimeSpan? window = null, DateTimeOffset? until = null, CancellationToken cancellationToken = default)
    {
        CheckLimit(limit);
        var length = Short(window ?? _window);
        var points = Points(StoredTime.Of(until ?? _time.GetUtcNow()), length, TimeSpan.FromMinutes(15));
        var (prices, rows) = await _work.ReadAsync(
            (db, token) => db.ReadAsync(
                $"{UsageStatements.Prices};\n{UsageStatements.AccountSteps}",
                UsageStatements.Parameters(points, length, new()),
                async (reader, stop) =>
                {
                    var prices = new PriceList(await RowsAsync(reader, PriceTable.Read, stop));
                    await reader.NextResultAsync(stop);
                    return (prices, await RowsAsync(reader, ReadAccountStep, stop));
                },
                token),
            cancellationToken);

        return
        [
            .. rows.GroupBy(row => row.Sum.Key.AccountId!)
                .Where(account => account.Any(row => row.Leave == points.Count))
                .Select(account => Account(account.Key, [.. account], prices, points, limit))
                .OrderByDescending(account => account.Usage.Tokens.Output)
                .ThenBy(account => account.AccountId, StringComparer.Ordinal),
        ];
    }

    private static AccountUsage Account(
        string accountId, List<AccountStep> rows, PriceList prices, List<DateTimeOffset> points, long limit)
    {
        var sums = Add(points.Count, rows.Select(row => new Step(row.Sum.Bucket, row.Leave, row.Sum.Tokens.Output, 0)));
        var series = points.Zip(sums, (time, sum) => BurnDownPoint.Of(time, sum.Tokens, limit)).ToList();

        // What is still in the window of the last point.
        var current = rows.Where(row => row.Leave == points.Count).ToList();
        return new(
            accountId, UsageTally.Sum(prices, current.Select(row => row.Sum)), current.Max(row => row.LastAt), limit, series[^1],
            ByTrain(prices, current.Select(row => row.Sum), train => train.Tokens.Output), series);
    }

    private static List<TrainUsage> ByTrain(PriceList prices, IEnumerable<UsageRow> rows, Func<UsageSum, long> weight)
        =>
        [
            .. rows.GroupBy(row => row.Key.TrainId!)
                .Select(train => new TrainUsage(train.Key, UsageTally.Sum(prices, train)))
                .OrderByDescending(train => weight(train.Usage)).ThenBy(train => train.TrainId, StringComparer.Ordinal),
        ];

    private async Task<IReadOnlyList<(long Tokens, long Warnings)>> StepsAsync(
        UsageFilter filter, List<DateTimeOffset> ends, TimeSpan window, bool isEndIncluded, bool withWarnings,
        CancellationToken cancellationToken)
        => Add(ends.Count, await _work.ReadAsync(
            (db, token) => db.ReadAllAsync(
                UsageStatements.Steps(filter, isEndIncluded, withWarnings), UsageStatements.Parameters(ends, window, filter),
                row => new Step(row.GetInt32(0), row.GetInt32(1), row.GetInt64(2), row.GetInt64(3)), token),
            cancellationToken));

    // Each counts from the point where it comes in to that where it has left.
    private static List<(long Tokens, long Warnings)> Add(int count, IEnumerable<Step> steps)
    {
        var changes = new (long Tokens, long Warnings)[count + 1];
        foreach (var step in steps)
        {
            changes[step.Enter].Tokens += step.Tokens;
            changes[step.Enter].Warnings += step.Warnings;
            changes[step.Leave].Tokens -= step.Tokens;
            changes[step.Leave].Warnings -= step.Warnings;
        }

        var sums = new List<(long Tokens, long Warnings)>(count);
        var (tokens, warnings) = (0L, 0L);
        foreach (var change in changes.AsSpan(0, count))
        {
            sums.Add((tokens += change.Tokens, warnings += change.Warnings));
        }

        return sums;
    }

    private static AccountStep ReadAccountStep(DbDataReader row)
        => new(ReadSum(row), row.GetInt32(16), row.GetFieldValue<DateTimeOffset>(17));

    private static List<DateTimeOffset> Points(DateTimeOffset until, TimeSpan window, TimeSpan interval)
    {
        var count = interval > TimeSpan.Zero ? window / Length(interval, "interval") : double.MaxValue;
        return count <= MaxPoints
            ? [.. Enumerable.Range(0, (int)count + 1).Select(index => until - (index * interval)).Reverse()]
            : throw new NexusDataException(
                NexusDataErrorKind.Validation,
                $"Points that are {interval} apart are too many for {window}: give a longer interval, for at most 10,000 of them.");
    }

    private static DateTimeOffset Floor(DateTimeOffset time, TimeSpan piece)
        => time.AddTicks(-((time - DateTimeOffset.UnixEpoch).Ticks % piece.Ticks));

    // The requests of two windows are read one by one.
    private static TimeSpan Short(TimeSpan window)
        => Length(window, "window") <= TimeSpan.FromDays(31)
            ? window
            : throw new NexusDataException(
                NexusDataErrorKind.Validation, $"A window of {window} is too long for a limit: give at most 31 days.");

    private static void CheckLimit(long limit)
    {
        if (limit < 1)
        {
            throw new NexusDataException(
                NexusDataErrorKind.Validation, $"A limit of {limit} tokens cannot be: give at least 1.");
        }
    }

    private static void CheckRange(string what, int value, int max)
    {
        if (value < 1 || value > max)
        {
            throw new NexusDataException(
                NexusDataErrorKind.Validation, $"{value} {what} cannot be: give 1 to {max}.");
        }
    }

    private readonly record struct Step(int Enter, int Leave, long Tokens, long Warnings);

    private readonly record struct AccountStep(UsageRow Sum, int Leave, DateTimeOffset LastAt);
}
