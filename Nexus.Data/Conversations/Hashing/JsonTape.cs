using System.Buffers;
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

    /// <summary>What the token is; <see cref="JsonKind.Null"/> where it is missing.</summary>
    public JsonKind Kind(int token) => token == Missing ? JsonKind.Null : _tokens[token].Kind;

    /// <summary>The token after the value that begins at <paramref name="token"/>.</summary>
    public int Next(int token) =>
        _tokens[token].Kind <= JsonKind.Array ? _tokens[token].End : token + 1;

    /// <summary>Whether a string or name has escapes.</summary>
    public bool IsEscaped(int token) => _tokens[token].Escaped;

    /// <summary>A string or name between its quotes, with its escapes; or a number as it is spelled.</summary>
    public ReadOnlySpan<byte> Raw(int token)
    {
        ref var found = ref _tokens[token];
        return _bytes.AsSpan(found.Start, found.End - found.Start);
    }

    /// <summary>Whether the token is a string or name with this text, however it is escaped.</summary>
    public bool Is(int token, ReadOnlySpan<byte> text)
    {
        if (token == Missing || _tokens[token].Kind is not (JsonKind.String or JsonKind.Name))
        {
            return false;
        }

        var raw = Raw(token);
        if (!_tokens[token].Escaped)
        {
            return raw.SequenceEqual(text);
        }

        if (raw.Length < text.Length || raw.Length > text.Length * 6)
        {
            return false;
        }

        Span<byte> plain = stackalloc byte[raw.Length];
        var written = JsonText.Unescape(raw, plain, wellFormed: false, out _);
        return plain[..written].SequenceEqual(text);
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
    /// A string's text with U+0000 and lone surrogates as U+FFFD; valid until the scratch is changed.
    /// </summary>
    public ReadOnlySpan<byte> WellFormed(int token, PooledBuffer scratch)
    {
        var raw = Raw(token);
        if (!_tokens[token].Escaped)
        {
            return raw;
        }

        scratch.Clear();
        var room = scratch.Reserve(raw.Length);
        return room[..JsonText.Unescape(raw, room, wellFormed: true, out _)];
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_bytes);
        ArrayPool<Token>.Shared.Return(_tokens);
        _tokens = [];
    }

    private Utf8JsonReader Read(Range range) =>
        new(_bytes.AsSpan(0, _length)[range], new JsonReaderOptions { MaxDepth = int.MaxValue });

    private void Load(ref Utf8JsonReader reader, int offset)
    {
        _count = 0;
        var open = Missing;
        do
        {
            var kind = JsonKind.Null;
            var start = offset + (int)reader.TokenStartIndex;
            switch (reader.TokenType)
            {
                case JsonTokenType.EndObject or JsonTokenType.EndArray:
                    // While a container is open its end holds the one around it, so that no stack is needed.
                    (open, _tokens[open].End) = (_tokens[open].End, _count);
                    continue;
                case JsonTokenType.StartObject or JsonTokenType.StartArray:
                    Add(new Token
                    {
                        Start = start,
                        End = open,
                        Kind = reader.TokenType == JsonTokenType.StartObject ? JsonKind.Object : JsonKind.Array,
                    });
                    open = _count - 1;
                    continue;
                case JsonTokenType.PropertyName:
                    (kind, start) = (JsonKind.Name, start + 1);
                    break;
                case JsonTokenType.String:
                    (kind, start) = (JsonKind.String, start + 1);
                    break;
                case JsonTokenType.Number:
                    kind = JsonKind.Number;
                    break;
                case JsonTokenType.True:
                    kind = JsonKind.True;
                    break;
                case JsonTokenType.False:
                    kind = JsonKind.False;
                    break;
            }

            Add(new Token
            {
                Start = start,
                End = start + reader.ValueSpan.Length,
                Kind = kind,
                Escaped = reader.ValueIsEscaped,
            });
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

    private struct Token
    {
        public int Start;
        public int End;
        public JsonKind Kind;
        public bool Escaped;
    }
}
