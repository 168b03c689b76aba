using Nexus.Data.Conversations.Hashing;

namespace Nexus.Data.Recording.Answers;

/// <summary>A part of a block's text that one event brings.</summary>
/// <param name="EventIndex">The event's index.</param>
/// <param name="Text">The part; it may begin or end within a pair of surrogates.</param>
internal readonly record struct StreamPiece(int EventIndex, string Text);

/// <summary>
/// The texts of a streamed answer in the pieces that they came in, so that what is to be masked is found where it was
/// parted between events too: text, thinking, the JSON of a tool's input, and a summary's content.
/// </summary>
internal static class StreamPieces
{
    // An event brings one of them.
    private static readonly string[] _names = ["text", "thinking", "partial_json", "content"];

    /// <summary>The pieces of each block, joined its whole text. Events are taken in the order of their indexes, each
    /// index once; what is no JSON has no pieces.</summary>
    /// <returns>The blocks that have pieces, in the order in which they began; those of several tries at the answer
    /// too.</returns>
    public static IReadOnlyList<IReadOnlyList<StreamPiece>> Of(IEnumerable<StreamEvent> events)
    {
        ArgumentNullException.ThrowIfNull(events);

        var blocks = new List<List<StreamPiece>>();
        var newest = new Dictionary<int, List<StreamPiece>>();
        foreach (var item in StreamEvent.InOrder(events))
        {
            if (JsonSlice.Read(item.Data) is not { } json)
            {
                continue;
            }

            var fields = json.Members();
            var index = fields["index"].Integer() ?? -1;
            if (!newest.TryGetValue(index, out var pieces) || fields["type"].Text() == "content_block_start")
            {
                newest[index] = pieces = [];
                blocks.Add(pieces);
            }

            if (Find(fields).Text() is { Length: > 0 } text)
            {
                pieces.Add(new StreamPiece(item.Index, text));
            }
        }

        blocks.RemoveAll(pieces => pieces.Count == 0);
        return blocks;
    }

    /// <summary>An event's JSON with another text for its piece, and nothing else changed.</summary>
    /// <returns>The new JSON in UTF-8; a copy of the old one where the event has no piece or is no JSON.</returns>
    public static byte[] Replace(ReadOnlySpan<byte> eventJson, string newText)
    {
        ArgumentNullException.ThrowIfNull(newText);

        var bytes = eventJson.ToArray();
        if (JsonSlice.Read(bytes) is not { } json || Find(json.Members()) is not { IsMissing: false } piece)
        {
            return bytes;
        }

        var whole = json.Source.Span;
        return [.. whole[..piece.Start], .. JsonStrings.Quote(newText), .. whole[piece.End..]];
    }

    /// <summary>Whether an event brings a part of a block, and nothing of usage, errors or the end.</summary>
    public static bool IsContent(StreamEvent item)
        => JsonSlice.Read(item.Data) is not { } json
           || json.Members()["type"].Text() is "ping" or "content_block_start" or "content_block_delta" or "content_block_stop";

    private static JsonSlice Find(JsonMembers fields)
    {
        var place = fields["type"].Text() switch
        {
            "content_block_start" => fields["content_block"].Members(),
            "content_block_delta" => fields["delta"].Members(),
            _ => new JsonMembers(),
        };
        return _names.Select(name => place[name]).FirstOrDefault(value => value.Kind == JsonKind.String);
    }
}
