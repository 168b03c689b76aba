using System.Text;
using Nexus.Data.Conversations.Hashing;
using Nexus.Data.Requests;

namespace Nexus.Data.Conversations.Browsing;

/// <summary>Sets requests side by side. Asks no database.</summary>
internal static class RequestComparison
{
    public static RequestDetails Details(ApiRequest request, ApiRequest? parent, int chunkCount)
    {
        var inherited = parent?.GetBody() is { } body ? BodyParts.Of(body).Messages : null;
        var messages = MessageHistory.NewMessages(
            BodyParts.Of(request.GetBody()).Messages, inherited, parent?.GetResponseBody());
        return new()
        {
            Request = ConversationNode.Of(request),
            ConversationId = request.ConversationId,
            Method = request.Method,
            Path = request.Path,
            Headers = request.Headers,
            ResponseHeaders = request.ResponseHeaders,
            ApiKeyId = request.ApiKeyId,
            IpAddress = request.IpAddress,
            ResponseStreaming = request.ResponseStreaming,
            UsageData = request.UsageData,
            Body = request.GetBody(),
            ResponseBody = request.GetResponseBody(),
            BodyIsGone = IsBodyGone(request),
            ChunkCount = chunkCount,
            NewMessages = [.. messages.Select(HistoryMessage.Of)],
        };
    }

    public static RequestDiff Diff(ApiRequest first, ApiRequest second)
    {
        var (one, other) = (BodyParts.Of(first.GetBody()), BodyParts.Of(second.GetBody()));
        var (inFirst, inSecond) = MessageHistory.CommonBeginning(one.Messages, other.Messages);
        return new()
        {
            FirstRequestId = first.RequestId,
            SecondRequestId = second.RequestId,
            FirstBodyIsGone = IsBodyGone(first),
            SecondBodyIsGone = IsBodyGone(second),
            CommonMessages = inFirst,
            OnlyFirst = After(one, inFirst),
            OnlySecond = After(other, inSecond),
            IsSameSystem = one.StableSystemHash.AsSpan().SequenceEqual(other.StableSystemHash),
            FirstSystem = one.System,
            SecondSystem = other.System,
            ToolsAdded = Sorted(other.Tools.Keys.Except(one.Tools.Keys)),
            ToolsRemoved = Sorted(one.Tools.Keys.Except(other.Tools.Keys)),
            ToolsChanged = Sorted(one.Tools
                .Where(tool => other.Tools.TryGetValue(tool.Key, out var digest) && !tool.Value.AsSpan().SequenceEqual(digest))
                .Select(tool => tool.Key)),
            Parameters = Differences(one, other),
        };
    }

    // Whoever has pruned bodies leaves the number of messages.
    private static bool IsBodyGone(ApiRequest request) => request.GetBody() is null && request.MessageCount > 0;

    private static HistoryMessage[] After(BodyParts body, int count)
        => [.. body.Messages.Skip(count).Where(message => !message.IsBlank).Select(HistoryMessage.Of)];

    private static string[] Sorted(IEnumerable<string> names) => [.. names.Order(StringComparer.Ordinal)];

    private static ParameterDifference[] Differences(BodyParts one, BodyParts other)
        =>
        [
            .. from name in one.Parameters.Keys.Union(other.Parameters.Keys).Order(StringComparer.Ordinal)
               let first = Find(one, name)
               let second = Find(other, name)
               where first is null || second is null || !first.Value.Digest.AsSpan().SequenceEqual(second.Value.Digest)
               select new ParameterDifference(name, Text(first), Text(second)),
        ];

    private static (ReadOnlyMemory<byte> Json, byte[] Digest)? Find(BodyParts body, string name)
        => body.Parameters.TryGetValue(name, out var found) ? found : null;

    private static string? Text((ReadOnlyMemory<byte> Json, byte[] Digest)? parameter)
        => parameter is { } there ? Encoding.UTF8.GetString(there.Json.Span) : null;
}
