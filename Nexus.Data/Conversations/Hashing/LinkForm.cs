using System.Runtime.InteropServices;
using System.Text;

namespace Nexus.Data.Conversations.Hashing;

/// <summary>Writes messages in the normal form of <see cref="LinkHash"/>, one at a time, in their order.</summary>
internal sealed class LinkForm(JsonTape tape) : IDisposable
{
    /// <summary>What a message is written with before its blocks: the role and the length of the blocks.</summary>
    public const int HeaderLength = 1 + sizeof(int);

    private readonly PooledBuffer _all = new();
    private readonly PooledBuffer _new = new();
    private readonly PooledBuffer _scratch = new();
    private readonly PooledBuffer _changed = new();
    private readonly CanonicalJson _json = new(tape);
    private readonly Dictionary<string, int> _uses = [];
    private readonly Dictionary<string, int> _results = [];
    private readonly List<Range> _old = [];
    private readonly List<Range> _texts = [];
    private int _message;

    /// <summary>The message; empty where nothing of it counts.</summary>
    public ReadOnlySpan<byte> Message => Part(_old.Count == 0 ? _all : _new);

    /// <summary>The message with tool blocks that came in earlier ones; only those repeated within it are dropped.
    /// Empty where nothing of it counts.</summary>
    public ReadOnlySpan<byte> Alone => Part(_all);

    /// <summary>Whether every block of <see cref="Alone"/> is text.</summary>
    public bool IsText { get; private set; }

    /// <summary>The texts of the message's own text blocks, where they stand in <see cref="Alone"/>.</summary>
    public IReadOnlyList<Range> Texts => _texts;

    /// <summary>Writes a message with this content.</summary>
    public void Write(bool isUser, int content)
    {
        _message++;
        _old.Clear();
        _texts.Clear();
        _all.Clear();
        IsText = true;
        _all.Append(isUser ? (byte)'u' : (byte)'a');
        var start = _all.BeginCounted();
        if (tape.Kind(content) == JsonKind.String)
        {
            WriteText(content, nested: false);
        }
        else if (tape.Kind(content) == JsonKind.Array)
        {
            var end = tape.Next(content);
            for (var block = content + 1; block < end; block = tape.Next(block))
            {
                WriteBlock(block, nested: false);
            }
        }

        _all.EndCounted(start);
        if (_old.Count > 0)
        {
            CopyNew();
        }
    }

    /// <summary>Forgets which tool blocks came before.</summary>
    public void Reset()
    {
        _uses.Clear();
        _results.Clear();
    }

    public void Dispose()
    {
        _all.Dispose();
        _new.Dispose();
        _scratch.Dispose();
        _changed.Dispose();
        _json.Dispose();
    }

    /// <summary>A string's text as it counts in a text block; valid until the next is read.</summary>
    public ReadOnlySpan<byte> ReadText(int token)
    {
        var text = tape.WellFormed(token, _scratch, out var traits);
        if ((traits & (TextTraits.Reminder | TextTraits.CarriageReturn)) == 0)
        {
            return JavaScriptText.Trim(text);
        }

        _changed.Clear();
        _changed.Append(text);
        _changed.Truncate(JavaScriptText.StripReminders(_changed.Content));
        _changed.Truncate(JavaScriptText.UnifyLineEnds(_changed.Content));
        return JavaScriptText.Trim(_changed.Written);
    }

    /// <summary>A string as it is, but well formed.</summary>
    public string ReadString(int token) => Encoding.UTF8.GetString(tape.WellFormed(token, _scratch, out _));

    private static ReadOnlySpan<byte> Part(PooledBuffer written) =>
        written.Length > HeaderLength ? written.Written : default;

    private void WriteBlock(int block, bool nested)
    {
        var fields = new MessageFields(tape, block);
        var type = fields.Type;
        if (tape.Is(type, "text"u8) && IsTextOrNull(fields.Text))
        {
            if (tape.Kind(fields.Text) == JsonKind.String)
            {
                WriteText(fields.Text, nested);
            }
        }
        else if (tape.Is(type, "tool_use"u8) && !nested)
        {
            WriteToolUse(fields);
        }
        else if (tape.Is(type, "tool_result"u8) && !nested)
        {
            WriteToolResult(fields);
        }
        else if (tape.Is(type, "image"u8) && tape.Kind(fields.Source) != JsonKind.Null)
        {
            WriteMedia((byte)'I', fields.Source);
        }
        else if (tape.Is(type, "document"u8) && tape.Kind(fields.Source) != JsonKind.Null)
        {
            WriteMedia((byte)'D', fields.Source);
        }
        else if (!tape.Is(type, "thinking"u8) && !tape.Is(type, "redacted_thinking"u8))
        {
            WriteMedia((byte)'O', block);
        }
    }

    private bool IsTextOrNull(int token) => tape.Kind(token) is JsonKind.String or JsonKind.Null;

    private void WriteText(int token, bool nested)
    {
        var text = ReadText(token);
        if (text.IsEmpty)
        {
            return;
        }

        _all.Append((byte)'T');
        _all.AppendCounted(text);
        if (!nested)
        {
            _texts.Add((_all.Length - text.Length).._all.Length);
        }
    }

    private void WriteMedia(byte tag, int value)
    {
        IsText = false;
        _all.Append(tag);
        _json.Write(value, _all);
    }

    private void WriteToolUse(in MessageFields fields)
    {
        var start = _all.Length;
        var age = Meet(fields.Id, _uses);
        if (age == Age.Repeated)
        {
            return;
        }

        IsText = false;
        _all.Append((byte)'U');
        WriteValue(fields.Name);
        WriteValue(fields.Id);
        WriteValue(fields.Input);
        Remember(age, start);
    }

    private void WriteToolResult(in MessageFields fields)
    {
        var start = _all.Length;
        var age = Meet(fields.ToolUseId, _results);
        if (age == Age.Repeated)
        {
            return;
        }

        IsText = false;
        _all.Append((byte)'R');
        WriteValue(fields.ToolUseId);
        var blocks = _all.BeginCounted();
        switch (tape.Kind(fields.Content))
        {
            case JsonKind.Null:
                break;
            case JsonKind.String:
                WriteText(fields.Content, nested: true);
                break;
            case JsonKind.Array:
                var end = tape.Next(fields.Content);
                for (var block = fields.Content + 1; block < end; block = tape.Next(block))
                {
                    WriteBlock(block, nested: true);
                }

                break;
            default:
                WriteMedia((byte)'O', fields.Content);
                break;
        }

        _all.EndCounted(blocks);
        Remember(age, start);
    }

    private void WriteValue(int token)
    {
        if (token == JsonTape.Missing)
        {
            _all.Append((byte)'-');
        }
        else
        {
            _json.Write(token, _all);
        }
    }

    private Age Meet(int id, Dictionary<string, int> known)
    {
        // Only text names a tool block: without a name it is nobody's repetition.
        if (tape.Kind(id) != JsonKind.String || tape.Raw(id).IsEmpty)
        {
            return Age.New;
        }

        var name = ReadString(id);
        ref var message = ref CollectionsMarshal.GetValueRefOrAddDefault(known, name, out var exists);
        var age = !exists ? Age.New : message == _message ? Age.Repeated : Age.Old;
        message = _message;
        return age;
    }

    private void Remember(Age age, int start)
    {
        if (age == Age.Old)
        {
            _old.Add(start.._all.Length);
        }
    }

    private void CopyNew()
    {
        _new.Clear();
        _new.Append(_all.Written[0]);
        var blocks = _new.BeginCounted();
        var from = HeaderLength;
        foreach (var old in _old)
        {
            _new.Append(_all.Written[from..old.Start.Value]);
            from = old.End.Value;
        }

        _new.Append(_all.Written[from..]);
        _new.EndCounted(blocks);
    }

    private enum Age
    {
        New,
        Old,
        Repeated,
    }
}
