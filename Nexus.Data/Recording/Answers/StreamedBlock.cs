using System.Buffers;
using Nexus.Data.Conversations.Hashing;

namespace Nexus.Data.Recording.Answers;

/// <summary>A block of a streamed answer, as it grows.</summary>
/// <remarks>
/// Texts are joined as they are spelled, escapes and all, so that a pair of surrogates that was parted between two
/// events is one again.
/// </remarks>
internal sealed class StreamedBlock(int index, JsonMembers start)
{
    private readonly Dictionary<string, ArrayBufferWriter<byte>> _texts = [];
    private readonly List<JsonSlice> _citations = [];
    private ArrayBufferWriter<byte>? _input;

    /// <summary>Its place in the answer.</summary>
    public int Index => index;

    /// <summary>A block whose start was not seen, as far as its first delta tells; null where it does not.</summary>
    public static StreamedBlock? Without(int index, JsonSlice delta)
    {
        var type = delta.Members()["type"].Text() switch
        {
            "text_delta" or "citations_delta" => "text",
            "thinking_delta" or "signature_delta" => "thinking",
            "input_json_delta" => "tool_use",
            _ => null,
        };
        if (type is null)
        {
            return null;
        }

        var start = new JsonMembers();
        start.Set("type", JsonSlice.Of(JsonStrings.Quote(type)));
        return new StreamedBlock(index, start);
    }

    /// <summary>Takes a delta. Of one that is not known, texts are joined and other values replace earlier ones.</summary>
    public void Take(JsonSlice delta)
    {
        foreach (var (name, value) in delta.Members())
        {
            switch (name)
            {
                case "type":
                    break;
                case "partial_json" when value.Kind == JsonKind.String:
                    (_input ??= new ArrayBufferWriter<byte>()).Write(value.Raw);
                    break;
                case "citation" when value.Kind == JsonKind.Object:
                    _citations.Add(value);
                    break;
                case "signature":
                    start.Merge([new(name, value)]);
                    break;
                default:
                    Join(name, value);
                    break;
            }
        }
    }

    /// <summary>The block as the plain answer has it; null for a text block without text, which that has not.</summary>
    public JsonMembers? Build()
    {
        foreach (var (name, text) in _texts)
        {
            start.Set(name, Quoted(text));
        }

        if (_input is not null)
        {
            start.Set("input", InputOf(_input));
        }

        if (_citations.Count > 0)
        {
            start.Set("citations", ArrayOf([.. start["citations"].Elements(), .. _citations]));
        }

        var isEmpty = start["type"].Text() == "text" && start["text"] is { Kind: JsonKind.String, Raw.IsEmpty: true }
            && _citations.Count == 0;
        return isEmpty ? null : start;
    }

    /// <summary>Values as an array.</summary>
    public static JsonSlice ArrayOf(List<JsonSlice> values)
    {
        var output = new ArrayBufferWriter<byte>();
        output.Write("["u8);
        foreach (var value in values)
        {
            output.Write(output.WrittenCount > 1 ? ","u8 : default);
            output.Write(value.Bytes);
        }

        output.Write("]"u8);
        return JsonSlice.Of(output.WrittenMemory);
    }

    private void Join(string name, JsonSlice value)
    {
        if (value.Kind != JsonKind.String)
        {
            start.Merge([new(name, value)]);
            return;
        }

        if (!_texts.TryGetValue(name, out var text))
        {
            _texts.Add(name, text = new ArrayBufferWriter<byte>());
            text.Write(start[name].Kind == JsonKind.String ? start[name].Raw : default);
        }

        text.Write(value.Raw);
    }

    // A tool without input has a delta that is empty, or none.
    private JsonSlice InputOf(ArrayBufferWriter<byte> raw)
    {
        var json = JsonStrings.Read(raw.WrittenSpan);
        if (string.IsNullOrWhiteSpace(json))
        {
            return start["input"].IsMissing ? JsonSlice.Of("{}"u8.ToArray()) : start["input"];
        }

        if (JsonSlice.Read(JsonStrings.ToUtf8(json)) is { } input)
        {
            return input;
        }

        var kept = new JsonMembers();
        kept.Set("_raw", Quoted(raw));
        return kept.ToObject();
    }

    private static JsonSlice Quoted(ArrayBufferWriter<byte> raw)
    {
        var quoted = new byte[raw.WrittenCount + 2];
        quoted[0] = quoted[^1] = (byte)'"';
        raw.WrittenSpan.CopyTo(quoted.AsSpan(1));
        return JsonSlice.Of(quoted);
    }
}
