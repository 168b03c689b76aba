using Nexus.Data.Conversations.Hashing;

namespace Nexus.Data.Tests.Conversations.Hashing;

public sealed class PrefixTests
{
    private static readonly string[] _turns =
    [
        """{"role":"user","content":"a"}""",
        """{"role":"assistant","content":"b"}""",
        """{"role":"user","content":"c"}""",
        """{"role":"assistant","content":[{"type":"text","text":"d"}]}""",
        """{"role":"assistant","content":"e"}""",
        """{"role":"user","content":"f"}""",
        """{"role":"user","content":"g"}""",
    ];

    [Test]
    public void Prefixes_are_the_beginnings_that_end_in_a_user_s_message_longest_first()
    {
        var hashes = First(7);

        Assert.That(hashes.CountedMessages, Is.EqualTo(7));
        Assert.That(string.Join(' ', hashes.Prefixes.Select(prefix => prefix.CountedMessages)), Is.EqualTo("6 3 1"));
        Assert.That(string.Join(' ', hashes.Prefixes.Select(prefix => prefix.AnswersAfter)), Is.EqualTo("1 1 2"));
        foreach (var prefix in hashes.Prefixes)
        {
            var beginning = First(prefix.CountedMessages);
            Assert.That(prefix.LinkHash, Is.EqualTo(beginning.LinkHash));
            Assert.That(prefix.CompatibleHash, Is.EqualTo(beginning.CurrentMessageHash));
        }

        Assert.That(hashes.FirstMessageHash, Is.EqualTo(First(1).LinkHash));
    }

    [Test]
    public void The_answer_that_follows_has_the_hash_of_that_answer()
    {
        var prefixes = First(7).Prefixes;

        Assert.That(prefixes[0].NextAnswerHash, Is.Null);
        Assert.That(prefixes[1].NextAnswerHash, Is.EqualTo(Hashed.Answer("""[{"text":"d","type":"text"}]""").AnswerHash));
        Assert.That(prefixes[2].NextAnswerHash, Is.EqualTo(Hashed.Answer("\"b\"").AnswerHash));
    }

    [Test]
    public void The_answer_that_follows_keeps_tool_blocks_that_came_before()
    {
        const string use = """{"type":"tool_use","id":"t","name":"Ls","input":{}}""";

        var hashes = Hashed.Messages($$"""
            {"role":"user","content":"a"},{"role":"assistant","content":[{{use}}]},
            {"role":"user","content":"b"},{"role":"assistant","content":[{{use}},{"type":"text","text":"x"},{{use}}]},
            {"role":"user","content":"c"}
            """);

        var answer = Hashed.Answer($$"""[{{use}},{"type":"text","text":"x"},{{use}}]""");
        Assert.That(hashes.Prefixes[0].NextAnswerHash, Is.EqualTo(answer.AnswerHash));
        Assert.That(answer.AnswerHash, Is.EqualTo(Hashed.Answer($$"""[{{use}},{"type":"text","text":"x"}]""").AnswerHash));
    }

    [Test]
    public void A_prefix_knows_the_original_s_hash_until_the_original_rejects_a_message()
    {
        var hashes = Hashed.Messages("""
            {"role":"user","content":"a"},{"role":"assistant","content":"b"},
            {"role":"user","content":null},{"role":"user","content":"c"},{"role":"user","content":"d"}
            """);

        Assert.That(
            hashes.Prefixes.Select(prefix => prefix.CompatibleHash),
            Is.EqualTo(new[] { null, Hashed.User("\"a\"").CurrentMessageHash }));
    }

    [Test]
    public void An_answer_that_the_client_began_is_no_answer_after_a_prefix()
    {
        var hashes = Hashed.Messages(string.Join(',', _turns[..3]) + ",{\"role\":\"assistant\",\"content\":\"begun\"}");

        Assert.That(hashes.Prefixes.Single().AnswersAfter, Is.EqualTo(1));
        Assert.That(hashes.LinkHash, Is.EqualTo(First(3).LinkHash));
    }

    [Test]
    public void The_first_message_may_be_the_assistant_s()
    {
        var hashes = Hashed.Messages("""{"role":"assistant","content":"a"},{"role":"user","content":"b"}""");

        Assert.That(hashes.CountedMessages, Is.EqualTo(2));
        Assert.That(hashes.Prefixes, Is.Empty);
        Assert.That(hashes.FirstMessageHash, Is.EqualTo(Hashed.Answer("\"a\"").AnswerHash));
        Assert.That(hashes.OpeningTextHash, Is.Null);
    }

    private static RequestHashes First(int count) => Hashed.Messages(string.Join(',', _turns[..count]));
}
