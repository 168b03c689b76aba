using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Nexus.Data.Conversations.Hashing;
using Npgsql;

namespace Nexus.Data.Conversations.Rebuilding;

/// <summary>What is stored beside the requests of a train: what their answers show, and sums of what they wait
/// for.</summary>
internal sealed class StoredDetails
{
    private static readonly List<StoredPrompt> _noPrompts = [];

    private readonly Dictionary<Guid, (ulong Sum, int Newest)> _keys = [];
    private readonly List<(UInt128 Key, int Before)> _allKeys = [];
    private readonly Dictionary<Guid, List<StoredPrompt>> _prompts = [];
    private readonly Dictionary<Guid, ulong> _waits = [];

    public ulong WaitsOf(Guid request) => _waits.GetValueOrDefault(request);

    /// <summary>The sum over the keys of the request's answer.</summary>
    public ulong KeysOf(Guid request) => _keys.GetValueOrDefault(request).Sum;

    public List<StoredPrompt> PromptsOf(Guid request) => _prompts.GetValueOrDefault(request, _noPrompts);

    /// <summary>What the request's answer shows, as it is stored.</summary>
    public AnswerHashes AnswerOf(Guid request)
    {
        var keys = new List<byte[]>();
        for (var key = _keys.TryGetValue(request, out var stored) ? stored.Newest : -1; key >= 0; key = _allKeys[key].Before)
        {
            var bytes = new byte[16];
            BinaryPrimitives.WriteUInt128BigEndian(bytes, _allKeys[key].Key);
            keys.Add(bytes);
        }

        return new()
        {
            SummaryKeys = keys,
            PromptedTasks =
                [.. PromptsOf(request).Select(prompt => new PromptedTask(prompt.ToolUseId, prompt.Ordinal, prompt.Hash, ""))],
        };
    }

    public static async Task<StoredDetails> ReadAsync(
        NpgsqlConnection connection, string train, CancellationToken cancellationToken)
    {
        var details = new StoredDetails();
        await using (var rows = await CopyRows.OpenAsync(connection, RebuildStatements.Waits(train), 2, cancellationToken))
        {
            while (await rows.ReadAsync(cancellationToken))
            {
                CollectionsMarshal.GetValueRefOrAddDefault(details._waits, rows.Uuid(0), out _) += LinkFacts.Sum(rows.Bytes(1));
            }
        }

        await using (var rows = await CopyRows.OpenAsync(connection, RebuildStatements.Keys(train), 2, cancellationToken))
        {
            while (await rows.ReadAsync(cancellationToken))
            {
                details.AddKey(rows.Uuid(0), rows.Bytes(1));
            }
        }

        await using (var rows = await CopyRows.OpenAsync(connection, RebuildStatements.Prompts(train), 5, cancellationToken))
        {
            while (await rows.ReadAsync(cancellationToken))
            {
                ref var prompts = ref CollectionsMarshal.GetValueRefOrAddDefault(details._prompts, rows.Uuid(0), out _);
                (prompts ??= []).Add(new(
                    rows.Int(1), rows.IsNull(2) ? null : Encoding.UTF8.GetString(rows.Bytes(2)), rows.Bytes(3).ToArray(),
                    rows.Uuid(4)));
            }
        }

        return details;
    }

    private void AddKey(Guid request, ReadOnlySpan<byte> key)
    {
        ref var keys = ref CollectionsMarshal.GetValueRefOrAddDefault(_keys, request, out var isKnown);
        var whole = key.Length == 16 ? BinaryPrimitives.ReadUInt128BigEndian(key) : 0;
        _allKeys.Add((whole, isKnown ? keys.Newest : -1));
        keys = (keys.Sum + LinkFacts.Sum(key), _allKeys.Count - 1);
    }
}

/// <summary>A tool use as it is stored.</summary>
internal readonly record struct StoredPrompt(int Ordinal, string? ToolUseId, byte[] Hash, Guid Subtask);

/// <summary>The keys that a request waits for and those of its answer, one after the other.</summary>
internal static class RowDetails
{
    private const int WaitLength = 32;
    private const int KeyLength = 16;

    public static long Keep(ByteStore store, List<byte[]> waits, IReadOnlyList<byte[]> keys)
    {
        var bytes = new byte[sizeof(int) + (waits.Count * WaitLength) + (keys.Count * KeyLength)];
        BinaryPrimitives.WriteInt32BigEndian(bytes, waits.Count);
        var end = sizeof(int);
        foreach (var key in waits.Concat(keys))
        {
            key.CopyTo(bytes, end);
            end += key.Length;
        }

        return store.Add(bytes);
    }

    public static List<byte[]> Waits(ReadOnlySpan<byte> bytes)
    {
        var waits = new List<byte[]>();
        for (var i = 0; !bytes.IsEmpty && i < BinaryPrimitives.ReadInt32BigEndian(bytes); i++)
        {
            waits.Add(bytes.Slice(sizeof(int) + (i * WaitLength), WaitLength).ToArray());
        }

        return waits;
    }

    public static List<byte[]> Keys(ReadOnlySpan<byte> bytes)
    {
        var keys = new List<byte[]>();
        var start = bytes.IsEmpty ? 0 : sizeof(int) + (BinaryPrimitives.ReadInt32BigEndian(bytes) * WaitLength);
        for (; start < bytes.Length; start += KeyLength)
        {
            keys.Add(bytes.Slice(start, KeyLength).ToArray());
        }

        return keys;
    }
}
