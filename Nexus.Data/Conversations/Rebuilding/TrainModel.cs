using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace Nexus.Data.Conversations.Rebuilding;

/// <summary>The requests of a train in the order of their times, with what finds them: a few hundred bytes for each.</summary>
internal sealed class TrainModel
{
    private const int PieceLength = 4096;

    private readonly List<TrainRow[]> _pieces = [];
    private readonly NewestRows<Digest> _byMessages;
    private readonly NewestRows<Digest> _byAnswer;
    private readonly Numbered<Digest> _systems = new();
    private readonly List<byte[]> _systemHashes = [];
    private readonly Numbered<Digest> _users = new();
    private readonly List<byte[]> _userHashes = [];
    private readonly Numbered<string> _words = new();
    private readonly Numbered<Guid> _stored = new();
    private readonly NewestRows<ulong> _newestKeys;
    private readonly List<(ulong Key, int Row, int Before)> _keys;

    /// <param name="trainId">The train.</param>
    /// <param name="expected">About how many requests it has: what grows by doubling takes twice as much while it
    /// does.</param>
    public TrainModel(string trainId, int expected)
    {
        TrainId = trainId;
        _byMessages = new(row => this[row].Messages, expected);
        _byAnswer = new(row => this[row].Answered, expected);
        _keys = new(expected);
        _newestKeys = new(key => _keys[key].Key, expected);
    }

    public string TrainId { get; }

    public int Count { get; private set; }

    /// <summary>The texts of openings, 128 bits of each.</summary>
    public List<Digest> Openings { get; } = [];

    public List<ContinuedSummary> Summaries { get; } = [];

    /// <summary>The tool uses of all answers, in the order of their requests.</summary>
    public List<PromptRow> Prompts { get; } = [];

    public ByteStore Bytes { get; } = new();

    public ref TrainRow this[int row] => ref _pieces[row / PieceLength][row % PieceLength];

    public void Add(in TrainRow row)
    {
        if (Count % PieceLength == 0)
        {
            _pieces.Add(new TrainRow[PieceLength]);
        }

        var place = Count++;
        this[place] = row;
        Index(place);
    }

    /// <summary>Forgets all requests from a time on.</summary>
    public void Truncate(long from)
    {
        while (Count > 0 && this[Count - 1].Time >= from)
        {
            Count--;
        }

        _pieces.RemoveRange((Count + PieceLength - 1) / PieceLength, _pieces.Count - ((Count + PieceLength - 1) / PieceLength));
        Prompts.RemoveRange(FirstPromptFrom(Count), Prompts.Count - FirstPromptFrom(Count));
        Summaries.RemoveAll(summary => summary.Row >= Count);
        _keys.RemoveAll(key => key.Row >= Count);
        _byMessages.Clear();
        _byAnswer.Clear();
        for (var row = 0; row < Count; row++)
        {
            Index(row);
        }

        _newestKeys.Clear();
        for (var key = 0; key < _keys.Count; key++)
        {
            CollectionsMarshal.AsSpan(_keys)[key].Before = _newestKeys.Replace(key);
        }
    }

    /// <summary>The newest with these messages before a place; -1 for none.</summary>
    public int Newest(Digest messages, int before)
    {
        var place = _byMessages[messages];
        while (place >= before)
        {
            place = this[place].Same;
        }

        return place;
    }

    /// <summary>The newest with these messages and this answer before a place; -1 for none.</summary>
    public int NewestAnswered(Digest answered, int before)
    {
        var place = _byAnswer[answered];
        while (place >= before)
        {
            place = this[place].SameAnswered;
        }

        return place;
    }

    /// <summary>The number of a hash of a system prompt; -1 for none.</summary>
    public int System(ReadOnlySpan<byte> hash) => Number(_systems, _systemHashes, hash);

    public byte[]? SystemHash(int system) => system < 0 ? null : _systemHashes[system];

    /// <summary>The number of a hash of a user; -1 for none.</summary>
    public int User(ReadOnlySpan<byte> hash) => Number(_users, _userHashes, hash);

    public byte[]? UserHash(int user) => user < 0 ? null : _userHashes[user];

    /// <summary>The number of a name of a branch or a model.</summary>
    public int Word(string word) => _words.Of(word);

    /// <summary>The same of UTF-8, without a string where the word is known.</summary>
    public int Word(ReadOnlySpan<byte> utf8)
    {
        Span<char> word = stackalloc char[256];
        return utf8.Length <= word.Length
               && _words.TryFind((ReadOnlySpan<char>)word[..Encoding.UTF8.GetChars(utf8, word)], out var number)
            ? number
            : Word(Encoding.UTF8.GetString(utf8));
    }

    public string Text(int word) => _words[word];

    /// <summary>All names, as <see cref="Word(string)"/> numbers them.</summary>
    public IReadOnlyList<string> Words => _words.Values;

    /// <summary>The number of a conversation that is stored; -1 for none.</summary>
    public int StoredConversation(Guid id) => id == Guid.Empty ? -1 : _stored.Of(id);

    /// <summary>The conversation again; empty for none.</summary>
    public Guid StoredConversation(int number) => number < 0 ? Guid.Empty : _stored[number];

    /// <summary>All conversations that were stored, as they are numbered.</summary>
    public IReadOnlyList<Guid> StoredConversations => _stored.Values;

    /// <summary>Notes that the answer of the next row begins so.</summary>
    public void AddKey(ReadOnlySpan<byte> key)
    {
        _keys.Add((BinaryPrimitives.ReadUInt64BigEndian(key), Count, -1));
        CollectionsMarshal.AsSpan(_keys)[^1].Before = _newestKeys.Replace(_keys.Count - 1);
    }

    /// <summary>The newest answer before a place that begins so, among the keys; -1 for none.</summary>
    public int NewestKey(ReadOnlySpan<byte> key, int before)
    {
        var place = _newestKeys[BinaryPrimitives.ReadUInt64BigEndian(key)];
        while (place >= 0 && _keys[place].Row >= before)
        {
            place = _keys[place].Before;
        }

        return place;
    }

    public (int Row, int Before) Key(int key) => (_keys[key].Row, _keys[key].Before);

    public int FirstPromptFrom(int row)
    {
        var (low, high) = (0, Prompts.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = Prompts[middle].Row < row ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    private void Index(int place)
    {
        ref var row = ref this[place];
        (row.Same, row.SameAnswered, row.Count) = (-1, -1, 1);
        if (row.Messages != Digest.None)
        {
            row.Same = _byMessages.Replace(place);
            row.Count = row.Same < 0 ? 1 : this[row.Same].Count + 1;
        }

        if (row.Answered != Digest.None)
        {
            row.SameAnswered = _byAnswer.Replace(place);
        }
    }

    // Null equals null, and nothing else.
    private static int Number(Numbered<Digest> numbers, List<byte[]> hashes, ReadOnlySpan<byte> hash)
    {
        if (hash.IsEmpty)
        {
            return -1;
        }

        var number = numbers.Of(Digest.Of(hash));
        if (number == hashes.Count)
        {
            hashes.Add(hash.ToArray());
        }

        return number;
    }
}

/// <summary>A tool use of an answer: a sub-task that may come.</summary>
internal struct PromptRow
{
    public int Row;
    public int Ordinal;
    public Digest Prompt;

    /// <summary>Where the whole hash is kept.</summary>
    public long Hash;
    public string? ToolUseId;

    /// <summary>The request that opened the sub-task.</summary>
    public int Subtask;
}

/// <summary>A summary that a request continues, and the answers that may hold it.</summary>
internal sealed class ContinuedSummary
{
    public required int Row { get; init; }

    public required byte[] Key { get; init; }

    /// <summary>The text to be sought; null where it is not, or not any more.</summary>
    public string? Text { get; set; }

    /// <summary>The next answer that begins like it, among the keys of the train.</summary>
    public int Next { get; set; } = -1;

    /// <summary>The request whose answer holds it.</summary>
    public int Found { get; set; } = -1;
}
