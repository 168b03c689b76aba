using System.Diagnostics;
using System.Globalization;
using Nexus.Data.Seeding.Populations;

namespace Nexus.Data.Benchmarks;

/// <summary>
/// What does it cost to make a large population up? It is stored in turn by <see cref="PopulationStore"/>, and as bytes that are there
/// already by raw binary COPY of the same rows into the same tables, each in one transaction.
/// </summary>
public static class PopulatingBenchmark
{
    private const string Empty = "TRUNCATE users, chats CASCADE; CHECKPOINT";

    private static readonly (string Table, string Columns, string Order)[] _tables =
    [
        ("users", "id, username, password_hash, status, created_at", "created_at, id"),
        (
            "chats",
            "id, kind, created_at, updated_at, last_accessed_at, last_sequence, low_user_id, high_user_id, topic, created_by_user_id",
            "created_at, id"
        ),
        ("chat_members", "chat_id, user_id, role, joined_at, last_read_sequence", "joined_at, chat_id, user_id"),
        ("messages", "id, chat_id, type, content, created_at, sender_id, sequence", "created_at, id"),
    ];

    /// <summary>Measures and prints seconds, their ratio, and what the process holds.</summary>
    /// <param name="output">Where the figures go.</param>
    /// <param name="sizes">Messages and rounds, one run for each.</param>
    /// <returns>0.</returns>
    public static async Task<int> RunAsync(TextWriter output, params (int Messages, int Rounds)[] sizes)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(sizes);

        await using var server = await BenchDatabase.StartServerAsync();
        foreach (var (messages, rounds) in sizes)
        {
            var connection = await server.CreateDatabaseAsync($"populating_{messages}");
            await BenchDatabase.MigrateAsync(connection);
            await MeasureAsync(output, connection, new() { Until = new(2025, 6, 1, 0, 0, 0, TimeSpan.Zero), Messages = messages }, rounds);
        }

        return 0;
    }

    private static async Task MeasureAsync(TextWriter output, string connection, LargePopulationOptions options, int rounds)
    {
        var store = new PopulationStore(new BenchDatabase.Contexts(connection));
        await store.CopyAsync(options);
        using var process = Process.GetCurrentProcess();
        var held = process.PeakWorkingSet64;
        var rows = new List<(string Copy, byte[] Rows)>();
        foreach (var (table, columns, order) in _tables)
        {
            rows.Add((
                $"COPY {table} ({columns}) FROM STDIN (FORMAT binary)",
                await BenchDatabase.TakeAsync(connection, $"COPY (SELECT {columns} FROM {table} ORDER BY {order}) TO STDOUT (FORMAT binary)")));
        }

        var (ours, raw) = (new List<double>(), new List<double>());
        for (var round = 0; round < rounds; round++)
        {
            await BenchDatabase.ExecuteAsync(connection, Empty);
            raw.Add(await BenchDatabase.TimeAsync(() => BenchDatabase.PutAsync(connection, rows)));
            await BenchDatabase.ExecuteAsync(connection, Empty);
            ours.Add(await BenchDatabase.TimeAsync(() => store.CopyAsync(options)));
        }

        var (subject, baseline) = (BenchDatabase.Median(ours), BenchDatabase.Median(raw));
        await output.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"{options.Messages:N0} messages: {subject / 1_000:0.00} s ({options.Messages / subject * 1_000:N0} a second), raw COPY {baseline / 1_000:0.00} s = {subject / baseline:0.00} (medians of {rounds}); the first took the process to {held >> 20:N0} MB"));
    }
}
