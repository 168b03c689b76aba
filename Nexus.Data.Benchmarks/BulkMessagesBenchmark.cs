using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Nexus.Data.Chats;
using Nexus.Data.Seeding.Populations;

namespace Nexus.Data.Benchmarks;

/// <summary>
/// What does it cost to post many messages through the library? Those of a large population are posted in turn by
/// <see cref="Messages.PostManyAsync"/>, and as bytes that are there already by raw binary COPY of the same rows into the same table,
/// both in the same parts, each a transaction.
/// </summary>
public static class BulkMessagesBenchmark
{
    private const int Part = 25_000;
    private const string Columns = "id, chat_id, type, content, created_at, sender_id, sequence";

    // The chats are as they were before their first message.
    private const string Empty =
        "TRUNCATE messages; UPDATE chats SET last_sequence = 0; UPDATE chat_members SET last_read_sequence = 0, unread_gaps = 0; "
        + "VACUUM chats; VACUUM chat_members; CHECKPOINT";

    /// <summary>Measures and prints seconds and their ratio.</summary>
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
            var connection = await server.CreateDatabaseAsync($"bulk_{messages}");
            await BenchDatabase.MigrateAsync(connection);
            await MeasureAsync(output, connection, messages, rounds);
        }

        return 0;
    }

    private static async Task MeasureAsync(TextWriter output, string connection, int count, int rounds)
    {
        var contexts = new BenchDatabase.Contexts(connection);
        await new PopulationStore(contexts).CopyAsync(new() { Until = new(2025, 6, 1, 0, 0, 0, TimeSpan.Zero), Messages = count });
        var parts = await PartsAsync(contexts);
        var messages = new Messages(contexts);

        // Once for the code to be compiled, and for the rows as they are posted.
        await BenchDatabase.ExecuteAsync(connection, Empty);
        await PostAsync(messages, parts);
        var raw = new List<byte[]>();
        for (var written = 0; written < parts.Count; written++)
        {
            raw.Add(await BenchDatabase.TakeAsync(
                connection,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"""
                    COPY (SELECT {Columns} FROM messages WHERE written_in = (
                              SELECT DISTINCT written_in FROM messages ORDER BY written_in OFFSET {written} LIMIT 1)
                          ORDER BY ctid) TO STDOUT (FORMAT binary)
                    """)));
        }

        var (subject, baseline) = (new List<double>(), new List<double>());
        for (var round = 0; round < rounds; round++)
        {
            await BenchDatabase.ExecuteAsync(connection, Empty);
            baseline.Add(await BenchDatabase.TimeAsync(() => PutAsync(connection, raw)));
            await BenchDatabase.ExecuteAsync(connection, Empty);
            subject.Add(await BenchDatabase.TimeAsync(() => PostAsync(messages, parts)));
        }

        var (ours, theirs) = (BenchDatabase.Median(subject), BenchDatabase.Median(baseline));
        await output.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"{count:N0} messages in {parts.Count} parts: {ours / 1_000:0.00} s ({count / ours * 1_000:N0} a second), raw COPY {theirs / 1_000:0.00} s = {ours / theirs:0.00} (medians of {rounds})"));
    }

    private static async Task<List<NewMessage[]>> PartsAsync(BenchDatabase.Contexts contexts)
    {
        await using var db = contexts.CreateDbContext();
        var stored = await db.Messages.AsNoTracking().OrderBy(message => message.CreatedAt).ThenBy(message => message.Id)
            .Select(message => new NewMessage
            {
                ChatId = message.ChatId,
                Type = message.Type,
                Content = message.Content,
                SenderId = message.SenderId,
            })
            .ToListAsync();
        return [.. stored.Chunk(Part)];
    }

    private static async Task PostAsync(Messages messages, List<NewMessage[]> parts)
    {
        foreach (var part in parts)
        {
            await messages.PostManyAsync(part);
        }
    }

    private static async Task PutAsync(string connection, List<byte[]> parts)
    {
        foreach (var part in parts)
        {
            await BenchDatabase.PutAsync(connection, [($"COPY messages ({Columns}) FROM STDIN (FORMAT binary)", part)]);
        }
    }
}
