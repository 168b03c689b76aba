using Nexus.Data.Seeding.Traffic;

namespace Nexus.Data.Seeding.Populations;

/// <summary>When a proxy's requests come: from 9 to 19 o'clock of the last days before an end, each day a log of its own. The newest day
/// is filled first, so that more requests are the same ones and earlier days.</summary>
/// <param name="options">How many there are, and until when.</param>
/// <param name="cancellationToken">Stops the making of requests, also of those that are only tried.</param>
internal sealed class ProxyDays(ProxyPopulationOptions options, CancellationToken cancellationToken)
{
    private const int FirstHour = 9;
    private const int LastHour = 19;
    private const int RequestsOfConversation = 50;
    private const int FewestConversations = 4;

    // What a day has to leave for its requests; one that began later is not begun.
    private static readonly TimeSpan _least = TimeSpan.FromHours(2);
    private static readonly TimeSpan _leastPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _longestPause = TimeSpan.FromHours(4);

    /// <summary>The requests in the order of their times, which no two share. They are made as they are read.</summary>
    public IEnumerable<TrafficRequest> Requests()
    {
        var days = (options.Requests + options.OfDay - 1) / options.OfDay;
        for (var day = days - 1; day >= 0; day--)
        {
            var count = Math.Min(options.OfDay, options.Requests - (day * options.OfDay));
            foreach (var request in new RequestTraffic(TrafficOf(day)).Generate(count))
            {
                yield return request;
            }
        }
    }

    // The traffic of a day, counted back from the newest.
    private TrafficOptions TrafficOf(int day)
    {
        var (begin, end) = Newest();
        if (day > 0)
        {
            var date = new DateTimeOffset(begin.UtcDateTime.Date, TimeSpan.Zero).AddDays(-day);
            (begin, end) = (date.AddHours(FirstHour), date.AddHours(LastHour));
        }

        // The pauses that just about fill the day: of so many conversations each waits half of the longest on average.
        var conversations = Math.Max(FewestConversations, options.OfDay / RequestsOfConversation);
        var pause = (end - begin) * (1.6 * conversations / options.OfDay);
        var traffic = new TrafficOptions
        {
            Seed = (options.Seed * 10_000L) + day,
            Start = begin,
            Trains = options.Trains,
            OpenConversations = conversations,
            MaxTurns = 30,
            LongestPause = TimeSpan.FromTicks(Math.Clamp(pause.Ticks, _leastPause.Ticks, _longestPause.Ticks)),
            LateRate = 0,
        };
        while (!Fits(traffic, end))
        {
            traffic = traffic.LongestPause > _leastPause
                ? traffic with { LongestPause = TimeSpan.FromTicks(Math.Max(_leastPause.Ticks, traffic.LongestPause.Ticks * 7 / 10)) }
                : traffic with { OpenConversations = traffic.OpenConversations * 2 };
        }

        return traffic;
    }

    private (DateTimeOffset Begin, DateTimeOffset End) Newest()
    {
        var until = options.Until.ToUniversalTime();
        var date = new DateTimeOffset(until.UtcDateTime.Date, TimeSpan.Zero);
        if (until - date.AddHours(FirstHour) < _least)
        {
            date = date.AddDays(-1);
        }

        var end = date.AddHours(LastHour);
        return (date.AddHours(FirstHour), end < until ? end : until);
    }

    // Whether a whole day is over in time, its answers too.
    private bool Fits(TrafficOptions traffic, DateTimeOffset end)
        => new RequestTraffic(traffic).Generate(options.OfDay).All(request =>
        {
            cancellationToken.ThrowIfCancellationRequested();
            return request.Timestamp < end && !(request.CompletedAt >= end);
        });
}
