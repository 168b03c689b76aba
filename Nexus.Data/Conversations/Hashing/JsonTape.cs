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

    /// <summary>Takes a copy of a JSON text. A byte order mark is dropped, bytes that are no UTF-8 become U+FFFD.</summary>
    public JsonTape(ReadOnlySpan<byte> utf8)
    {
        if (utf8.StartsWith("\uFEFF"u8))
        {
            utf8 = utf8[3..];
        }

        if (!Utf8.IsValid(utf8))
        {
            utf8 = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(utf8));
        }

        _bytes = ArrayPool<byte>.Shared.Rent(utf8.Length + JsonScanner.Padding);
        _length = utf8.Length;
        utf8.CopyTo(_bytes);
        _bytes.AsSpan(_length, JsonScanner.Padding).Clear();
    }

    /// <summary>Where in the text the next token is looked for.</summary>
    public int Position { get; set; }

    /// <summary>Passes white space, and says where the next token begins.</summary>
    public int Begin() => Position = JsonScanner.SkipSpace(_bytes, Position);

    /// <summary>Passes white space and, if it follows, this character.</summary>
    public bool TryTake(byte character)
    {
        Position = JsonScanner.SkipSpace(_bytes, Position);
        if (_bytes[Position] != character)
        {
            return false;
        }

        Position++;
        return true;
    }

    /// <summary>Passes white space and this character.</summary>
    /// <exception cref="JsonException">Something else follows.</exception>
    public void Take(byte character)
    {
        if (!TryTake(character))
        {
            throw JsonScanner.Broken(Position);
        }
    }

    /// <summary>Passes white space to the end of the text.</summary>
    /// <exception cref="JsonException">Something else follows.</exception>
    public void TakeEnd()
    {
        Position = JsonScanner.SkipSpace(_bytes, Position);
        if (Position != _length)
        {
            throw JsonScanner.Broken(Position);
        }
    }

    /// <summary>Replaces the tokens by those of the name that follows, and passes the colon after it.</summary>
    /// <exception cref="JsonException">No name follows.</exception>
    public void LoadName()
    {
        Clear();
        ReadName();
    }

    /// <summary>Replaces the tokens by those of the value that follows, and passes it.</summary>
    /// <exception cref="JsonException">No value follows, or a broken one.</exception>
    public void Load()
    {
        Clear();
        var open = Missing;
        while (true)
        {
            Position = JsonScanner.SkipSpace(_bytes, Position);
            var first = _bytes[Position];
            if (first is (byte)'{' or (byte)'[')
            {
                // While a container is open its end holds the one around it, so that no stack is needed.
                Add(new Token(Position++, open));
                open = _count - 1;
                if (!TryTake(ClosingOf(open)))
                {
                    if (first == (byte)'{')
                    {
                        ReadName();
                    }

                    continue;
                }

                open = Close(open);
            }
            else if (first == (byte)'"')
            {
                ReadString();
            }
            else
            {
                var end = JsonScanner.SkipScalar(_bytes, Position);
                Add(new Token(Position, end));
                Position = end;
            }

            while (open != Missing && !TryTake((byte)','))
            {
                Take(ClosingOf(open));
                open = Close(open);
            }

            if (open == Missing)
            {
                return;
            }

            if (ClosingOf(open) == (byte)'}')
            {
                ReadName();
            }
        }
    }

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

    private void Clear()
    {
        _count = 0;
        _escaped.Clear();
        _texts.Clear();
    }

    private byte ClosingOf(int container) => _bytes[_tokens[container].Start] == (byte)'{' ? (byte)'}' : (byte)']';

    private int Close(int container)
    {
        var around = _tokens[container].End;
        _tokens[container].End = _count;
        return around;
    }

    private void ReadName()
    {
        Position = JsonScanner.SkipSpace(_bytes, Position);
        ReadString();
        Take((byte)':');
    }

    private void ReadString()
    {
        var end = JsonScanner.FindEnd(_bytes, Position, out var isEscaped);
        if (isEscaped)
        {
            _escaped.Add(new Escaped(end, Missing, 0, TextTraits.None));
        }

        Add(new Token(Position, isEscaped ? ~(_escaped.Count - 1) : end));
        Position = end + 1;
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
