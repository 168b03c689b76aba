using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Nexus.Data.Conversations.Hashing;

/// <summary>
/// The message hashes of the original program, byte for byte, its oddities included: other programs that read the
/// table rely on them. Messages are added in their order; each goes into the one hash.
/// </summary>
/// <remarks>
/// A state of a hash costs as much as hashing half a kilobyte, and which message is the parent's last is known at the
/// end only. So the newest messages wait, and a state is taken where one is asked for.
/// </remarks>
internal sealed class CompatibleHash : IDisposable
{
    // Messages of this one that its grandparent has not.
    private const int Waiting = 4;

    private readonly JsonTape _tape;
    private readonly JavaScriptJson _json;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly PooledBuffer[] _forms = new PooledBuffer[Waiting + 1];
    private readonly bool[] _wanted = new bool[Waiting + 1];
    private readonly List<byte[]?> _states = [];
    private readonly PooledBuffer _scratch = new();
    private readonly HashSet<string> _uses = [];
    private readonly HashSet<string> _results = [];
    private PooledBuffer _form;
    private int _added;

    public CompatibleHash(JsonTape tape)
    {
        _tape = tape;
        _json = new JavaScriptJson(tape);
        for (var index = 0; index < _forms.Length; index++)
        {
            _forms[index] = new PooledBuffer();
        }

        _form = _forms[0];
    }

    /// <summary>Messages that were not dropped for a tool block that came before; 0 where one is rejected.</summary>
    public int Kept => Error is null ? _added : 0;

    /// <summary>Why the original hashes nothing of these messages; null while it does.</summary>
    public string? Error { get; private set; }

    /// <summary>
    /// The hash of this many kept messages, 32 bytes; null where it was not asked for. Those of all, and without the last
    /// two and the last four, are there when all is <see cref="Finish">finished</see>.
    /// </summary>
    public byte[]? HashOf(int kept) => kept switch
    {
        < 0 => null,
        0 => SHA256.HashData([]),
        _ => kept <= _states.Count ? _states[kept - 1] : null,
    };

    /// <summary>Asks for the hash of the messages so far.</summary>
    /// <returns>What to ask <see cref="HashOf"/> with in the end; -1 where a message is rejected.</returns>
    public int Want()
    {
        if (Error is not null)
        {
            return -1;
        }

        if (_added > 0)
        {
            _wanted[(_added - 1) % _wanted.Length] = true;
        }

        return _added;
    }

    /// <summary>Adds the message on the tape.</summary>
    public void Add(int message)
    {
        if (Error is null && TryAdd(message) is { } error)
        {
            HashWaiting();
            Error = error;
        }
    }

    /// <summary>Hashes the messages that wait; none is added after it.</summary>
    public void Finish()
    {
        if (Error is not null)
        {
            return;
        }

        if (_states.Count > 0)
        {
            // Four wait, and the state is that of the messages before them.
            _states[^1] ??= _hash.GetCurrentHash();
        }

        foreach (var last in (ReadOnlySpan<int>)[1, 3])
        {
            if (_added >= last)
            {
                _wanted[(_added - last) % _wanted.Length] = true;
            }
        }

        HashWaiting();
    }

    /// <summary>Forgets every message.</summary>
    public void Reset()
    {
        Span<byte> ignored = stackalloc byte[SHA256.HashSizeInBytes];
        _hash.GetHashAndReset(ignored);
        _states.Clear();
        _uses.Clear();
        _results.Clear();
        _added = 0;
        Array.Clear(_wanted);
        Error = null;
    }

    public void Dispose()
    {
        _hash.Dispose();
        _scratch.Dispose();
        _json.Dispose();
        foreach (var form in _forms)
        {
            form.Dispose();
        }
    }

    private void HashWaiting()
    {
        while (_states.Count < _added)
        {
            HashNext();
        }
    }

    private void HashNext()
    {
        var place = _states.Count % _forms.Length;
        _hash.AppendData(_forms[place].Written);
        _states.Add(_wanted[place] ? _hash.GetCurrentHash() : null);
        _wanted[place] = false;
    }

    private string? TryAdd(int message)
    {
        if (_tape.Kind(message) == JsonKind.Null)
        {
            return "A message is null.";
        }

        var fields = new MessageFields(_tape, message);
        var kind = fields.Content == JsonTape.Missing ? JsonKind.Null : _tape.Kind(fields.Content);
        if (kind is not (JsonKind.String or JsonKind.Array))
        {
            return "The content of a message is neither text nor a list.";
        }

        if (kind == JsonKind.Array)
        {
            if (HasNull(fields.Content))
            {
                return "A content block is null.";
            }

            if (IsRepetition(fields.Content))
            {
                return null;
            }
        }

        if (_tape.Kind(fields.Role) != JsonKind.String || _tape.Raw(fields.Role).IsEmpty)
        {
            return "A message has no role.";
        }

        _form = _forms[_added % _forms.Length];
        _form.Clear();
        JavaScriptJson.AppendText(_tape, fields.Role, _form);
        _form.Append((byte)'\n');
        var error = kind == JsonKind.String ? AppendString(fields.Content) : AppendBlocks(fields.Content);
        if (error is not null)
        {
            return error;
        }

        _form.Append((byte)'\n');
        _added++;
        if (_added - _states.Count > Waiting)
        {
            HashNext();
        }

        return null;
    }

    private bool HasNull(int content)
    {
        var end = _tape.Next(content);
        for (var block = content + 1; block < end; block = _tape.Next(block))
        {
            if (_tape.Kind(block) == JsonKind.Null)
            {
                return true;
            }
        }

        return false;
    }

    // One tool block that came before drops the whole message; ids first seen in it have come all the same.
    private bool IsRepetition(int content)
    {
        var repeated = false;
        var end = _tape.Next(content);
        for (var block = content + 1; block < end; block = _tape.Next(block))
        {
            var fields = new MessageFields(_tape, block);
            if (_tape.Is(fields.Type, "tool_use"u8))
            {
                repeated |= IsKnown(fields.Id, _uses);
            }
            else if (_tape.Is(fields.Type, "tool_result"u8))
            {
                repeated |= IsKnown(fields.ToolUseId, _results);
            }
        }

        return repeated;
    }

    private bool IsKnown(int id, HashSet<string> known)
    {
        // An object is no other object, however alike they are.
        if (!JavaScriptJson.IsTruthy(_tape, id) || _tape.Kind(id) is JsonKind.Object or JsonKind.Array)
        {
            return false;
        }

        _scratch.Clear();
        if (_tape.Kind(id) == JsonKind.String)
        {
            _scratch.Append((byte)'s');
            _scratch.Append(_tape.Text(id, out _));
        }
        else
        {
            JavaScriptJson.AppendText(_tape, id, _scratch);
        }

        return !known.Add(Encoding.Latin1.GetString(_scratch.Written));
    }

    private string? AppendString(int content)
    {
        _form.Append("[0]text:"u8);
        AppendText(content, stripped: false, trimmed: true);
        return null;
    }

    private string? AppendBlocks(int content)
    {
        var index = 0;
        var end = _tape.Next(content);
        for (var block = content + 1; block < end; block = _tape.Next(block))
        {
            var start = _form.Length;
            if (index > 0)
            {
                _form.Append((byte)'\n');
            }

            _form.Append((byte)'[');
            Utf8Formatter.TryFormat(index, _form.Reserve(11), out var digits);
            _form.Advance(digits);
            _form.Append((byte)']');

            var error = AppendBlock(new MessageFields(_tape, block), out var dropped);
            if (error is not null)
            {
                return error;
            }

            if (dropped)
            {
                _form.Truncate(start);
            }
            else
            {
                index++;
            }
        }

        return null;
    }

    private string? AppendBlock(in MessageFields fields, out bool dropped)
    {
        dropped = false;
        if (_tape.Is(fields.Type, "text"u8))
        {
            return AppendTextBlock(fields.Text, out dropped);
        }

        if (_tape.Is(fields.Type, "image"u8))
        {
            return AppendImage(fields.Source);
        }

        if (_tape.Is(fields.Type, "tool_use"u8))
        {
            _form.Append("tool_use:"u8);
            JavaScriptJson.AppendText(_tape, fields.Name, _form);
            _form.Append((byte)':');
            JavaScriptJson.AppendText(_tape, fields.Id, _form);
            _form.Append((byte)':');
            if (fields.Input == JsonTape.Missing)
            {
                _form.Append("undefined"u8);
            }
            else
            {
                _json.Write(fields.Input, _form);
            }
        }
        else if (_tape.Is(fields.Type, "tool_result"u8))
        {
            AppendToolResult(fields);
        }
        else
        {
            JavaScriptJson.AppendText(_tape, fields.Type, _form);
            _form.Append(":unknown"u8);
        }

        return null;
    }

    private string? AppendTextBlock(int token, out bool dropped)
    {
        dropped = false;
        _form.Append("text:"u8);
        if (_tape.Kind(token) != JsonKind.String)
        {
            return JavaScriptJson.IsTruthy(_tape, token) ? "The text of a block is no text." : null;
        }

        dropped = !AppendText(token, stripped: true, trimmed: true);
        return null;
    }

    private string? AppendImage(int source)
    {
        _form.Append("image:"u8);
        if (!JavaScriptJson.IsTruthy(_tape, source))
        {
            _form.Append("no-source"u8);
            return null;
        }

        JavaScriptJson.AppendText(_tape, _tape.Find(source, "media_type"u8), _form);
        _form.Append((byte)':');

        // The base64 text is hashed, not the bytes that it stands for.
        var data = _tape.Find(source, "data"u8);
        _scratch.Clear();
        if (_tape.Kind(data) == JsonKind.String)
        {
            JavaScriptJson.AppendText(_tape, data, _scratch);
        }
        else if (JavaScriptJson.IsTruthy(_tape, data))
        {
            return "The data of an image is no text.";
        }

        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(_scratch.Written, digest);
        var room = _form.Reserve(digest.Length * 2);
        Convert.TryToHexStringLower(digest, room, out var written);
        _form.Advance(written);
        return null;
    }

    private void AppendToolResult(in MessageFields fields)
    {
        _form.Append("tool_result:"u8);
        JavaScriptJson.AppendText(_tape, fields.ToolUseId, _form);
        _form.Append((byte)':');
        switch (_tape.Kind(fields.Content))
        {
            case JsonKind.String:
                AppendText(fields.Content, stripped: true, trimmed: false);
                break;
            case JsonKind.Array:
                _json.Write(fields.Content, _form);
                break;
        }
    }

    /// <summary>
    /// Appends a string's text; with LF for CRLF where it is trimmed. False where nothing is left.
    /// </summary>
    private bool AppendText(int token, bool stripped, bool trimmed)
    {
        var text = _tape.Text(token, out var traits);
        if (stripped && (traits & TextTraits.Reminder) != 0)
        {
            _scratch.Clear();
            _scratch.Append(text);
            _scratch.Truncate(JavaScriptText.StripReminders(_scratch.Content));
            text = _scratch.Written;
        }

        if (trimmed)
        {
            text = JavaScriptText.Trim(text);
        }

        var start = _form.Length;
        _form.Append(text);
        if (trimmed && (traits & TextTraits.CarriageReturn) != 0)
        {
            _form.Truncate(start + JavaScriptText.UnifyLineEnds(_form.Content[start..]));
        }

        if ((traits & TextTraits.Lone) != 0)
        {
            _form.Truncate(start + JsonText.Join(_form.Content[start..]));
        }

        return !text.IsEmpty;
    }
}
