using System.Text;
using Nexus.Data.Recording.Answers;

namespace Nexus.Data.Tests.Recording.Answers;

public sealed class ServerSentEventsTests
{
    [TestCase("event: a\ndata: {\"x\":\ndata: 1}\n\n: comment\n\ndata:2\n\n", "{\"x\":\n1}", "2")]
    [TestCase("data: 1\r\n\r\ndata: 2\r\n\r\n", "1", "2")]
    [TestCase("\uFEFFdata: 1\r\rdata: é🚂\r\r", "1", "é🚂")]
    [TestCase("event: empty\n\nid: 7\nretry: 5\ndata: 1\n\n", "1")]
    [TestCase("")]
    public async Task Events_are_what_has_data(string text, params string[] expected)
    {
        var events = await ReadAsync(text).ToListAsync();

        Assert.That(events.Select(item => Encoding.UTF8.GetString(item.Data.Span)), Is.EqualTo(expected));
    }

    [Test]
    public async Task An_event_has_its_place_and_the_time_of_its_arrival()
    {
        var clock = new Clock();

        var events = await ReadAsync("data: 1\n\ndata: 2\n\n", clock, 5).ToListAsync();

        Assert.That(
            events.Select(item => (item.Index, item.Timestamp.ToUnixTimeSeconds())), Is.EqualTo(new[] { (5, 1L), (6, 2L) }));
    }

    [TestCase("data: 1\n\ndata: 2", "1", "2")]
    [TestCase("data: 1\n\ndata: 2\n", "1", "2")]
    [TestCase("data: 1\n\ndata: 2\r", "1", "2")]
    public async Task The_last_event_needs_no_blank_line(string text, params string[] expected)
    {
        var events = await ReadAsync(text).ToListAsync();

        Assert.That(events.Select(item => Encoding.UTF8.GetString(item.Data.Span)), Is.EqualTo(expected));
    }

    [Test]
    public void Reading_stops_when_it_is_cancelled()
    {
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();

        Assert.That(
            async () => await ReadAsync("data: 1\n\n").ToListAsync(cancelled.Token),
            Throws.InstanceOf<OperationCanceledException>());
    }

    private static IAsyncEnumerable<StreamEvent> ReadAsync(string text, TimeProvider? time = null, int firstIndex = 0) =>
        ServerSentEvents.ReadAsync(new MemoryStream(Encoding.UTF8.GetBytes(text)), time, firstIndex);

    private sealed class Clock : TimeProvider
    {
        private int _asked;

        public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeSeconds(++_asked);
    }
}
