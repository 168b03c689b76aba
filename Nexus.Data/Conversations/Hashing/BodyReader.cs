using System.Security.Cryptography;
using System.Text;

namespace Nexus.Data.Conversations.Hashing;

/// <summary>Takes a body apart in one pass. Any depth is allowed, and any shape.</summary>
internal sealed class BodyReader : IDisposable
{
    private readonly ReadOnlyMemory<byte> _body;
    private readonly JsonTape _tape;
    private readonly LinkForm _form;
    private readonly CanonicalJson _json;
    private readonly PooledBuffer _canonical = new();
    private readonly List<BodyMessage> _messages = [];
    private readonly Dictionary<string, byte[]> _tools = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (ReadOnlyMemory<byte> Json, byte[] Digest)> _parameters = new(StringComparer.Ordinal);
    private string? _system;
    private byte[]? _stableSystem;

    public BodyReader(ReadOnlyMemory<byte> body)
    {
        _body = body;
        _tape = new JsonTape(body.Span);
        _form = new LinkForm(_tape);
        _json = new CanonicalJson(_tape);
    }

    /// <summary>Reads the body; once.</summary>
    public BodyParts Run()
    {
        if (_tape.TryTake((byte)'{') && !_tape.TryTake((byte)'}'))
        {
            do
            {
                _tape.LoadName();
                ReadMember(_form.ReadString(0));
            }
            while (_tape.TryTake((byte)','));
        }

        return new()
        {
            Messages = _messages,
            System = _system,
            StableSystemHash = _stableSystem,
            Tools = _tools,
            Parameters = _parameters,
        };
    }

    public void Dispose()
    {
        _canonical.Dispose();
        _json.Dispose();
        _form.Dispose();
        _tape.Dispose();
    }

    private void ReadMember(string name)
    {
        var start = _tape.Begin();
        switch (name)
        {
            case "messages":
                ReadMessages();
                break;
            case "system":
                _tape.Load();
                ReadSystem();
                break;
            case "tools":
                _tape.Load();
                ReadTools();
                break;
            default:
                _tape.Load();
                _parameters[name] = (_body[start.._tape.Position], Digest(0));
                break;
        }
    }

    private void ReadMessages()
    {
        _messages.Clear();
        _form.Reset();
        BodyMessages.Read(_tape, _body, AddMessage);
    }

    private void AddMessage(ReadOnlyMemory<byte> json)
    {
        var fields = new MessageFields(_tape, 0);
        var role = _tape.Kind(fields.Role) == JsonKind.String ? _form.ReadString(fields.Role) : null;
        _messages.Add(new(_messages.Count, role, json, Digest(role, fields.Content)));
    }

    private byte[]? Digest(string? role, int content)
    {
        if (role is not ("user" or "assistant"))
        {
            return Digest(0);
        }

        _form.Write(role == "user", content);
        return _form.Message.IsEmpty ? null : SHA256.HashData(_form.Message);
    }

    private byte[] Digest(int token)
    {
        _canonical.Clear();
        _json.Write(token, _canonical);
        return SHA256.HashData(_canonical.Written);
    }

    private void ReadSystem()
    {
        using (var prompt = new SystemPrompt(_tape))
        {
            _stableSystem = prompt.HashStably(out _);
        }

        if (_tape.Kind(0) == JsonKind.String)
        {
            _system = _form.ReadString(0);
            return;
        }

        var text = new StringBuilder();
        var isFirst = true;
        foreach (var block in Elements())
        {
            var part = _tape.Find(block, "text"u8);
            if (_tape.Kind(part) == JsonKind.String)
            {
                text.Append(isFirst ? "" : "\n").Append(_form.ReadString(part));
                isFirst = false;
            }
        }

        _system = isFirst ? null : text.ToString();
    }

    private void ReadTools()
    {
        _tools.Clear();
        foreach (var tool in Elements())
        {
            var name = _tape.Find(tool, "name"u8);
            if (_tape.Kind(name) == JsonKind.String)
            {
                _tools[_form.ReadString(name)] = Digest(tool);
            }
        }
    }

    private IEnumerable<int> Elements()
    {
        if (_tape.Kind(0) == JsonKind.Array)
        {
            for (var (element, end) = (1, _tape.Next(0)); element < end; element = _tape.Next(element))
            {
                yield return element;
            }
        }
    }
}
