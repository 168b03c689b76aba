using System.Security.Cryptography;
using System.Text;

namespace Nexus.Data.Conversations.Hashing;

/// <summary>
/// One pass over the bytes of one body. Messages are hashed as they come, the rest when all is read.
/// </summary>
internal sealed class RequestAnalysis : IDisposable
{
    private readonly JsonTape _tape;
    private readonly CompatibleHash? _compatible;
    private readonly LinkForm _form;
    private readonly LinkChain _chain = new();
    private int _messages;
    private int? _system;
    private int? _model;
    private int? _metadata;

    /// <param name="body">The body.</param>
    /// <param name="isCompatible">Whether the original's hashes are asked for.</param>
    public RequestAnalysis(ReadOnlySpan<byte> body, bool isCompatible)
    {
        _tape = new JsonTape(body);
        _compatible = isCompatible ? new CompatibleHash(_tape) : null;
        _form = new LinkForm(_tape);
    }

    /// <summary>Reads the body; once.</summary>
    public RequestHashes Run()
    {
        if (_tape.TryTake((byte)'{'))
        {
            ReadMembers();
        }
        else
        {
            _tape.Load();
        }

        _tape.TakeEnd();

        string? systemHash = null;
        byte[]? stableHash = null;
        var isSummarizer = false;
        if (_system is { } system)
        {
            LoadAt(system);
            using var prompt = new SystemPrompt(_tape);
            systemHash = _compatible is null ? null : prompt.HashCompatibly();
            stableHash = prompt.HashStably(out isSummarizer);
        }

        _compatible?.Finish();
        var error = _messages == 0 ? "There are no messages." : _compatible?.Error;
        var kept = error is null && _compatible is not null ? _compatible.Kept : 0;
        return new RequestHashes
        {
            HasMessages = _messages > 0,
            MessageCount = _messages,
            CurrentMessageHash = error is null ? Hexadecimal(_compatible?.HashOf(kept)) : null,
            ParentMessageHash = kept >= 3 ? Hexadecimal(_compatible?.HashOf(kept - 2)) : null,
            GrandparentMessageHash = kept >= 5 ? Hexadecimal(_compatible?.HashOf(kept - 4)) : null,
            SystemHash = systemHash,
            KeptMessages = kept,
            CompatibleError = error,
            LinkHash = _chain.Hash,
            CountedMessages = _chain.Counted,
            Prefixes = _chain.Prefixes(_compatible),
            FirstMessageHash = _chain.First,
            StableSystemHash = stableHash,
            IsSummarizer = isSummarizer,
            OpeningTextHash = _chain.OpeningText,
            Continuation = _chain.Continuation,
            UserIdHash = HashUserId(),
            Model = ReadModel(),
        };
    }

    public void Dispose()
    {
        _chain.Dispose();
        _form.Dispose();
        _compatible?.Dispose();
        _tape.Dispose();
    }

    private static string? Hexadecimal(byte[]? hash) => hash is null ? null : Convert.ToHexStringLower(hash);

    private void ReadMembers()
    {
        if (_tape.TryTake((byte)'}'))
        {
            return;
        }

        do
        {
            _tape.LoadName();
            var isMessages = _tape.Is(0, "messages"u8);
            if (_tape.Is(0, "system"u8))
            {
                _system = _tape.Position;
            }
            else if (_tape.Is(0, "model"u8))
            {
                _model = _tape.Position;
            }
            else if (_tape.Is(0, "metadata"u8))
            {
                _metadata = _tape.Position;
            }

            if (isMessages)
            {
                ReadMessages();
            }
            else
            {
                _tape.Load();
            }
        }
        while (_tape.TryTake((byte)','));

        _tape.Take((byte)'}');
    }

    private void ReadMessages()
    {
        if (_messages > 0)
        {
            // The name came before: only its last value counts.
            _compatible?.Reset();
            _form.Reset();
            _chain.Reset();
            _messages = 0;
        }

        if (!_tape.TryTake((byte)'['))
        {
            _tape.Load();
            return;
        }

        if (_tape.TryTake((byte)']'))
        {
            return;
        }

        do
        {
            _tape.Load();
            AddMessage();
            _messages++;
        }
        while (_tape.TryTake((byte)','));

        _tape.Take((byte)']');
    }

    private void LoadAt(int position)
    {
        _tape.Position = position;
        _tape.Load();
    }

    private void AddMessage()
    {
        _compatible?.Add(0);

        var fields = new MessageFields(_tape, 0);
        var isUser = _tape.Is(fields.Role, "user"u8);
        if (isUser || _tape.Is(fields.Role, "assistant"u8))
        {
            _form.Write(isUser, fields.Content);
            _chain.Add(isUser, _form, _compatible);
        }
    }

    private byte[]? HashUserId()
    {
        if (_metadata is not { } metadata)
        {
            return null;
        }

        LoadAt(metadata);
        var id = _tape.Find(0, "user_id"u8);
        return _tape.Kind(id) == JsonKind.String && !_tape.Raw(id).IsEmpty
            ? SHA256.HashData(Encoding.UTF8.GetBytes(_form.ReadString(id)))[..16]
            : null;
    }

    private string? ReadModel()
    {
        if (_model is not { } model)
        {
            return null;
        }

        LoadAt(model);
        return _tape.Kind(0) == JsonKind.String ? _form.ReadString(0) : null;
    }
}
