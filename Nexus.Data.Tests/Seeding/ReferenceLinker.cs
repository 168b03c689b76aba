using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Nexus.Data.Seeding.Traffic;

namespace Nexus.Data.Tests.Seeding;

/// <summary>
/// The rules of linking once more, as plainly as can be and for requests in the order of their times: what the truth
/// that the generator tells is compared with. It knows nothing of the generator but the bytes.
/// </summary>
internal sealed partial class ReferenceLinker
{
    private readonly List<Stored> _stored = [];
    private readonly Dictionary<string, List<Stored>> _byMessages = [];
    private readonly Dictionary<string, List<Prompt>> _prompts = [];
    private readonly List<(string Train, Stored Request, string Text)> _summaries = [];

    public Stored Link(TrafficRequest request)
    {
        using var body = JsonDocument.Parse(request.Body);
        var messages = CountedMessages(body.RootElement);
        var stored = new Stored(
            request, Keys(request.TrainId, messages), SystemOf(body.RootElement), UserOf(body.RootElement),
            AnswerOf(request));
        Place(stored, messages);
        _stored.Add(stored);
        Get(_byMessages, stored.Keys[^1]).Add(stored);
        Remember(stored);
        return stored;
    }

    private void Place(Stored request, List<Message> messages)
    {
        var same = Find(request.Keys[^1]);
        var isOpening = messages.Count == 1 && messages[0].IsText;
        var retried = same.FirstOrDefault(other => IsKnownFailure(other, request));
        if (retried is null && isOpening && TakePrompt(request, messages[0].Text) is { } asked)
        {
            request.Follow(asked);
            return;
        }

        retried ??= same.FirstOrDefault(other => IsSameCall(other, request)
            && (messages.Count > 1 && other.Parent is not null || IsSilent(other, request)));
        if (retried is not null)
        {
            request.Repeat(retried);
            return;
        }

        for (var count = messages.Count - 1; count > 0; count--)
        {
            var candidates = Find(request.Keys[count - 1]);
            if (candidates.Count == 0)
            {
                continue;
            }

            var next = messages[count];
            request.Follow(
                candidates.FindLast(other => other.Answer == next.Canonical)
                ?? candidates.FindLast(other => other.System == request.System)
                ?? candidates[^1]);
            return;
        }

        if (SummaryOf(messages[0].Text) is { } summary
            && _summaries.FindLast(held => held.Train == request.Request.TrainId
                && held.Text.Contains(summary, StringComparison.Ordinal)) is { Request: { } summarized })
        {
            request.Follow(summarized);
        }
    }

    private List<Stored> Find(string key) => _byMessages.TryGetValue(key, out var found) ? found : [];

    private static bool IsSameCall(Stored other, Stored request) =>
        other.System == request.System && other.Request.Model == request.Request.Model;

    private static bool IsKnownFailure(Stored other, Stored request) =>
        IsSameCall(other, request) && IsRecent(other, request)
        && other.Request is { ResponseStatus: not (>= 200 and < 300) and not null }
        && other.Request.CompletedAt <= request.Request.Timestamp;

    private static bool IsSilent(Stored other, Stored request) =>
        IsRecent(other, request) && other.User is not null && other.User == request.User
        && (other.Request.CompletedAt is null || other.Request.CompletedAt > request.Request.Timestamp);

    private static bool IsRecent(Stored other, Stored request) =>
        request.Request.Timestamp - other.Request.Timestamp <= TimeSpan.FromMinutes(10);

    private Stored? TakePrompt(Stored request, string text)
    {
        if (!_prompts.TryGetValue(request.Request.TrainId + text, out var prompts))
        {
            return null;
        }

        var prompt = prompts.FindLast(prompt => !prompt.IsTaken
            && request.Request.Timestamp - prompt.Request.Request.Timestamp <= TimeSpan.FromHours(24));
        prompt?.IsTaken = true;
        return prompt?.Request;
    }

    private void Remember(Stored stored)
    {
        if (stored.Request.ResponseBody is null || stored.Request.ResponseStatus != 200)
        {
            return;
        }

        using var answer = JsonDocument.Parse(stored.Request.ResponseBody);
        foreach (var block in answer.RootElement.GetProperty("content").EnumerateArray())
        {
            if (block.GetProperty("type").GetString() == "text")
            {
                _summaries.Add((stored.Request.TrainId, stored, Normal(block.GetProperty("text").GetString()!)));
            }
            else if (block.TryGetProperty("name", out var name) && name.GetString() is "Task" or "Agent")
            {
                var text = Text(block.GetProperty("input").GetProperty("prompt").GetString()!);
                Get(_prompts, stored.Request.TrainId + text).Add(new Prompt(stored));
            }
        }
    }

    private static List<Message> CountedMessages(JsonElement body)
    {
        var messages = new List<Message>();
        foreach (var message in body.GetProperty("messages").EnumerateArray())
        {
            var role = message.GetProperty("role").GetString()!;
            var blocks = role == "system" ? [] : Blocks(message.GetProperty("content"));
            if (blocks.Count > 0)
            {
                var isText = role == "user"
                    && blocks.TrueForAll(block => block.StartsWith("text:", StringComparison.Ordinal));
                var text = string.Join('\n', blocks.Select(block => block[(block.IndexOf(':') + 1)..]));
                messages.Add(new Message(role + "\n" + string.Join('\n', blocks), text, isText));
            }
        }

        return messages;
    }

    private static List<string> Blocks(JsonElement content)
    {
        if (content.ValueKind == JsonValueKind.String)
        {
            return ["text:" + Text(content.GetString()!)];
        }

        var blocks = new List<string>();
        foreach (var block in content.EnumerateArray())
        {
            var type = block.GetProperty("type").GetString();
            var text = type switch
            {
                "text" => Text(block.GetProperty("text").GetString()!),
                "tool_use" => block.GetProperty("id").GetString() + block.GetProperty("input").GetRawText(),
                "tool_result" => block.GetProperty("tool_use_id").GetString()
                    + string.Join('\n', Blocks(block.GetProperty("content"))),
                "thinking" => "",
                _ => throw new NotSupportedException(type),
            };
            if (text.Length > 0)
            {
                blocks.Add($"{type}:{text}");
            }
        }

        return blocks;
    }

    private static string[] Keys(string train, List<Message> messages)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(train));
        return
        [
            .. messages.Select(message =>
            {
                hash.AppendData(Encoding.UTF8.GetBytes(message.Canonical + "\0"));
                return Convert.ToHexString(hash.GetCurrentHash());
            }),
        ];
    }

    private static string SystemOf(JsonElement body)
    {
        var system = body.GetProperty("system");
        var text = system.ValueKind == JsonValueKind.String
            ? system.GetString()!
            : string.Join('\n', system.EnumerateArray().Select(block => block.GetProperty("text").GetString()));
        return Changing().Replace(text, "").Trim();
    }

    private static string? UserOf(JsonElement body) =>
        body.TryGetProperty("metadata", out var metadata) ? metadata.GetProperty("user_id").GetString() : null;

    private static string? AnswerOf(TrafficRequest request)
    {
        if (request.ResponseBody is null || request.ResponseStatus != 200)
        {
            return null;
        }

        using var answer = JsonDocument.Parse(request.ResponseBody);
        return "assistant\n" + string.Join('\n', Blocks(answer.RootElement.GetProperty("content")));
    }

    private static string? SummaryOf(string text)
    {
        if (!text.StartsWith("This session is being continued from a previous conversation", StringComparison.Ordinal))
        {
            return null;
        }

        var match = Summary().Match(text);
        return match.Success ? Normal(match.Groups[1].Value) : null;
    }

    private static string Normal(string text) => Spaces().Replace(text, " ").Trim();

    private static string Text(string text) => Reminder().Replace(text, "").Trim();

    private static List<T> Get<T>(Dictionary<string, List<T>> lists, string key)
    {
        if (!lists.TryGetValue(key, out var list))
        {
            lists[key] = list = [];
        }

        return list;
    }

    [GeneratedRegex(@"\s*<system-reminder>.*?</system-reminder>", RegexOptions.Singleline)]
    private static partial Regex Reminder();

    [GeneratedRegex(
        @"x-anthropic-billing-header:[^\n]*\n?|Today's date:[^\n]*\n|gitStatus:.*", RegexOptions.Singleline)]
    private static partial Regex Changing();

    [GeneratedRegex(
        @"(?:The conversation is summarized below:|\nSummary:)\n(.*?)\n+(?:Please continue the conv|If you need spec)",
        RegexOptions.Singleline)]
    private static partial Regex Summary();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();

    internal sealed record Stored(TrafficRequest Request, string[] Keys, string System, string? User, string? Answer)
    {
        public Guid Conversation { get; private set; } = Request.RequestId;

        public Guid? Parent { get; private set; }

        public Guid? RetryOf { get; private set; }

        public void Follow(Stored parent) => (Parent, Conversation) = (parent.Request.RequestId, parent.Conversation);

        public void Repeat(Stored first) =>
            (Parent, Conversation, RetryOf) =
            (first.Parent, first.Conversation, first.RetryOf ?? first.Request.RequestId);
    }

    private sealed record Message(string Canonical, string Text, bool IsText);

    private sealed record Prompt(Stored Request)
    {
        public bool IsTaken { get; set; }
    }
}
