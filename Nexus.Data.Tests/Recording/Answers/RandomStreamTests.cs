using Nexus.Data.Recording.Answers;

namespace Nexus.Data.Tests.Recording.Answers;

public sealed class RandomStreamTests
{
    [Test]
    public void Any_answer_in_any_pieces_is_the_plain_one([Range(0, 9)] int thousand)
    {
        for (var seed = thousand * 1000; seed < thousand * 1000 + 200; seed++)
        {
            var random = new RandomStream(seed);

            var answer = StreamedAnswer.Of(random.Events);

            Answers.AssertSame(answer.Body, random.Plain, $"seed {seed}");
            Assert.That((answer.IsComplete, answer.UnreadableEvents), Is.EqualTo((true, 0)), $"seed {seed}");
        }
    }

    [Test]
    public void Events_again_and_in_another_order_change_nothing([Range(0, 299)] int seed)
    {
        var random = new RandomStream(seed);
        var again = new Random(seed);
        var events = random.Events.Concat(again.GetItems(random.Events.ToArray(), again.Next(20))).ToArray();
        again.Shuffle(events);

        var answer = StreamedAnswer.Of(events);

        Assert.That(Answers.Text(answer), Is.EqualTo(Answers.Text(StreamedAnswer.Of(random.Events))));
    }

    [Test]
    public void Broken_events_break_nothing([Range(0, 299)] int seed)
    {
        var broken = new Random(seed);
        var events = new RandomStream(seed).Events.Select(item => item with { Data = Broken(item.Data.ToArray(), broken) }).ToList();

        Assert.That(
            () =>
            {
                var answer = StreamedAnswer.Of(events);
                _ = StreamPieces.Of(events);
                _ = events.Sum(item => StreamedAnswer.OutputTokensOf(item) + StreamPieces.Replace(item.Data.Span, "x").Length);
                _ = AnswerFacts.Read(answer.Body.GetValueOrDefault().Span);
            },
            Throws.Nothing);
    }

    private static byte[] Broken(byte[] json, Random random)
    {
        var likely = "{}[]\",:\\u0d8"u8;
        for (var times = random.Next(4); times > 0; times--)
        {
            json[random.Next(json.Length)] = random.Next(3) == 0 ? (byte)random.Next(256) : likely[random.Next(likely.Length)];
        }

        return json;
    }
}
