using System.Security.Cryptography;
using System.Text;

namespace Nexus.Data.Tests.Conversations.Hashing;

public sealed class OpeningTests
{
    [TestCase("\"Measure the platform\"", "Measure the platform")]
    [TestCase("\" Measure\\r\\nthe platform\\n\"", "Measure\nthe platform")]
    [TestCase("""[{"type":"text","text":"<system-reminder>x</system-reminder>"},{"type":"text","text":"Find"}]""", "Find")]
    [TestCase("""[{"type":"text","text":" a "},{"type":"thinking","thinking":"?"},{"type":"text","text":"b"}]""", "a\nb")]
    [TestCase("\"Print a\\\\nb\"", "Print a\\nb")]
    public void An_opening_has_the_hash_of_a_prompt_with_its_text(string content, string text)
    {
        var opening = Hashed.User(content).OpeningTextHash;
        var prompt = Hashed.Answer($$$"""[{"type":"tool_use","id":"t","name":"Task","input":{"prompt":{{{Quote(text)}}}}}]""");

        Assert.That(opening, Is.EqualTo(SHA256.HashData(Encoding.UTF8.GetBytes(text))));
        Assert.That(prompt.PromptedTasks.Single().PromptHash, Is.EqualTo(opening));
        Assert.That(prompt.PromptedTasks.Single().Prompt, Is.EqualTo(text));
    }

    [TestCase("""{"role":"user","content":[{"type":"text","text":"a"},{"type":"image","source":{"data":"A"}}]}""")]
    [TestCase("""{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":"a"}]}""")]
    [TestCase("""{"role":"user","content":"a"},{"role":"user","content":"b"}""")]
    [TestCase("""{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"user","content":"c"}""")]
    [TestCase("""{"role":"assistant","content":"a"}""")]
    public void Other_beginnings_are_no_opening(string messages) =>
        Assert.That(Hashed.Messages(messages).OpeningTextHash, Is.Null);

    [Test]
    public void What_a_client_put_around_an_opening_does_not_count()
    {
        var hashes = Hashed.Messages("""
            {"role":"system","content":"s"},{"role":"user","content":"a"},
            {"role":"user","content":""},{"role":"assistant","content":"It is"}
            """);

        Assert.That(hashes.OpeningTextHash, Is.EqualTo(Hashed.User("\"a\"").OpeningTextHash));
    }

    private static string Quote(string text) => Encoding.UTF8.GetString(((Json)text).ToUtf8());
}
