using System.Buffers.Binary;
using Npgsql;

namespace Nexus.Data.Conversations.Rebuilding;

/// <summary>What is stored beside requests: prompts, and sums of keys that are compared before any is written.</summary>
internal sealed class StoredDetails
{
    public Dictionary<Guid, ulong> Waits { get; } = [];

    public Dictionary<Guid, ulong> Keys { get; } = [];

    public Dictionary<Guid, List<StoredPrompt>> Prompts { get; } = [];

    /// <summary>A part of a sum over keys, whatever their order.</summary>
    public static ulong Sum(ReadOnlySpan<byte> key)
        => key.Length < sizeof(ulong) ? 1 : BinaryPrimitives.ReadUInt64BigEndian(key);

    public static async Task<StoredDetails> ReadAsync(
        NpgsqlConnection connection, string train, CancellationToken cancellationToken)
    {
        var details = new StoredDetails();
        await SumAsync(connection, RebuildStatements.Waits(train), details.Waits, cancellationToken);
        await SumAsync(connection, RebuildStatements.Keys(train), details.Keys, cancellationToken);
        await using var rows = await CopyRows.OpenAsync(connection, RebuildStatements.Prompts(train), 5, cancellationToken);
        while (await rows.ReadAsync(cancellationToken))
        {
            var request = rows.Uuid(0);
            if (!details.Prompts.TryGetValue(request, out var prompts))
            {
                details.Prompts[request] = prompts = [];
            }

            prompts.Add(new(
                rows.Int(1), rows.IsNull(2) ? null : System.Text.Encoding.UTF8.GetString(rows.Bytes(2)),
                Digest.Of(rows.Bytes(3)), rows.Uuid(4)));
        }

        return details;
    }

    private static async Task SumAsync(
        NpgsqlConnection connection, string query, Dictionary<Guid, ulong> sums, CancellationToken cancellationToken)
    {
        await using var rows = await CopyRows.OpenAsync(connection, query, 2, cancellationToken);
        while (await rows.ReadAsync(cancellationToken))
        {
            var request = rows.Uuid(0);
            sums[request] = sums.GetValueOrDefault(request) + Sum(rows.Bytes(1));
        }
    }
}

/// <summary>A tool use as it is stored.</summary>
internal readonly record struct StoredPrompt(int Ordinal, string? ToolUseId, Digest Prompt, Guid Subtask);

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
