using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Nexus.Data.Conversations.Hashing;

/// <summary>
/// The message hashes of the original program, byte for byte, its oddities included: other programs that read the
/// table rely on them. Messages are added in their order; each goes into the one hash whose state is kept for the
/// parent and the grandparent.
/// </summary>
internal sealed class CompatibleHash(JsonTape tape) : IDisposable
{
    // The states after the newest message and after the four before it.
    private const int _remembered = 5;

    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly byte[] _states = new byte[_remembered * SHA256.HashSizeInBytes];
    private readonly PooledBuffer _form = new();
    private readonly PooledBuffer _scratch = new();
    private readonly JavaScriptJson _json = new(tape);
    private readonly HashSet<string> _uses = [];
    private readonly HashSet<string> _results = [];

    /// <summary>Messages that were not dropped for a tool block that came before.</summary>
    public int Kept { get; private set; }

    /// <summary>Why the original hashes nothing of these messages; null while it does.</summary>
    public string? Error { get; private set; }

    /// <summary>
    /// The state after the kept messages without the last few, at most four; null where there is none.
    /// </summary>
    public byte[]? StateWithout(int last)
    {
        if (Error is not null || last > Kept)
        {
            return null;
        }

        return last == Kept ? SHA256.HashData([]) : State(Kept - last).ToArray();
    }

    /// <summary>Adds the message on the tape.</summary>
    public void Add(int message)
    {
        if (Error is not null)
        {
            return;
        }

        Error = TryAdd(message);
        if (Error is not null)
        {
            Kept = 0;
        }
    }

    /// <summary>Forgets every message.</summary>
    public void Reset()
    {
        Span<byte> ignored = stackalloc byte[SHA256.HashSizeInBytes];
        _hash.GetHashAndReset(ignored);
        _uses.Clear();
        _results.Clear();
        Kept = 0;
        Error = null;
    }

    public void Dispose()
    {
        _hash.Dispose();
        _form.Dispose();
        _scratch.Dispose();
        _json.Dispose();
    }

    private Span<byte> State(int kept) =>
        _states.AsSpan(kept % _remembered * SHA256.HashSizeInBytes, SHA256.HashSizeInBytes);

    private string? TryAdd(int message)
    {
        if (tape.Kind(message) == JsonKind.Null)
        {
            return "A message is null.";
        }

        var fields = new MessageFields(tape, message);
        var kind = fields.Content == JsonTape.Missing ? JsonKind.Null : tape.Kind(fields.Content);
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

        if (tape.Kind(fields.Role) != JsonKind.String || tape.Raw(fields.Role).IsEmpty)
        {
            return "A message has no role.";
        }

        _form.Clear();
        JavaScriptJson.AppendText(tape, fields.Role, _form);
        _form.Append((byte)'\n');
        var error = kind == JsonKind.String ? AppendString(fields.Content) : AppendBlocks(fields.Content);
        if (error is not null)
        {
            return error;
        }

        _form.Append((byte)'\n');
        _hash.AppendData(_form.Written);
        Kept++;
        _hash.GetCurrentHash(State(Kept));
        return null;
    }

    private bool HasNull(int content)
    {
        var end = tape.Next(content);
        for (var block = content + 1; block < end; block = tape.Next(block))
        {
            if (tape.Kind(block) == JsonKind.Null)
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
        var end = tape.Next(content);
        for (var block = content + 1; block < end; block = tape.Next(block))
        {
            var fields = new MessageFields(tape, block);
            if (tape.Is(fields.Type, "tool_use"u8))
            {
                repeated |= IsKnown(fields.Id, _uses);
            }
            else if (tape.Is(fields.Type, "tool_result"u8))
            {
                repeated |= IsKnown(fields.ToolUseId, _results);
            }
        }

        return repeated;
    }

    private bool IsKnown(int id, HashSet<string> known)
    {
        // An object is no other object, however alike they are.
        if (!JavaScriptJson.IsTruthy(tape, id) || tape.Kind(id) is JsonKind.Object or JsonKind.Array)
        {
            return false;
        }

        _scratch.Clear();
        if (tape.Kind(id) == JsonKind.String)
        {
            _scratch.Append((byte)'s');
            _scratch.Append(tape.Text(id, out _));
        }
        else
        {
            JavaScriptJson.AppendText(tape, id, _scratch);
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
        var end = tape.Next(content);
        for (var block = content + 1; block < end; block = tape.Next(block))
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

            var error = AppendBlock(new MessageFields(tape, block), out var dropped);
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
        if (tape.Is(fields.Type, "text"u8))
        {
            return AppendTextBlock(fields.Text, out dropped);
        }

        if (tape.Is(fields.Type, "image"u8))
        {
            return AppendImage(fields.Source);
        }

        if (tape.Is(fields.Type, "tool_use"u8))
        {
            _form.Append("tool_use:"u8);
            JavaScriptJson.AppendText(tape, fields.Name, _form);
            _form.Append((byte)':');
            JavaScriptJson.AppendText(tape, fields.Id, _form);
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
        else if (tape.Is(fields.Type, "tool_result"u8))
        {
            AppendToolResult(fields);
        }
        else
        {
            JavaScriptJson.AppendText(tape, fields.Type, _form);
            _form.Append(":unknown"u8);
        }

        return null;
    }

    private string? AppendTextBlock(int token, out bool dropped)
    {
        dropped = false;
        _form.Append("text:"u8);
        if (tape.Kind(token) != JsonKind.String)
        {
            return JavaScriptJson.IsTruthy(tape, token) ? "The text of a block is no text." : null;
        }

        dropped = !AppendText(token, stripped: true, trimmed: true);
        return null;
    }

    private string? AppendImage(int source)
    {
        _form.Append("image:"u8);
        if (!JavaScriptJson.IsTruthy(tape, source))
        {
            _form.Append("no-source"u8);
            return null;
        }

        JavaScriptJson.AppendText(tape, tape.Find(source, "media_type"u8), _form);
        _form.Append((byte)':');

        // The base64 text is hashed, not the bytes that it stands for.
        var data = tape.Find(source, "data"u8);
        _scratch.Clear();
        if (tape.Kind(data) == JsonKind.String)
        {
            JavaScriptJson.AppendText(tape, data, _scratch);
        }
        else if (JavaScriptJson.IsTruthy(tape, data))
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
        JavaScriptJson.AppendText(tape, fields.ToolUseId, _form);
        _form.Append((byte)':');
        switch (tape.Kind(fields.Content))
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
        var text = tape.Text(token, out var traits);
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
