using System.Text;
using Nexus.Data.Conversations.Hashing;

namespace Nexus.Data.Tests.Conversations.Hashing;

public sealed class AnswerHasherTests
{
    [TestCase("")]
    [TestCase("{")]
    [TestCase("null")]
    [TestCase("[]")]
    [TestCase("{}")]
    [TestCase("""{"type":"error","error":{"type":"overloaded_error"},"content":"x"}""")]
    [TestCase("""{"type":"message","role":"user","content":"x"}""")]
    [TestCase("""{"type":"message","role":"assistant","content":null}""")]
    [TestCase("""{"type":"message","role":"assistant","content":[]}""")]
    [TestCase("""{"type":"message","role":"assistant","content":[{"type":"thinking","thinking":"x"}]}""")]
    [TestCase("""{"type":"message","role":"assistant","content":"x"} {}""")]
    public void What_is_no_answer_has_no_hashes(string response)
    {
        var hashes = AnswerHasher.Hash(Encoding.UTF8.GetBytes(response));

        Assert.That(hashes.AnswerHash, Is.Null);
        Assert.That(hashes.PromptedTasks, Is.Empty);
        Assert.That(hashes.SummaryKeys, Is.Empty);
        Assert.That(hashes.ToolUseCount, Is.Zero);
    }

    [Test]
    public void Prompts_are_those_of_sub_tasks_in_their_order()
    {
        var hashes = Hashed.Answer("""
            [{"type":"text","text":"Starting."},
             {"type":"tool_use","id":"t1","name":"Task","input":{"description":"d","prompt":" One\r\n"}},
             {"type":"tool_use","id":"t2","name":"Read","input":{"prompt":"no"}},
             {"type":"tool_use","id":"t3","name":"Agent","input":{"prompt":"Two <system-reminder>x</system-reminder>"}},
             {"type":"tool_use","id":"t3","name":"Agent","input":{"prompt":"again"}},
             {"type":"tool_use","id":"t4","name":"Task","input":{"prompt":" "}},
             {"type":"tool_use","id":"t5","name":"Task","input":{"prompt":7}},
             {"type":"tool_use","id":"t6","name":"Task","input":"prompt"},
             {"type":"tool_use","name":"Task","input":{"prompt":"One"}},
             {"type":"server_tool_use","id":"t7","name":"Task","input":{"prompt":"no"}}]
            """);

        Assert.That(
            hashes.PromptedTasks.Select(prompt => (prompt.ToolUseId, prompt.Ordinal, prompt.Prompt)),
            Is.EqualTo(new[] { ("t1", 0, "One"), ("t3", 1, "Two"), (null, 2, "One") }));
        Assert.That(hashes.PromptedTasks[0].PromptHash, Is.EqualTo(hashes.PromptedTasks[2].PromptHash));
        Assert.That(hashes.ToolUseCount, Is.EqualTo(8));
    }

    [Test]
    public void An_answer_has_the_hash_of_its_copy_in_the_next_turn()
    {
        const string content = """
            [{"type":"thinking","thinking":"?"},{"type":"text","text":"Looking.\n","citations":null},
             {"type":"tool_use","id":"t","name":"Ls","input":{"b":1,"a":[1.0]}}]
            """;

        var next = Hashed.Messages("""
            {"role":"user","content":"a"},{"role":"assistant","content":
            [{"text":"Looking.","type":"text"},{"type":"tool_use","input":{"a":[1],"b":1},"name":"Ls","id":"t"}]},
            {"role":"user","content":"c"}
            """);

        Assert.That(Hashed.Answer(content).AnswerHash, Is.EqualTo(next.Prefixes[0].NextAnswerHash));
    }

    [Test]
    public void Summary_keys_are_those_of_the_blocks_and_of_what_follows_each_tag()
    {
        const string analysis = "The user plans a garden shed and wants it dry in winter";
        const string summary = "1. The shed has a roof of tiles; the walls come next, of oak.";

        var keys = Hashed.Answer(
            $$"""
            [{"type":"text","text":"<analysis>{{analysis}}</analysis>\n<Summary>\n{{summary}}</Summary>"},
             {"type":"text","text":"short"},{"type":"text","text":"{{summary}}"}]
            """).SummaryKeys;

        var expected = new[] { analysis, summary }.Select(text => SummaryText.Key(SummaryText.Normalize(text)));
        Assert.That(keys, Is.EqualTo(expected));
    }

    [Test]
    public void The_key_of_a_long_text_is_that_of_its_whole_normal_form()
    {
        var random = new Random(3);
        string[] pieces = ["Summary: ", "<summary>", "</analysis>", "word ", ".", ". ", "é", "e\u0301", "Σ", "\n\n ", "x", "🚂"];
        for (var count = 0; count < 400; count++)
        {
            var text = string.Concat(Enumerable.Range(0, random.Next(300)).Select(_ => pieces[random.Next(count % 12 + 1)]));
            var starts = new[] { text }.Concat(Enumerable.Range(0, text.Length)
                .Where(place => string.CompareOrdinal(text, place, "<summary>", 0, 9) == 0)
                .Select(place => text[(place + 9)..]));
            var expected = starts.Select(start => SummaryText.Key(SummaryText.Normalize(start)))
                .Where(key => key is not null).Select(key => Hashed.Hex(key)).Distinct();

            var keys = AnswerHasher.Hash(Json.Object(("content", text)).ToUtf8()).SummaryKeys;

            Assert.That(keys.Select(Hashed.Hex), Is.EqualTo(expected), text);
        }
    }
}
