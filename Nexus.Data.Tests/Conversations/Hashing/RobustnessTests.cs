using System.Text;
using System.Text.Json;
using Nexus.Data.Conversations.Hashing;

namespace Nexus.Data.Tests.Conversations.Hashing;

public sealed class RobustnessTests
{
    [TestCase("")]
    [TestCase(" ")]
    [TestCase("{")]
    [TestCase("nothing")]
    [TestCase("""{"messages":[}""")]
    [TestCase("""{"messages":[]} x""")]
    [TestCase("""{"messages":[],}""")]
    [TestCase("""{"messages":[{"role":"user","content":"a"}]""")]
    [TestCase("{\"messages\":[{\"role\":\"user\",\"content\":\"a\nb\"}]}")]
    public void Bytes_that_are_no_JSON_are_refused(string body) =>
        Assert.That(() => Hashed.Body(body), Throws.InstanceOf<JsonException>());

    [Test]
    public void A_byte_order_mark_and_bytes_that_are_no_UTF8_are_read_as_JavaScript_reads_them()
    {
        byte[] body = [.. "\uFEFF"u8, .. """{"messages":[{"role":"user","content":"a"""u8, 0xFF, 0xC3, .. """b"}]}"""u8];

        var hashes = RequestHasher.Hash(body);

        Assert.That(hashes.CurrentMessageHash, Is.EqualTo(Hashed.User("\"a\uFFFD\uFFFDb\"").CurrentMessageHash));
        Assert.That(hashes.LinkHash, Is.EqualTo(Hashed.User("\"a\uFFFD\uFFFDb\"").LinkHash));
    }

    [TestCase("[", "]")]
    [TestCase("{\"a\":", "}")]
    [TestCase("[{\"type\":\"tool_result\",\"content\":", "}]")]
    public void Depth_is_no_danger_anywhere(string opening, string closing)
    {
        var deep = Nest(opening, "1", closing, 20_000);
        var body = $$$"""
            {"x":{{{deep}}},"system":{{{deep}}},"metadata":{{{deep}}},"messages":[{"role":"user","content":"go"},
            {"role":"assistant","content":[{"type":"tool_use","id":"t","name":"N","input":{{{deep}}}},{{{deep}}}]},
            {"role":"user","content":[{"type":"tool_result","tool_use_id":{{{deep}}},"content":{{{deep}}}},
            {"type":"image","source":{{{deep}}}},{"type":{{{deep}}}}]},{"role":"user","content":{{{deep}}}}]}
            """;

        var hashes = Hashed.Body(body);

        Assert.That(hashes.CountedMessages, Is.GreaterThanOrEqualTo(3));
        Assert.That(Hashed.Answer($"[{deep}]").AnswerHash, Is.Not.Null);
    }

    [Test]
    public void A_million_levels_are_no_danger_either()
    {
        var deep = Nest("[", "1", "]", 1_000_000);

        var hashes = Hashed.User($$"""[{"type":"tool_use","input":{{deep}}},{"type":{{deep}}}]""");

        Assert.That(hashes.CurrentMessageHash, Is.Not.Null);
        Assert.That(hashes.LinkHash, Is.Not.Null);
    }

    [Test]
    public void A_level_deep_inside_counts()
    {
        static byte[]? Hash(string leaf) =>
            Hashed.User($$"""[{"type":"x","a":{{Nest("[", leaf, "]", 20_000)}}}]""").LinkHash;

        Assert.That(Hash("1.0"), Is.EqualTo(Hash("1")));
        Assert.That(Hash("2"), Is.Not.EqualTo(Hash("1")));
        Assert.That(Hash("[1]"), Is.Not.EqualTo(Hash("1")));
    }

    [Test]
    [CancelAfter(60_000)]
    public void A_large_object_is_sorted_quickly()
    {
        var names = Enumerable.Range(0, 100_000).Select(number => $"\"\\u006e{number * 7919L % 100_000}\":1");
        var sorted = Enumerable.Range(0, 100_000).Select(number => $"\"n{number}\":1.0");

        var one = Hashed.Between($$$"""[{"type":"tool_use","id":"t","name":"N","input":{{{{string.Join(',', names)}}}}}]""");
        var other = Hashed.Between($$$"""[{"type":"tool_use","id":"t","name":"N","input":{{{{string.Join(',', sorted)}}}}}]""");

        Assert.That(one, Is.EqualTo(other));
    }

    [Test]
    public void A_body_of_36_MB_is_hashed()
    {
        var text = new string('x', 36_000_000);
        var body = Encoding.UTF8.GetBytes($$"""{"messages":[{"role":"user","content":"{{text}}\n"}]}""");

        var hashes = RequestHasher.Hash(body);

        Assert.That(hashes.LinkHash, Is.Not.Null);
        Assert.That(hashes.OpeningTextHash, Is.Not.Null);
    }

    [Test]
    public void Hashing_in_parallel_gives_what_hashing_alone_gives()
    {
        var generator = new BodyGenerator(seed: 5);
        var bodies = Enumerable.Range(0, 200).Select(_ => generator.Body(4).ToUtf8()).ToArray();
        var expected = bodies.Select(body => Hashed.Hex(RequestHasher.Hash(body).LinkHash)).ToArray();

        var actual = bodies.AsParallel().AsOrdered().Select(body => Hashed.Hex(RequestHasher.Hash(body).LinkHash)).ToArray();

        Assert.That(actual, Is.EqualTo(expected));
    }

    private static string Nest(string opening, string leaf, string closing, int levels) =>
        string.Concat(Enumerable.Repeat(opening, levels)) + leaf + string.Concat(Enumerable.Repeat(closing, levels));
}
