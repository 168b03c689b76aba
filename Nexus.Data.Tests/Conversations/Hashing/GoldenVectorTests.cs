using System.Text;
using System.Text.Json;
using Nexus.Data.Conversations.Hashing;

namespace Nexus.Data.Tests.Conversations.Hashing;

/// <summary>The original's hashes of the golden inputs.</summary>
public sealed class GoldenVectorTests
{
    private static readonly Lazy<JsonElement> _vectors = new(ReadVectors);

    [TestCaseSource(nameof(MessageVectors))]
    public void Messages_hash_as_the_original_hashes_them(JsonElement vector)
    {
        var messages = vector.TryGetProperty("rawMessages", out var raw)
            ? raw.GetString()!
            : vector.GetProperty("messages").GetRawText();

        var hashes = RequestHasher.Hash(Encoding.UTF8.GetBytes($$"""{"messages":{{messages}}}"""));

        var isInvalid = vector.TryGetProperty("invalid", out _);
        Assert.Multiple(() =>
        {
            Assert.That(hashes.CurrentMessageHash, Is.EqualTo(vector.GetProperty("hash").GetString()));
            Assert.That(hashes.ParentMessageHash, Is.EqualTo(Text(vector, "parentHash")));
            Assert.That(hashes.GrandparentMessageHash, Is.EqualTo(Text(vector, "grandparentHash")));
            Assert.That(hashes.KeptMessages, Is.EqualTo(isInvalid ? 0 : vector.GetProperty("kept").GetInt32()));
            Assert.That(hashes.CompatibleError, isInvalid ? Is.Not.Empty : Is.Null);
        });
    }

    [TestCaseSource(nameof(SystemVectors))]
    public void System_prompts_hash_as_the_original_hashes_them(JsonElement vector)
    {
        var body = $$"""{"messages":[],"system":{{vector.GetProperty("system").GetRawText()}}}""";

        var hashes = RequestHasher.Hash(Encoding.UTF8.GetBytes(body));

        Assert.That(hashes.SystemHash, Is.EqualTo(vector.GetProperty("hash").GetString()));
    }

    [Test]
    public void All_vectors_are_there() =>
        Assert.That((MessageVectors().Count(), SystemVectors().Count()), Is.EqualTo((73, 29)));

    private static IEnumerable<TestCaseData> MessageVectors() => Vectors("messages");

    private static IEnumerable<TestCaseData> SystemVectors() => Vectors("system");

    private static IEnumerable<TestCaseData> Vectors(string kind) =>
        from vector in _vectors.Value.GetProperty(kind).EnumerateArray()
        select new TestCaseData(vector).SetArgDisplayNames(vector.GetProperty("name").GetString()!);

    private static string? Text(JsonElement vector, string name) =>
        vector.TryGetProperty(name, out var value) ? value.GetString() : null;

    private static JsonElement ReadVectors()
    {
        var path = Path.Combine(TestContext.CurrentContext.TestDirectory, "Golden", "hash-vectors.json");
        using var document = JsonDocument.Parse(File.ReadAllBytes(path));
        return document.RootElement.Clone();
    }
}
