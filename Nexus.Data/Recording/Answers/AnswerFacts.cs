using System.Buffers;
using Nexus.Data.Conversations.Hashing;

namespace Nexus.Data.Recording.Answers;

/// <summary>What is read off an answer to be stored in columns of its own.</summary>
/// <remarks>Texts hold U+FFFD where the answer has U+0000 or a surrogate that stands alone.</remarks>
public sealed record AnswerFacts
{
    /// <summary>Tokens of the prompt, those from a cache or for a cache not counted; null where the answer does not tell.
    /// For a call that counts tokens, its count.</summary>
    public int? InputTokens { get; init; }

    /// <summary>Tokens of the answer; null where it does not tell.</summary>
    public int? OutputTokens { get; init; }

    /// <summary>Tokens written to a cache; null where the answer does not tell.</summary>
    public int? CacheCreationInputTokens { get; init; }

    /// <summary>Tokens read from a cache; null where the answer does not tell.</summary>
    public int? CacheReadInputTokens { get; init; }

    /// <summary>The provider's usage object as it is spelled, in UTF-8; null where there is none.</summary>
    public byte[]? UsageJson { get; init; }

    /// <summary>Blocks of type <c>tool_use</c>. Tools that run at the provider's (<c>server_tool_use</c>) do not count.</summary>
    public int ToolCallCount { get; init; }

    /// <summary>The uses of the tools named exactly <c>Task</c> or <c>Agent</c>: a JSON array of objects with id, name and
    /// input, in UTF-8; null where there is none.</summary>
    public byte[]? TaskInvocations { get; init; }

    /// <summary>The model that answered; null where the answer does not tell.</summary>
    public string? Model { get; init; }

    /// <summary>Why the answer ended; null where it does not tell.</summary>
    public string? StopReason { get; init; }

    /// <summary>The provider's id of the answer; null where it does not tell.</summary>
    public string? MessageId { get; init; }

    /// <summary>What went wrong, as "type: message"; null where the answer is no error.</summary>
    public string? Error { get; init; }

    /// <summary>Tokens read and written, as the server would add what may be null: unknown only where neither is
    /// known.</summary>
    internal static int? Total(int? input, int? output)
        => input is null && output is null ? null
            : (int)Math.Min((input ?? 0L) + (output ?? 0L), int.MaxValue);

    /// <summary>Reads a response's body: a message, an error, a count of tokens. Of anything else, and of what is no JSON,
    /// there are no facts; it never throws.</summary>
    public static AnswerFacts Read(ReadOnlySpan<byte> responseBodyUtf8) =>
        JsonSlice.Read(responseBodyUtf8.ToArray()) is { } body ? Read(body) : new AnswerFacts();

    internal static AnswerFacts Read(JsonSlice body)
    {
        var fields = body.Members();
        var usage = TokenUsage.Of(fields);
        var tools = fields["content"].Elements().Select(block => block.Members())
            .Where(block => block["type"].Text() == "tool_use").ToList();
        return new AnswerFacts
        {
            InputTokens = usage.Input,
            OutputTokens = usage.Output,
            CacheCreationInputTokens = usage.CacheCreation,
            CacheReadInputTokens = usage.CacheRead,
            UsageJson = usage.Json,
            ToolCallCount = tools.Count,
            TaskInvocations = TasksAmong(tools),
            Model = fields["model"].StorableText(),
            StopReason = fields["stop_reason"].StorableText(),
            MessageId = fields["id"].StorableText(),
            Error = ErrorOf(fields),
        };
    }

    /// <summary>What an error says: <c>error</c> as an object or as a text, whether or not <c>type</c> says so too.</summary>
    internal static string? ErrorOf(JsonMembers fields)
    {
        var error = fields["error"];
        if (error.StorableText() is { Length: > 0 } text)
        {
            return text;
        }

        var parts = error.Members();
        string?[] said = [parts["type"].StorableText(), parts["message"].StorableText()];
        var words = string.Join(": ", said.Where(part => !string.IsNullOrEmpty(part)));
        return words.Length > 0 ? words
            : error.Kind == JsonKind.Object || fields["type"].Text() == "error" ? "error"
            : null;
    }

    private static byte[]? TasksAmong(List<JsonMembers> tools)
    {
        var tasks = tools.Where(tool => tool["name"].Text() is "Task" or "Agent").ToList();
        if (tasks.Count == 0)
        {
            return null;
        }

        var output = new ArrayBufferWriter<byte>();
        var opening = "["u8;
        foreach (var task in tasks)
        {
            output.Write(opening);
            new JsonMembers(task.Where(member => member.Key is "id" or "name" or "input")).WriteTo(output);
            opening = ","u8;
        }

        output.Write("]"u8);
        return output.WrittenSpan.ToArray();
    }
}
