using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Nexus.Data.Conversations.Hashing;

/// <summary>
/// One pass over the bytes of one body. Messages are hashed as they come, the rest when all is read.
/// </summary>
internal sealed class RequestAnalysis : IDisposable
{
    // More escapes than these no name has that is looked for.
    private const int _longestName = JsonText.LongestEscape * 8;

    private readonly JsonTape _tape;
    private readonly CompatibleHash _compatible;
    private readonly LinkForm _form;
    private readonly LinkChain _chain = new();
    private int _messages;
    private Range? _system;
    private Range? _model;
    private Range? _metadata;

    public RequestAnalysis(ReadOnlySpan<byte> body)
    {
        _tape = new JsonTape(body);
        _compatible = new CompatibleHash(_tape);
        _form = new LinkForm(_tape);
    }

    /// <summary>Reads the body; once.</summary>
    public RequestHashes Run()
    {
        var reader = _tape.Read();
        reader.Read();
        if (reader.TokenType == JsonTokenType.StartObject)
        {
            ReadBody(ref reader);
        }
        else
        {
            reader.Skip();
        }

        // Nothing may follow the body: the reader throws where something does.
        reader.Read();

        string? systemHash = null;
        byte[]? stableHash = null;
        var isSummarizer = false;
        if (_system is { } system)
        {
            _tape.Load(system);
            using var prompt = new SystemPrompt(_tape);
            systemHash = prompt.HashCompatibly();
            stableHash = prompt.HashStably(out isSummarizer);
        }

        var error = _messages == 0 ? "There are no messages." : _compatible.Error;
        var kept = error is null ? _compatible.Kept : 0;
        return new RequestHashes
        {
            HasMessages = _messages > 0,
            MessageCount = _messages,
            CurrentMessageHash = error is null ? Hexadecimal(_compatible.StateWithout(0)) : null,
            ParentMessageHash = kept >= 3 ? Hexadecimal(_compatible.StateWithout(2)) : null,
            GrandparentMessageHash = kept >= 5 ? Hexadecimal(_compatible.StateWithout(4)) : null,
            SystemHash = systemHash,
            KeptMessages = kept,
            CompatibleError = error,
            LinkHash = _chain.Hash,
            CountedMessages = _chain.Counted,
            Prefixes = _chain.Prefixes(),
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
        _compatible.Dispose();
        _tape.Dispose();
    }

    private static string? Hexadecimal(byte[]? hash) => hash is null ? null : Convert.ToHexStringLower(hash);

    private static bool NameIs(in Utf8JsonReader reader, ReadOnlySpan<byte> name)
    {
        var raw = reader.ValueSpan;
        if (!reader.ValueIsEscaped)
        {
            return raw.SequenceEqual(name);
        }

        if (raw.Length > _longestName)
        {
            return false;
        }

        Span<byte> plain = stackalloc byte[_longestName + JsonText.Slack];
        return plain[..JsonText.Unescape(raw, plain, wellFormed: false, out _)].SequenceEqual(name);
    }

    private static Range Skip(ref Utf8JsonReader reader)
    {
        reader.Read();
        var start = (int)reader.TokenStartIndex;
        reader.Skip();
        return start..(int)reader.BytesConsumed;
    }

    private void ReadBody(ref Utf8JsonReader reader)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (NameIs(reader, "messages"u8))
            {
                reader.Read();
                ReadMessages(ref reader);
            }
            else if (NameIs(reader, "system"u8))
            {
                _system = Skip(ref reader);
            }
            else if (NameIs(reader, "model"u8))
            {
                _model = Skip(ref reader);
            }
            else if (NameIs(reader, "metadata"u8))
            {
                _metadata = Skip(ref reader);
            }
            else
            {
                Skip(ref reader);
            }
        }
    }

    private void ReadMessages(ref Utf8JsonReader reader)
    {
        if (_messages > 0)
        {
            // The name came before: only its last value counts.
            _compatible.Reset();
            _form.Reset();
            _chain.Reset();
            _messages = 0;
        }

        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return;
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            _tape.Load(ref reader);
            AddMessage();
            _messages++;
        }
    }

    private void AddMessage()
    {
        _compatible.Add(0);

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

        _tape.Load(metadata);
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

        _tape.Load(model);
        return _tape.Kind(0) == JsonKind.String ? _form.ReadString(0) : null;
    }
}
