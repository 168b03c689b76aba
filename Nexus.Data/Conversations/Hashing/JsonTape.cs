using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Nexus.Data.Conversations.Hashing;

/// <summary>
/// One JSON value at a time, as a flat list of its tokens: members can be taken in any order without reading the bytes
/// again, and depth costs a token, never a stack frame.
/// </summary>
internal sealed class JsonTape : IDisposable
{
    /// <summary>Where a name or value that is not there stands.</summary>
    public const int Missing = -1;

    private readonly byte[] _bytes;
    private readonly int _length;
    private readonly PooledBuffer _texts = new();
    private readonly List<Escaped> _escaped = [];
    private Token[] _tokens = ArrayPool<Token>.Shared.Rent(256);
    private int _count;

    /// <summary>
    /// Takes a copy of a JSON text. A byte order mark is dropped, bytes that are no UTF-8 become U+FFFD.
    /// </summary>
    public JsonTape(ReadOnlySpan<byte> utf8)
    {
        if (utf8.StartsWith("\uFEFF"u8))
        {
            utf8 = utf8[3..];
        }

        if (Utf8.IsValid(utf8))
        {
            _bytes = ArrayPool<byte>.Shared.Rent(utf8.Length);
            _length = utf8.Length;
            utf8.CopyTo(_bytes);
        }
        else
        {
            var text = Encoding.UTF8.GetString(utf8);
            _bytes = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetByteCount(text));
            _length = Encoding.UTF8.GetBytes(text, _bytes);
        }
    }

    /// <summary>A reader over the whole text, of any depth.</summary>
    public Utf8JsonReader Read() => Read(.._length);

    /// <summary>Replaces the tokens by those of the value in <paramref name="range"/>.</summary>
    public void Load(Range range)
    {
        var (offset, _) = range.GetOffsetAndLength(_length);
        var reader = Read(range);
        reader.Read();
        Load(ref reader, offset);
    }

    /// <summary>
    /// Replaces the tokens by those of the value whose first token was read, and reads on to its last.
    /// </summary>
    public void Load(ref Utf8JsonReader reader) => Load(ref reader, offset: 0);

    /// <summary>What the token is; a name is a string; <see cref="JsonKind.Null"/> where it is missing.</summary>
    public JsonKind Kind(int token) => token == Missing
        ? JsonKind.Null
        : _bytes[_tokens[token].Start] switch
        {
            (byte)'"' => JsonKind.String,
            (byte)'{' => JsonKind.Object,
            (byte)'[' => JsonKind.Array,
            (byte)'t' => JsonKind.True,
            (byte)'f' => JsonKind.False,
            (byte)'n' => JsonKind.Null,
            _ => JsonKind.Number,
        };

    /// <summary>The token after the value that begins at <paramref name="token"/>.</summary>
    public int Next(int token) =>
        _bytes[_tokens[token].Start] is (byte)'{' or (byte)'[' ? _tokens[token].End : token + 1;

    /// <summary>Whether a string has escapes.</summary>
    public bool IsEscaped(int token) => _tokens[token].End < 0;

    /// <summary>A string between its quotes, with its escapes; or a number as it is spelled.</summary>
    public ReadOnlySpan<byte> Raw(int token)
    {
        var (start, end) = _tokens[token];
        if (end < 0)
        {
            end = _escaped[~end].End;
        }

        return _bytes[start] == (byte)'"' ? _bytes.AsSpan(start + 1, end - start - 1) : _bytes.AsSpan(start, end - start);
    }

    /// <summary>
    /// A string's text as <see cref="JsonText.Unescape"/> leaves it; valid until another with escapes is asked for.
    /// </summary>
    public ReadOnlySpan<byte> Text(int token, out TextTraits traits)
    {
        var (start, end) = _tokens[token];
        if (end >= 0)
        {
            var raw = _bytes.AsSpan(start + 1, end - start - 1);
            traits = JavaScriptText.HasReminder(raw) ? TextTraits.Reminder : TextTraits.None;
            return raw;
        }

        ref var escaped = ref CollectionsMarshal.AsSpan(_escaped)[~end];
        if (escaped.Text == Missing)
        {
            Unescape(_bytes.AsSpan(start + 1, escaped.End - start - 1), ref escaped);
        }

        traits = escaped.Traits;
        return _texts.Written.Slice(escaped.Text, escaped.Length);
    }

    /// <summary>Whether the token is a string with this text, however it is escaped.</summary>
    public bool Is(int token, ReadOnlySpan<byte> text)
    {
        if (token == Missing || _bytes[_tokens[token].Start] != (byte)'"')
        {
            return false;
        }

        var raw = Raw(token);
        return IsEscaped(token)
            ? raw.Length <= text.Length * JsonText.LongestEscape && Text(token, out _).SequenceEqual(text)
            : raw.SequenceEqual(text);
    }

    /// <summary>The last value with this name in an object; <see cref="Missing"/> where there is none.</summary>
    public int Find(int container, ReadOnlySpan<byte> name)
    {
        var found = Missing;
        if (Kind(container) == JsonKind.Object)
        {
            var end = Next(container);
            for (var token = container + 1; token < end; token = Next(token + 1))
            {
                if (Is(token, name))
                {
                    found = token + 1;
                }
            }
        }

        return found;
    }

    /// <summary>
    /// A string's text with U+0000 and lone surrogates as U+FFFD; valid until another is asked for.
    /// </summary>
    public ReadOnlySpan<byte> WellFormed(int token, PooledBuffer scratch, out TextTraits traits)
    {
        var text = Text(token, out traits);
        if ((traits & TextTraits.Altered) == 0)
        {
            return text;
        }

        var raw = Raw(token);
        scratch.Clear();
        var room = scratch.Reserve(raw.Length + JsonText.Slack);
        return room[..JsonText.Unescape(raw, room, wellFormed: true, out _)];
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_bytes);
        ArrayPool<Token>.Shared.Return(_tokens);
        _tokens = [];
        _texts.Dispose();
    }

    private Utf8JsonReader Read(Range range) =>
        new(_bytes.AsSpan(0, _length)[range], new JsonReaderOptions { MaxDepth = int.MaxValue });

    private void Load(ref Utf8JsonReader reader, int offset)
    {
        _count = 0;
        _escaped.Clear();
        _texts.Clear();
        var open = Missing;
        do
        {
            var start = offset + (int)reader.TokenStartIndex;
            switch (reader.TokenType)
            {
                case JsonTokenType.EndObject or JsonTokenType.EndArray:
                    // While a container is open its end holds the one around it, so that no stack is needed.
                    (open, _tokens[open].End) = (_tokens[open].End, _count);
                    break;
                case JsonTokenType.StartObject or JsonTokenType.StartArray:
                    Add(new Token(start, open));
                    open = _count - 1;
                    break;
                case JsonTokenType.PropertyName or JsonTokenType.String:
                    var end = start + 1 + reader.ValueSpan.Length;
                    if (reader.ValueIsEscaped)
                    {
                        _escaped.Add(new Escaped(end, Missing, 0, TextTraits.None));
                        end = ~(_escaped.Count - 1);
                    }

                    Add(new Token(start, end));
                    break;
                default:
                    Add(new Token(start, start + reader.ValueSpan.Length));
                    break;
            }
        }
        while (open != Missing && reader.Read());
    }

    private void Add(in Token token)
    {
        if (_count == _tokens.Length)
        {
            var larger = ArrayPool<Token>.Shared.Rent(_count * 2);
            _tokens.AsSpan(0, _count).CopyTo(larger);
            ArrayPool<Token>.Shared.Return(_tokens);
            _tokens = larger;
        }

        _tokens[_count++] = token;
    }

    private void Unescape(ReadOnlySpan<byte> raw, ref Escaped escaped)
    {
        var room = _texts.Reserve(raw.Length + JsonText.Slack);
        var length = JsonText.Unescape(raw, room, wellFormed: false, out var traits);
        if (JavaScriptText.HasReminder(room[..length]))
        {
            traits |= TextTraits.Reminder;
        }

        escaped = escaped with { Text = _texts.Length, Length = length, Traits = traits };
        _texts.Advance(length);
    }

    // Of a string with escapes the end says, negated, where among those it is.
    private record struct Token(int Start, int End);

    private record struct Escaped(int End, int Text, int Length, TextTraits Traits);
}
