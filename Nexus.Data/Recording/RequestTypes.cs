using System.Text;
using System.Text.Json;
using Nexus.Data.Conversations.Hashing;

namespace Nexus.Data.Recording;

/// <summary>What kinds of calls there are, by the words that <c>request_type</c> holds.</summary>
public static class RequestTypes
{
    /// <summary>A turn of a session: two system prompts or more.</summary>
    public const string Inference = "inference";

    /// <summary>A question beside a session, such as for its title: one system prompt or none.</summary>
    public const string QueryEvaluation = "query_evaluation";

    /// <summary>A client asks whether it has quota left: the user's last message says so in one word.</summary>
    public const string Quota = "quota";

    /// <summary>A call that counts tokens and has no answer.</summary>
    public const string TokenCount = "token_count";

    /// <summary>Tells a call's kind from its path and its body. Bodies of whatever shape are taken.</summary>
    /// <param name="path">The path as it was called; a query string does not count.</param>
    /// <param name="bodyUtf8">The request's body.</param>
    /// <returns>One of the words above; null where the body is no JSON or has no messages.</returns>
    public static string? Of(string path, ReadOnlySpan<byte> bodyUtf8)
    {
        ArgumentNullException.ThrowIfNull(path);

        return IsTokenCount(path) ? TokenCount : Of(bodyUtf8);
    }

    private static bool IsTokenCount(ReadOnlySpan<char> path)
    {
        var end = path.IndexOfAny('?', '#');
        return (end < 0 ? path : path[..end]).TrimEnd('/').EndsWith("/count_tokens", StringComparison.Ordinal);
    }

    private static string? Of(ReadOnlySpan<byte> bodyUtf8)
    {
        using var tape = new JsonTape(bodyUtf8);
        try
        {
            tape.Load();
            tape.TakeEnd();
        }
        catch (JsonException)
        {
            return null;
        }

        var messages = tape.Find(0, "messages"u8);
        if (tape.Kind(messages) != JsonKind.Array || tape.Next(messages) == messages + 1)
        {
            return null;
        }

        var prompts = CountSystem(tape, tape.Find(0, "system"u8));
        var lastOfUser = JsonTape.Missing;
        var end = tape.Next(messages);
        for (var message = messages + 1; message < end; message = tape.Next(message))
        {
            var fields = new MessageFields(tape, message);
            if (tape.Is(fields.Role, "system"u8))
            {
                prompts++;
            }
            else if (tape.Is(fields.Role, "user"u8))
            {
                lastOfUser = message;
            }
        }

        return AsksForQuota(tape, new MessageFields(tape, lastOfUser).Content) ? Quota
            : prompts >= 2 ? Inference
            : QueryEvaluation;
    }

    private static int CountSystem(JsonTape tape, int system)
    {
        if (tape.Kind(system) == JsonKind.String)
        {
            return tape.Raw(system).IsEmpty ? 0 : 1;
        }

        var count = 0;
        if (tape.Kind(system) == JsonKind.Array)
        {
            var end = tape.Next(system);
            for (var block = system + 1; block < end; block = tape.Next(block))
            {
                count++;
            }
        }

        return count;
    }

    private static bool AsksForQuota(JsonTape tape, int content)
    {
        using var text = new PooledBuffer();
        if (tape.Kind(content) == JsonKind.String)
        {
            text.Append(tape.Text(content, out _));
        }
        else if (tape.Kind(content) == JsonKind.Array)
        {
            var end = tape.Next(content);
            for (var block = content + 1; block < end; block = tape.Next(block))
            {
                var fields = new MessageFields(tape, block);
                if (tape.Is(fields.Type, "text"u8))
                {
                    text.Append((byte)'\n');
                    text.Append(tape.Kind(fields.Text) == JsonKind.String ? tape.Text(fields.Text, out _) : default);
                }
            }
        }

        // No letter outside of ASCII has one of these as its lower case.
        return Ascii.EqualsIgnoreCase(JavaScriptText.Trim(text.Written), "quota"u8);
    }
}
