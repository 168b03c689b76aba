using Nexus.Data.Recording.Answers;

namespace Nexus.Data.Tests.Recording.Answers;

/// <summary>Streams as a provider sends them, each beside the plain answer.</summary>
public sealed class FixtureTests
{
    private static readonly string _folder = Path.Combine(AppContext.BaseDirectory, "Recording", "Answers", "Fixtures");

    private static IEnumerable<string> Names => Directory.EnumerateDirectories(_folder).Select(Path.GetFileName).Order()!;

    [TestCaseSource(nameof(Names))]
    public async Task A_stream_gives_the_plain_answer(string name)
    {
        var answer = StreamedAnswer.Of(await ReadAsync(name, int.MaxValue));

        Answers.AssertSame(answer.Body, await File.ReadAllBytesAsync(Path.Combine(_folder, name, "plain.json")));
        Assert.Multiple(() =>
        {
            Assert.That(Answers.All(answer.Facts), Is.EqualTo(Answers.All(AnswerFacts.Read(answer.Body!.Value.Span))));
            Assert.That(answer.Error, Is.EqualTo(name == "error" ? "overloaded_error: Overloaded" : null));
            Assert.That(answer.IsComplete, Is.EqualTo(name != "error"));
            Assert.That(answer.UnreadableEvents, Is.Zero);
        });
    }

    [TestCaseSource(nameof(Names))]
    public async Task Bytes_that_arrive_one_by_one_are_the_same_events(string name)
    {
        var whole = await ReadAsync(name, int.MaxValue);

        var pieces = await ReadAsync(name, 1);

        Assert.That(
            pieces.Select(item => (item.Index, Convert.ToHexString(item.Data.Span))),
            Is.EqualTo(whole.Select(item => (item.Index, Convert.ToHexString(item.Data.Span)))));
    }

    [TestCaseSource(nameof(Names))]
    public async Task A_stream_that_ends_anywhere_gives_what_came(string name)
    {
        var events = await ReadAsync(name, int.MaxValue);
        var stop = events.FindIndex(item => item.Data.Span.IndexOf("message_stop"u8) >= 0);
        for (var count = 0; count <= events.Count; count++)
        {
            var answer = StreamedAnswer.Of(events.Take(count));

            Assert.That(answer.IsComplete, Is.EqualTo(stop >= 0 && count > stop));
            Assert.That(
                answer.Body is null,
                Is.EqualTo(events.Take(count).All(item => item.Data.Span.IndexOf("message_start"u8) < 0)));
        }
    }

    private static async Task<List<StreamEvent>> ReadAsync(string name, int most)
    {
        var bytes = await File.ReadAllBytesAsync(Path.Combine(_folder, name, "stream.txt"));
        await using var stream = new SlowStream(bytes, most);
        return await ServerSentEvents.ReadAsync(stream).ToListAsync();
    }
}
