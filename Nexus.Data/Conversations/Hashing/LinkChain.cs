using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Nexus.Data.Conversations.Hashing;

/// <summary>The link hash as messages are added to it, and its state after each message of the user.</summary>
internal sealed class LinkChain : IDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly List<Beginning> _beginnings = [];
    private readonly PooledBuffer _texts = new();
    private IncrementalHash? _alone;
    private byte[]? _first;
    private byte[]? _openingText;
    private ContinuationSummary? _continuation;
    private int _counted;
    private int _runs;
    private bool _lastIsUser;

    /// <summary>The hash of all but the messages of the assistant's at the end; null where nothing counts.</summary>
    public byte[]? Hash => _beginnings.Count == 0 ? null : _beginnings[^1].Hash;

    /// <summary>Messages in <see cref="Hash"/>.</summary>
    public int Counted => _beginnings.Count == 0 ? 0 : _beginnings[^1].Counted;

    /// <summary>The hash of the first message alone; null where nothing counts.</summary>
    public byte[]? First => _beginnings.Count == 0 ? null : _first;

    /// <summary>The hash of the only message's text; null where there are others, or other blocks.</summary>
    public byte[]? OpeningText => Counted == 1 ? _openingText : null;

    /// <summary>The summary in the first message; null where it has none.</summary>
    public ContinuationSummary? Continuation => _beginnings.Count == 0 ? null : _continuation;

    /// <summary>Adds a message; nothing where nothing of it counts.</summary>
    /// <param name="isUser">Whose message it is.</param>
    /// <param name="form">The message.</param>
    /// <param name="compatible">The original's hashes, which have the message already; null where none are asked for.</param>
    public void Add(bool isUser, LinkForm form, CompatibleHash? compatible)
    {
        var message = form.Message;
        if (message.IsEmpty)
        {
            return;
        }

        _hash.AppendData(message);
        _counted++;
        if (isUser)
        {
            _beginnings.Add(new Beginning(_hash.GetCurrentHash(), _counted, _runs, compatible?.Want() ?? 0));
        }
        else if (_lastIsUser || _counted == 1)
        {
            _runs++;
            if (_counted > 1)
            {
                CollectionsMarshal.AsSpan(_beginnings)[^1].Answer = HashAlone(form.Alone);
            }
        }

        _lastIsUser = isUser;
        if (_counted == 1)
        {
            TakeFirst(isUser, form);
        }
    }

    /// <summary>The proper beginnings that end in a message of the user, longest first.</summary>
    public MessagePrefix[] Prefixes(CompatibleHash? compatible)
    {
        if (_beginnings.Count < 2)
        {
            return [];
        }

        var prefixes = new MessagePrefix[_beginnings.Count - 1];
        var runs = _beginnings[^1].Runs;
        for (var index = 0; index < prefixes.Length; index++)
        {
            var beginning = _beginnings[^(index + 2)];
            prefixes[index] = new MessagePrefix(
                beginning.Hash,
                beginning.Counted,
                Math.Max(1, runs - beginning.Runs),
                beginning.Answer,
                compatible?.HashOf(beginning.Kept) is { } hash ? Convert.ToHexStringLower(hash) : null);
        }

        return prefixes;
    }

    /// <summary>Forgets every message.</summary>
    public void Reset()
    {
        Span<byte> ignored = stackalloc byte[SHA256.HashSizeInBytes];
        _hash.GetHashAndReset(ignored);
        _beginnings.Clear();
        (_first, _openingText, _continuation) = (null, null, null);
        (_counted, _runs, _lastIsUser) = (0, 0, false);
    }

    public void Dispose()
    {
        _hash.Dispose();
        _alone?.Dispose();
        _texts.Dispose();
    }

    // Cheaper than a hash of its own for each.
    private byte[] HashAlone(ReadOnlySpan<byte> message)
    {
        _alone ??= IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        _alone.AppendData(message);
        return _alone.GetHashAndReset();
    }

    private void TakeFirst(bool isUser, LinkForm form)
    {
        _first = isUser ? _beginnings[^1].Hash : _hash.GetCurrentHash();
        if (!isUser)
        {
            return;
        }

        _texts.Clear();
        foreach (var range in form.Texts)
        {
            var text = form.Alone[range];
            _continuation ??= ContinuationSummary.Find(text);
            if (_texts.Length > 0)
            {
                _texts.Append((byte)'\n');
            }

            _texts.Append(text);
        }

        _openingText = form.IsText ? SHA256.HashData(_texts.Written) : null;
    }

    private record struct Beginning(byte[] Hash, int Counted, int Runs, int Kept)
    {
        public byte[]? Answer { get; set; }
    }
}
