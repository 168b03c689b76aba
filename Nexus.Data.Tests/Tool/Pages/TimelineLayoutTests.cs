using Nexus.Data.Conversations.Browsing;
using Nexus.Data.Tool;
using Nexus.Data.Tool.Pages;

namespace Nexus.Data.Tests.Tool.Pages;

public sealed class TimelineLayoutTests
{
    private const double Tolerance = 0.001;

    [Test]
    public void Bars_lie_in_their_lanes_and_on_no_other_bar([Range(1, 50)] int seed)
    {
        var graph = new ConversationGraph(DrawnConversation.Random(seed, 10 + (7 * seed)));

        var layout = TimelineLayout.Of(graph);

        Assert.That(
            layout.Lanes.SelectMany(lane => lane.Bars).Select(bar => bar.Request).Order(),
            Is.EqualTo(Enumerable.Range(0, graph.Requests.Count)));
        var below = TimelineLayout.Top;
        foreach (var lane in layout.Lanes)
        {
            Assert.That(lane.Y, Is.EqualTo(below).Within(Tolerance), "Lanes lie below each other.");
            below = lane.Y + lane.Height;
            foreach (var bar in lane.Bars)
            {
                Assert.That(bar.Y, Is.GreaterThan(lane.Y));
                Assert.That(bar.Y + TimelineLayout.BarHeight, Is.LessThan(below));
                Assert.That(bar.X, Is.GreaterThanOrEqualTo(TimelineLayout.Left));
                Assert.That(bar.X + bar.Width, Is.LessThan(layout.Width));
                Assert.That(graph.BranchOf(bar.Request), Is.EqualTo(lane.Branch));
            }

            var overlapping =
                from one in lane.Bars
                from other in lane.Bars
                where one.Request < other.Request && Math.Abs(one.Y - other.Y) < TimelineLayout.BarHeight
                    && one.X + one.Width > other.X + Tolerance && other.X + other.Width > one.X + Tolerance
                select (one, other);
            Assert.That(overlapping, Is.Empty);
        }

        Assert.That(below, Is.LessThan(layout.Height));
    }

    [Test]
    public void Later_is_further_right_and_a_place_leads_back_to_its_time([Range(1, 20)] int seed)
    {
        var graph = new ConversationGraph(DrawnConversation.Random(seed, 150));

        var axis = TimelineLayout.Of(graph).Axis;

        var places = graph.Requests.Select(request => axis.X(request.Timestamp)).ToList();
        Assert.That(places, Is.Ordered);
        Assert.That(
            graph.Requests.Zip(places, (request, x) => (axis.TimeAt(x) - request.Timestamp).Duration()).Max(),
            Is.LessThan(TimeSpan.FromSeconds(1)));
    }

    [Test]
    public void Idle_time_takes_no_more_room_than_what_was_done_and_the_short_ones_keep_theirs()
    {
        var graph = new ConversationGraph(DrawnConversation.Tree(
        [
            Lasting(DrawnConversation.Node(1), 10), Lasting(DrawnConversation.Node(2, 1, 12), 10),
            Lasting(DrawnConversation.Node(3, 2, 86_400), 10),
        ]));

        var axis = TimelineLayout.Of(graph).Axis;

        var (gap, second) = (axis.Gaps.Single(), (axis.Right - axis.Left) / 60);
        Assert.That(gap.Length, Is.EqualTo(TimeSpan.FromSeconds(86_400 - 22)));
        Assert.That(gap.Width, Is.EqualTo(28 * second).Within(Tolerance), "30 seconds were busy, and 2 are the other gap's.");
        Assert.That(axis.X(DrawnConversation.Start.AddSeconds(12)), Is.EqualTo(axis.Left + (12 * second)).Within(Tolerance));
        Assert.That(axis.X(DrawnConversation.Start.AddSeconds(86_410)), Is.EqualTo(axis.Right).Within(Tolerance));
    }

    [Test]
    public void Marks_can_be_read_and_stand_in_no_shortened_time([Range(1, 20)] int seed)
    {
        var layout = TimelineLayout.Of(new(DrawnConversation.Random(seed, 200)));

        Assert.That(layout.Ticks, Is.Not.Empty);
        Assert.That(layout.Ticks.Zip(layout.Ticks.Skip(1), (one, next) => next.X - one.X), Is.All.GreaterThan(110));
        Assert.That(
            layout.Ticks.Where(tick => layout.Axis.Gaps.Any(gap => tick.X > gap.X + Tolerance && tick.X < gap.X + gap.Width - Tolerance)),
            Is.Empty);
    }

    [Test]
    public void One_request_of_which_nobody_measured_the_end_is_drawn()
    {
        var layout = TimelineLayout.Of(new(DrawnConversation.Tree([DrawnConversation.Node(1)])));

        Assert.That(layout.Lanes.Single().Bars.Single(), Has.Property(nameof(TimeBar.IsOpen)).True.And.Property(nameof(TimeBar.Width)).Positive);
    }

    private static ConversationNode Lasting(ConversationNode node, int seconds) => node with { DurationMs = 1000 * seconds };
}
