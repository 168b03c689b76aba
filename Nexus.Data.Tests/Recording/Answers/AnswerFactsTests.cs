using System.Text;
using Nexus.Data.Recording.Answers;

namespace Nexus.Data.Tests.Recording.Answers;

public sealed class AnswerFactsTests
{
    [Test]
    public void A_message_tells_everything()
    {
        const string usage = """{ "input_tokens": 3, "output_tokens":50,"cache_creation_input_tokens":7,"cache_read_input_tokens":0 }""";

        var facts = Answers.Facts($$$"""
            {"id":"msg_1","type":"message","role":"assistant","model":"claude","stop_reason":"tool_use","usage":{{{usage}}},
             "content":[{"type":"text","text":"x"},
              {"type":"tool_use","id":"t1","name":"Task","input":{"prompt":"p", "n":1.0},"caller":{"type":"direct"}},
              {"type":"tool_use","id":"t2","name":"Bash","input":{}},
              {"type":"server_tool_use","id":"t3","name":"Task","input":{}},
              {"type":"tool_use","name":"A\u0067ent","id":"t4","input":null},
              {"type":"tool_use","id":"t5","name":"task"}, 7, null]}
            """);

        Assert.Multiple(() =>
        {
            Assert.That(
                (facts.InputTokens, facts.OutputTokens, facts.CacheCreationInputTokens, facts.CacheReadInputTokens),
                Is.EqualTo((3, 50, 7, 0)));
            Assert.That((facts.Model, facts.StopReason, facts.MessageId), Is.EqualTo(("claude", "tool_use", "msg_1")));
            Assert.That(facts.ToolCallCount, Is.EqualTo(4));
            Assert.That(Text(facts.UsageJson), Is.EqualTo(usage));
            Assert.That(Text(facts.TaskInvocations), Is.EqualTo(
                """[{"id":"t1","name":"Task","input":{"prompt":"p", "n":1.0}},{"name":"A\u0067ent","id":"t4","input":null}]"""));
            Assert.That(facts.Error, Is.Null);
        });
    }

    [TestCase("7", 7)]
    [TestCase("-1", -1)]
    [TestCase("2.0", 2)]
    [TestCase("1e3", 1000)]
    [TestCase("3000000000", int.MaxValue)]
    [TestCase("-1e400", int.MinValue)]
    [TestCase("2.5", null)]
    [TestCase("\"7\"", null)]
    [TestCase("null", null)]
    [TestCase("[7]", null)]
    [TestCase("1,\"input_tokens\":2", 2)]
    [TestCase("1,\"input\\u005ftokens\":3", 3)]
    public void Numbers_are_whole_and_in_range(string number, int? expected) =>
        Assert.That(Answers.Facts($$$"""{"usage":{"input_tokens":{{{number}}}}}""").InputTokens, Is.EqualTo(expected));

    [TestCase("""{"ephemeral_5m_input_tokens":5,"ephemeral_1h_input_tokens":6}""", 11)]
    [TestCase("""{"ephemeral_1h_input_tokens":6}""", 6)]
    [TestCase("""{"ephemeral_5m_input_tokens":2147483647,"ephemeral_1h_input_tokens":1}""", int.MaxValue)]
    [TestCase("""{"ephemeral_1h_input_tokens":6},"cache_creation_input_tokens":0""", 0)]
    [TestCase("""{"ephemeral_1h_input_tokens":6},"cache_creation_input_tokens":null""", 6)]
    [TestCase("{}", null)]
    [TestCase("9", null)]
    public void Cache_writes_are_the_plain_number_or_else_the_sum(string creation, int? expected) =>
        Assert.That(
            Answers.Facts($$$"""{"usage":{"cache_creation":{{{creation}}}}}""").CacheCreationInputTokens, Is.EqualTo(expected));

    [Test]
    public void A_count_of_tokens_and_usage_in_other_words_are_read()
    {
        var count = Answers.Facts("""{"input_tokens":2095}""");
        var other = Answers.Facts("""{"usage":{"prompt_tokens":12,"completion_tokens":5,"total_tokens":17}}""");

        Assert.That((count.InputTokens, count.OutputTokens, count.UsageJson), Is.EqualTo((2095, (int?)null, (byte[]?)null)));
        Assert.That((other.InputTokens, other.OutputTokens), Is.EqualTo((12, 5)));
    }

    [TestCase("""{"type":"error","error":{"type":"overloaded_error","message":"Overloaded \ud83d\u0000"}}""", "overloaded_error: Overloaded ��")]
    [TestCase("""{"error":{"message":"no such model","type":null}}""", "no such model")]
    [TestCase("""{"type":"error","error":{"type":"api_error"}}""", "api_error")]
    [TestCase("""{"error":"not found"}""", "not found")]
    [TestCase("""{"type":"error"}""", "error")]
    [TestCase("""{"error":{}}""", "error")]
    [TestCase("""{"type":"message","error":null}""", null)]
    [TestCase("""{"error":[1]}""", null)]
    public void An_error_says_what_went_wrong(string body, string? expected) =>
        Assert.That(Answers.Facts(body).Error, Is.EqualTo(expected));

    [TestCase("")]
    [TestCase("{")]
    [TestCase("null")]
    [TestCase("[[{}]]")]
    [TestCase("\"x\"")]
    [TestCase("{} {}")]
    [TestCase("""{"usage":[],"content":{"type":"tool_use"},"model":7,"id":{},"stop_reason":[]}""")]
    [TestCase("""{"usage":{"input_tokens":1}}}""")]
    [TestCase("<html>502</html>")]
    public void What_is_no_answer_has_no_facts(string body)
    {
        var facts = Answers.Facts(body);

        Assert.That(Answers.All(facts), Is.EqualTo(Answers.All(new AnswerFacts())));
        Assert.That(facts.Error, Is.Null);
    }

    [Test]
    public void A_byte_order_mark_and_broken_UTF_8_do_not_matter()
    {
        byte[] body = [0xEF, 0xBB, 0xBF, .. "{\"model\":\"a"u8, 0xFF, .. "b\"}"u8];

        Assert.That(AnswerFacts.Read(body).Model, Is.EqualTo("a�b"));
    }

    [Test]
    public void Depth_needs_no_stack()
    {
        var deep = string.Concat(Enumerable.Repeat("""{"a":[""", 100_000)) + string.Concat(Enumerable.Repeat("]}", 100_000));

        var facts = Answers.Facts($$$"""{"x":{{{deep}}},"content":[{"type":"tool_use","name":"Task","input":{{{deep}}}}]}""");

        Assert.That(facts.TaskInvocations, Has.Length.EqualTo(deep.Length + """[{"name":"Task","input":}]""".Length));
    }

    private static string? Text(byte[]? json) => json is null ? null : Encoding.UTF8.GetString(json);
}
