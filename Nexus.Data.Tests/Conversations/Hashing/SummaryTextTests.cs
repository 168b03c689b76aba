using System.Text;
using Nexus.Data.Conversations.Hashing;

namespace Nexus.Data.Tests.Conversations.Hashing;

public sealed class SummaryTextTests
{
    private const string Sentence =
        "This session is being continued from a previous conversation that ran out of context.";

    private const string LongSummary =
        "The user is writing a travel guide. Chapters one and two are done; chapter three is next.";

    [TestCase("", "")]
    [TestCase(" \n\u00A0\uFEFF ", "")]
    [TestCase("One \r\n\u3000two\u2028three", "one two three")]
    [TestCase("<analysis>A</analysis>\n\n<summary>B</summary>", "a b")]
    [TestCase("Analysis:\nA\n\nSummary:\nB...", "a b")]
    [TestCase("<ANALYSIS>a</Analysis>summary:b", "a b")]
    [TestCase("end. . .", "end")]
    [TestCase("1.5 is not an end", "1.5 is not an end")]
    [TestCase("E\u0301TE\u0301 ÇA", "été ça")]
    [TestCase("\U0001F682", "\U0001F682")]
    [TestCase("a\u0085\u200Bb", "a\u0085\u200Bb")]
    public void A_text_has_one_normal_form(string text, string expected) =>
        Assert.That(SummaryText.Normalize(text), Is.EqualTo(expected));

    [Test]
    public void What_has_no_composed_form_is_replaced() =>
        Assert.That(SummaryText.Normalize("a\ud83d\0\uFFFEb\udc00"), Is.EqualTo("a\uFFFD\uFFFD\uFFFDb\uFFFD"));

    [Test]
    public void A_key_is_made_of_the_first_forty_characters()
    {
        var forty = new string('x', 40);

        Assert.That(SummaryText.Key(forty), Has.Length.EqualTo(16));
        Assert.That(SummaryText.Key(forty + "y"), Is.EqualTo(SummaryText.Key(forty)));
        Assert.That(SummaryText.Key(forty[1..]), Is.Null);
    }

    [TestCase("The conversation is summarized below:\n" + LongSummary + "\nPlease continue the conversation from here.")]
    [TestCase("The summary below covers the earlier portion.\n\nSummary:\n" + LongSummary
        + "\n\nIf you need specific details from before compaction, read the transcript.")]
    [TestCase("Summary: " + LongSummary + " Continue the conversation from where it left off without asking.")]
    [TestCase("The conversation is summarized below: Analysis: " + LongSummary)]
    [TestCase("Summary: " + LongSummary
        + "\nContinue the conversation from where it left off\nPlease continue the conversation Summary: no")]
    public void A_continuation_is_known_in_every_wording(string text)
    {
        foreach (var content in new[]
        {
            (Json)$"{Sentence} {text}",
            Json.Array(
                Json.Object(("type", "text"), ("text", "<system-reminder>x</system-reminder>")),
                Json.Object(("type", "text"), ("text", "Hello")),
                Json.Object(("type", "text"), ("text", $"Note: {Sentence}\r\n{text}")),
                Json.Object(("type", "text"), ("text", "Chapter three"))),
        })
        {
            var continuation = Hashed.User(Encoding.UTF8.GetString(content.ToUtf8())).Continuation;

            Assert.That(continuation?.Text, Is.EqualTo(SummaryText.Normalize(LongSummary)));
            Assert.That(continuation!.Key, Is.EqualTo(SummaryText.Key(continuation.Text)));
        }
    }

    [Test]
    public void A_continuation_may_have_several_messages()
    {
        var first = Json.Object(("role", "user"), ("content", $"{Sentence} Summary: {LongSummary}"));
        var messages = Encoding.UTF8.GetString(first.ToUtf8())
            + """,{"role":"assistant","content":"a"},{"role":"user","content":"b"}""";

        Assert.That(Hashed.Messages(messages).Continuation, Is.Not.Null);
    }

    [TestCase("Summary: " + LongSummary)]
    [TestCase(Sentence)]
    [TestCase(Sentence + " Summary: too short")]
    [TestCase(Sentence + " The conversation is summarized below:\n\nPlease continue the conversation." + LongSummary)]
    [TestCase("Summary: " + LongSummary + " " + Sentence)]
    public void Other_texts_continue_nothing(string text)
    {
        Assert.That(Hashed.User(Encoding.UTF8.GetString(((Json)text).ToUtf8())).Continuation, Is.Null);
        Assert.That(
            Hashed.Messages("""{"role":"assistant","content":""" + Encoding.UTF8.GetString(
                ((Json)$"{Sentence} Summary: {LongSummary}").ToUtf8()) + """},{"role":"user","content":"b"}""").Continuation,
            Is.Null);
    }

    [Test]
    public void A_summary_stands_in_the_answer_that_it_came_from()
    {
        var answer = Answer($"<analysis>\nThinking.\n</analysis>\n\n<summary>\n{LongSummary.ToUpperInvariant()}\n</summary>");

        Assert.That(SummaryText.StandsIn(SummaryText.Normalize(LongSummary), answer));
        Assert.That(SummaryText.StandsIn(SummaryText.Normalize("Analysis: Thinking. Summary: " + LongSummary), answer));
        Assert.That(SummaryText.StandsIn(SummaryText.Normalize(LongSummary + " And more"), answer), Is.False);
        Assert.That(SummaryText.StandsIn("the user is", answer), Is.False);
        Assert.That(SummaryText.StandsIn(SummaryText.Normalize(LongSummary), "{"u8), Is.False);
    }

    [Test]
    public void Only_the_first_two_thousand_characters_of_a_summary_count()
    {
        var start = string.Concat(Enumerable.Range(0, 500).Select(number => $"{number:000} "));
        var text = $"{Sentence} Summary: {start}and an end that the answer has not";

        var continuation = Hashed.User(Encoding.UTF8.GetString(((Json)text).ToUtf8())).Continuation;

        Assert.That(continuation?.Text, Has.Length.EqualTo(2000));
        Assert.That(SummaryText.StandsIn(continuation!.Text, Answer(start + "and another")));
    }

    private static byte[] Answer(string text) => Json.Object(
        ("type", "message"),
        ("role", "assistant"),
        ("content", Json.Array(
            Json.Object(("type", "thinking"), ("thinking", "x")), Json.Object(("type", "text"), ("text", text))))).ToUtf8();
}
