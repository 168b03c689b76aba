using System.Text;
using System.Text.Json;
using Nexus.Data.Conversations.Hashing;
using Nexus.Data.Recording.Answers;

namespace Nexus.Data.Tests.Recording.Answers;

/// <summary>Short ways to stream and to compare answers.</summary>
internal static class Answers
{
    private static readonly JsonDocumentOptions _anyDepth = new() { MaxDepth = int.MaxValue };

    public static StreamEvent[] Events(params IEnumerable<string> json) =>
        [.. json.Select((data, index) => new StreamEvent(index, DateTimeOffset.UnixEpoch, data))];

    public static StreamedAnswer Stream(params IEnumerable<string> json) => StreamedAnswer.Of(Events(json));

    /// <summary>The body that the stream of one block gives.</summary>
    public static string Block(string start, params IEnumerable<string> deltas) => Text(Stream(
    [
        """{"type":"message_start","message":{"content":[]}}""",
        $$"""{"type":"content_block_start","index":0,"content_block":{{start}}}""",
        .. deltas.Select(delta => $$"""{"type":"content_block_delta","index":0,"delta":{{delta}}}"""),
    ]));

    public static string Text(StreamedAnswer answer) => Encoding.UTF8.GetString(answer.Body!.Value.Span);

    public static AnswerFacts Facts(string body) => AnswerFacts.Read(Encoding.UTF8.GetBytes(body));

    /// <summary>Everything that facts tell, to be compared.</summary>
    public static object?[] All(AnswerFacts facts) =>
    [
        facts.InputTokens, facts.OutputTokens, facts.CacheCreationInputTokens, facts.CacheReadInputTokens,
        facts.ToolCallCount, facts.Model, facts.StopReason, facts.MessageId, Normal(facts.UsageJson),
        Normal(facts.TaskInvocations),
    ];

    /// <summary>That a body says what the plain answer says: as JSON, in its facts and in its hashes.</summary>
    public static void AssertSame(ReadOnlyMemory<byte>? body, byte[] plain, string? because = null)
    {
        Assert.That(body, Is.Not.Null, because);
        using var actual = JsonDocument.Parse(body!.Value, _anyDepth);
        using var expected = JsonDocument.Parse(plain, _anyDepth);
        var hashes = AnswerHasher.Hash(body.Value.Span);
        var plainHashes = AnswerHasher.Hash(plain);
        Assert.Multiple(() =>
        {
            Assert.That(
                JsonElement.DeepEquals(actual.RootElement, expected.RootElement),
                $"{because}\n{Encoding.UTF8.GetString(body.Value.Span)}\n{Encoding.UTF8.GetString(plain)}");
            Assert.That(All(AnswerFacts.Read(body.Value.Span)), Is.EqualTo(All(AnswerFacts.Read(plain))), because);
            Assert.That(hashes.AnswerHash, Is.EqualTo(plainHashes.AnswerHash), because);
            Assert.That(
                hashes.PromptedTasks.Select(task => (task.ToolUseId, task.Prompt)),
                Is.EqualTo(plainHashes.PromptedTasks.Select(task => (task.ToolUseId, task.Prompt))), because);
        });
    }

    // Both spellings of one value are printed alike.
    private static string? Normal(byte[]? json) => json is null ? null : JsonSerializer.Serialize(
        JsonSerializer.Deserialize<JsonElement>(json).EnumerateIfObject());

    private static object EnumerateIfObject(this JsonElement element) => element.ValueKind == JsonValueKind.Object
        ? element.EnumerateObject().OrderBy(member => member.Name, StringComparer.Ordinal)
            .Select(member => $"{member.Name}={Normal(Encoding.UTF8.GetBytes(member.Value.GetRawText()))}").ToList()
        : element.ValueKind == JsonValueKind.Array
            ? element.EnumerateArray().Select(item => Normal(Encoding.UTF8.GetBytes(item.GetRawText()))).ToList()
            : element;
}
