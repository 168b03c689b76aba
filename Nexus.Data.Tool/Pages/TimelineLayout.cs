namespace Nexus.Data.Tool.Pages;

/// <summary>A request on the timeline.</summary>
/// <param name="Request">Its number.</param>
/// <param name="X">Where it begins.</param>
/// <param name="Width">How wide it is.</param>
/// <param name="Y">Its upper edge.</param>
/// <param name="IsOpen">Whether nobody measured its end.</param>
internal sealed record TimeBar(int Request, double X, double Width, double Y, bool IsOpen);

/// <summary>A branch on the timeline.</summary>
/// <param name="Branch">The branch.</param>
/// <param name="Y">The upper edge.</param>
/// <param name="Height">How high it is: requests at one time lie below each other.</param>
/// <param name="Bars">Its requests.</param>
internal sealed record TimeLane(int Branch, double Y, double Height, IReadOnlyList<TimeBar> Bars);

/// <summary>Where the requests of a conversation lie on its timeline. Draws nothing.</summary>
internal sealed class TimelineLayout
{
    /// <summary>Room for the names of branches, each before its first bar.</summary>
    public const double Left = 170;

    public const double Top = 30;
    public const double BarHeight = 10;

    private const double Right = 24;
    private const double Bottom = 12;
    private const double Padding = 4;
    private const double BarGap = 2;
    private const double SmallestBar = 3;
    private const double RoomOfRequest = 9;
    private const double TickDistance = 120;

    private TimelineLayout(ConversationGraph graph)
    {
        var spans = graph.Requests
            .Select(request => (From: request.Timestamp, To: request.Timestamp + (RequestText.Duration(request) ?? TimeSpan.Zero)));
        Axis = new(spans, Left, Math.Clamp(graph.Requests.Count * RoomOfRequest, 900, 60_000));
        var (lanes, y) = (new List<TimeLane>(), Top);
        for (var branch = 0; branch < graph.Branches.Count; branch++)
        {
            var lane = Lane(graph, branch, y);
            lanes.Add(lane);
            y += lane.Height;
        }

        (Lanes, Height, Width) = (lanes, y + Bottom, Axis.Right + SmallestBar + Right);
        Ticks = [.. Marks()];
    }

    public TimeAxis Axis { get; }

    public IReadOnlyList<TimeLane> Lanes { get; }

    /// <summary>Times that the axis is marked with, and where.</summary>
    public IReadOnlyList<(double X, DateTimeOffset Time)> Ticks { get; }

    public double Width { get; }

    public double Height { get; }

    public static TimelineLayout Of(ConversationGraph graph) => new(graph);

    private TimeLane Lane(ConversationGraph graph, int branch, double y)
    {
        // Where each line of bars ends.
        var ends = new List<double>();
        var bars = new List<TimeBar>();
        foreach (var number in graph.Branches[branch].Requests)
        {
            var request = graph.Requests[number];
            var duration = RequestText.Duration(request);
            var x = Axis.X(request.Timestamp);
            var width = Math.Max(SmallestBar, Axis.X(request.Timestamp + (duration ?? TimeSpan.Zero)) - x);
            var line = ends.FindIndex(end => end <= x);
            if (line < 0)
            {
                line = ends.Count;
                ends.Add(0);
            }

            ends[line] = x + width;
            bars.Add(new(number, x, width, y + Padding + (line * (BarHeight + BarGap)), duration is null));
        }

        return new(branch, y, (2 * Padding) + (ends.Count * (BarHeight + BarGap)) - BarGap, bars);
    }

    // Each as far from the one before that both can be read; none in time that is shortened.
    private IEnumerable<(double X, DateTimeOffset Time)> Marks()
    {
        for (var x = Axis.Left; x <= Axis.Right - (TickDistance / 2);)
        {
            var gap = Axis.Gaps.FirstOrDefault(gap => gap.X <= x && x < gap.X + gap.Width);
            var place = gap is null ? x : gap.X + gap.Width;
            yield return (place, Axis.TimeAt(place));
            x = place + TickDistance;
        }
    }
}
