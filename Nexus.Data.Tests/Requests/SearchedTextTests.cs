using System.Text.Json;
using Nexus.Data.Requests;

namespace Nexus.Data.Tests.Requests;

/// <summary>What of a request can be found by a search.</summary>
public sealed class SearchedTextTests
{
    [TestCase("u1", "u1")]
    [TestCase("u1|u1'", "u1|u1'")]
    [TestCase("u1|a1|u2|a2|u3", "u3")]
    [TestCase("u1|a1|a1'|u2|u2'", "u2|u2'")]
    [TestCase("a1|u1", "u1")]
    public void What_follows_the_last_answer_is_new(string messages, string expected)
        => Assert.That(Text(Body(messages.Split('|'))), Is.EqualTo(Paragraphs(expected)));

    [Test]
    public void What_a_client_began_for_the_assistant_is_new_with_the_question()
        => Assert.That(Text(Body("u1", "a1", "u2", "a2")), Is.EqualTo(Paragraphs("u2|a2")));

    [Test]
    public void An_answer_follows()
        => Assert.That(
            Text(Body("u1"), new { role = "assistant", content = new object[] { Block("It is."), Use("cat"), Block("Here.") } }),
            Is.EqualTo("u1\n\nIt is.\n\nHere."));

    [Test]
    public void Tools_thinking_and_reminders_are_not_searched()
    {
        var body = new
        {
            system = "You help.",
            tools = new[] { new { name = "cat" } },
            messages = new object[]
            {
                new
                {
                    role = "user",
                    content = new object[]
                    {
                        new { type = "tool_result", tool_use_id = "t", content = "a file" }, Block("Why?"),
                        Block("<system-reminder>Be brief.</system-reminder>"),
                    },
                },
                new { role = "system", content = "In between." },
            },
        };
        var answer = new { content = new object[] { new { type = "thinking", thinking = "Hm." }, Block("So.") } };

        Assert.That(Text(body, answer), Is.EqualTo("Why?\n\nIn between.\n\nSo."));
    }

    [Test]
    public void The_newest_messages_are_searched_where_not_all_fit_and_the_beginning_of_each()
    {
        var (old, pasted, last) = (new string('o', 9_000), new string('p', 8_000) + "END", "And now?");

        var text = Text(Body(old, pasted, last));

        Assert.That(text, Is.EqualTo(new string('p', SearchedText.MostCharacters - last.Length) + "\n\n" + last));
    }

    [Test]
    public void Of_a_long_answer_the_beginning_is_searched()
        => Assert.That(
            Text(Body("u"), new { content = new[] { Block(new string('x', 9_000)) } }),
            Has.Length.EqualTo("u\n\n".Length + SearchedText.MostCharacters));

    [TestCase("null")]
    [TestCase("[]")]
    [TestCase("\"messages\"")]
    [TestCase("{}")]
    [TestCase("""{"messages":null}""")]
    [TestCase("""{"messages":[]}""")]
    [TestCase("""{"messages":[1,"a",null,[],{"role":1,"content":{}}]}""")]
    [TestCase("""{"messages":[{"role":"user","content":"a"}""", Description = "No JSON.")]
    public void What_is_no_conversation_says_nothing(string json)
        => Assert.That(SearchedText.Of(System.Text.Encoding.UTF8.GetBytes(json), "[]"u8.ToArray()), Is.Empty);

    [Test]
    public void Of_equal_members_the_last_counts() => Assert.That(
        SearchedText.Of(
            """{"messages":[{"role":"user","content":"a"}],"messages":[{"role":"user","content":"b"}]}"""u8.ToArray(), null),
        Is.EqualTo("b"));

    [Test]
    public void What_the_database_does_not_store_is_replaced() => Assert.That(
        SearchedText.Of("""{"messages":[{"role":"user","content":"a\u0000b\ud800c"}]}"""u8.ToArray(), null),
        Is.EqualTo("a\uFFFDb\uFFFDc"));

    private static string Text(object body, object? answer = null)
        => SearchedText.Of(
            JsonSerializer.SerializeToUtf8Bytes(body), answer is null ? null : JsonSerializer.SerializeToUtf8Bytes(answer));

    // Whose a text is, its first letter says.
    private static object Body(params string[] texts) => new
    {
        messages = texts.Select(text => new { role = text.StartsWith('a') ? "assistant" : "user", content = text }),
    };

    private static object Block(string text) => new { type = "text", text };

    private static object Use(string name) => new { type = "tool_use", id = "t", name, input = new { path = "a file" } };

    private static string Paragraphs(string texts) => texts.Replace("|", "\n\n", StringComparison.Ordinal);
}
