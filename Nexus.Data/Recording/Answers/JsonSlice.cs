using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Nexus.Data.Conversations.Hashing;

namespace Nexus.Data.Recording.Answers;

/// <summary>
/// A value in a JSON text that was checked, as it is spelled there. The default is no value, which is read as null.
/// </summary>
/// <param name="Source">The whole text.</param>
/// <param name="Start">Where the value begins.</param>
/// <param name="End">Where it has ended.</param>
internal readonly record struct JsonSlice(ReadOnlyMemory<byte> Source, int Start, int End)
{
    // Readers keep their levels in memory, not on the stack.
    private static readonly JsonReaderOptions _anyDepth = new() { MaxDepth = int.MaxValue };

    public bool IsMissing => End == 0;

    public JsonKind Kind => IsMissing
        ? JsonKind.Null
        : Source.Span[Start] switch
        {
            (byte)'{' => JsonKind.Object,
            (byte)'[' => JsonKind.Array,
            (byte)'"' => JsonKind.String,
            (byte)'t' => JsonKind.True,
            (byte)'f' => JsonKind.False,
            (byte)'n' => JsonKind.Null,
            _ => JsonKind.Number,
        };

    public ReadOnlySpan<byte> Bytes => Source.Span[Start..End];

    /// <summary>A string between its quotes, with its escapes.</summary>
    public ReadOnlySpan<byte> Raw => Source.Span[(Start + 1)..(End - 1)];

    /// <summary>The value of a JSON text; null where it is none. Bytes that are no UTF-8 are read as U+FFFD.</summary>
    public static JsonSlice? Read(ReadOnlyMemory<byte> utf8)
    {
        var source = WellFormed(utf8);
        var reader = new Utf8JsonReader(source.Span, _anyDepth);
        try
        {
            reader.Read();
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            var end = (int)reader.BytesConsumed;

            // Finds the end, or breaks at what follows.
            reader.Read();
            return new JsonSlice(source, start, end);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>A value that its writer knows to be one.</summary>
    public static JsonSlice Of(ReadOnlyMemory<byte> json) => new(json, 0, json.Length);

    /// <summary>The members of an object, the last of equal ones; of anything else there are none.</summary>
    public JsonMembers Members()
    {
        var members = new JsonMembers();
        if (Kind != JsonKind.Object)
        {
            return members;
        }

        var reader = new Utf8JsonReader(Bytes, _anyDepth);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var nameStart = Start + (int)reader.TokenStartIndex;
            var name = new JsonSlice(Source, nameStart, nameStart + reader.ValueSpan.Length + 2);
            reader.Read();
            members.Set(name, Pass(ref reader));
        }

        return members;
    }

    /// <summary>The elements of an array; of anything else there are none.</summary>
    public List<JsonSlice> Elements()
    {
        var elements = new List<JsonSlice>();
        if (Kind == JsonKind.Array)
        {
            var reader = new Utf8JsonReader(Bytes, _anyDepth);
            reader.Read();
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                elements.Add(Pass(ref reader));
            }
        }

        return elements;
    }

    /// <summary>A string's text, in which a surrogate may stand alone; null for anything else.</summary>
    public string? Text() => Kind == JsonKind.String ? JsonStrings.Read(Raw) : null;

    /// <summary>A string's text as a database takes it, with U+FFFD for U+0000 and for surrogates that stand alone; null
    /// for anything else.</summary>
    public string? StorableText() => Text() is { } text
        ? Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)).Replace('\0', '\uFFFD')
        : null;

    /// <summary>A whole number, brought into the range of the type; null for anything else.</summary>
    public int? Integer() => Kind == JsonKind.Number
        && double.Parse(Bytes, NumberStyles.Float, CultureInfo.InvariantCulture) is var number
        && (double.IsInteger(number) || double.IsInfinity(number))
            ? (int)Math.Clamp(number, int.MinValue, int.MaxValue)
            : null;

    private static ReadOnlyMemory<byte> WellFormed(ReadOnlyMemory<byte> utf8)
    {
        if (utf8.Span.StartsWith("\uFEFF"u8))
        {
            utf8 = utf8[3..];
        }

        return Utf8.IsValid(utf8.Span) ? utf8 : Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(utf8.Span));
    }

    private JsonSlice Pass(ref Utf8JsonReader reader)
    {
        var start = Start + (int)reader.TokenStartIndex;
        reader.Skip();
        return new JsonSlice(Source, start, Start + (int)reader.BytesConsumed);
    }
}
