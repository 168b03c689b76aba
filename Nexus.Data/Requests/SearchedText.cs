using System.Data.Common;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Nexus.Data.Conversations.Hashing;
using Nexus.Data.Persistence;

namespace Nexus.Data.Requests;

/// <summary>What a request adds to its conversation, as a text to search by: what is said in its new messages and in its
/// answer. Not what tools were given or gave, thinking, or a client's reminders.</summary>
internal static class SearchedText
{
    /// <summary>The most characters of a request's messages, and of its answer: what pages of pasted logs say is no reason to
    /// make each request slow to write.</summary>
    public const int MostCharacters = 8_000;

    /// <summary>The text of a request; empty where nothing is said.</summary>
    public static string Of(ApiRequest request) => Of(request.Body, request.ResponseBody);

    /// <summary>The same, of two columns of a row: body and answer as UTF-8.</summary>
    public static string Read(DbDataReader row, int column)
    {
        return Of(Bytes(column), Bytes(column + 1));

        byte[]? Bytes(int place) => row.IsDBNull(place) ? null : row.GetFieldValue<byte[]>(place);
    }

    /// <summary>Whether there is something that it could say.</summary>
    public static bool MayBeIn(ApiRequest request) => request.Body is not null || request.ResponseBody is not null;

    /// <summary>Whether a tracked request says something else than it did.</summary>
    public static bool HasChanged(EntityEntry<ApiRequest> request)
        => request.Property(row => row.Body).IsModified || request.Property(row => row.ResponseBody).IsModified;

    /// <summary>The same, of what is stored of it.</summary>
    /// <param name="body">The request's body; null for none.</param>
    /// <param name="answer">The answer's; null for none.</param>
    public static string Of(byte[]? body, byte[]? answer)
    {
        var parts = new List<string>();
        if (body is not null)
        {
            parts.AddRange(Said(NewMessages(BodyMessages.Of(body))));
        }

        if (answer is not null && Cut(string.Join("\n\n", AnswerHasher.ReadTexts(answer)), MostCharacters) is { Length: > 0 } said)
        {
            parts.Add(said);
        }

        return StoredText.Of(string.Join("\n\n", parts));
    }

    // What follows the last answer that the body repeats; what the client has begun for the assistant, at the very end, is no
    // answer. By the body alone, so that it stays true whatever the request is linked to.
    private static IReadOnlyList<ReadOnlyMemory<byte>> NewMessages(
        IReadOnlyList<(string? Role, ReadOnlyMemory<byte> Json)> messages)
    {
        var first = messages.Count;
        while (first > 0 && messages[first - 1].Role == "assistant")
        {
            first--;
        }

        while (first > 0 && messages[first - 1].Role != "assistant")
        {
            first--;
        }

        return [.. messages.Skip(first).Select(message => message.Json)];
    }

    // The newest messages where not all fit, and of each its beginning; in their order.
    private static List<string> Said(IReadOnlyList<ReadOnlyMemory<byte>> messages)
    {
        var texts = new List<string>();
        var left = MostCharacters;
        for (var place = messages.Count - 1; place >= 0 && left > 0; place--)
        {
            if (new BodyMessage(place, null, messages[place], null).Read().Text is { } text)
            {
                texts.Add(Cut(text, left));
                left -= texts[^1].Length;
            }
        }

        texts.Reverse();
        return texts;
    }

    private static string Cut(string text, int length) => text.Length <= length ? text : text[..length];
}
