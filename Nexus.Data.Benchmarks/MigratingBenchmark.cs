using System.Diagnostics;
using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Nexus.Data.Benchmarks;

/// <summary>
/// How long does each migration after 014 take on a filled table, and how long do others wait for it? A reader and a writer
/// work beside it, and the server's list of locks is read a hundred times a second.
/// </summary>
public static class MigratingBenchmark
{
    private const string LastOfTheOriginal = "20250101000014_TrainMembers";

    // Backends that wait for a lock, and since when. One that waits for an advisory lock waits for another update.
    private const string Waits =
        """
        SELECT extract(epoch FROM clock_timestamp() - l.waitstart), a.query
        FROM pg_locks l JOIN pg_stat_activity a USING (pid)
        WHERE NOT l.granted AND l.locktype <> 'advisory' AND a.datname = current_database()
        """;

    private const string WaitsBefore14 =
        """
        SELECT extract(epoch FROM clock_timestamp() - a.query_start), a.query
        FROM pg_locks l JOIN pg_stat_activity a USING (pid)
        WHERE NOT l.granted AND l.locktype <> 'advisory' AND a.datname = current_database()
        """;

    private const string Read =
        """
        SELECT request_id, branch_id FROM api_requests
        WHERE train_id = (SELECT train_id FROM api_requests LIMIT 1) ORDER BY "timestamp" DESC LIMIT 20
        """;

    private const string Write =
        """
        INSERT INTO api_requests (request_id, train_id, "timestamp", method, path, headers, body, response_body)
        VALUES (gen_random_uuid(), 'writer', now(), 'POST', '/v1/messages', '{}', '{"messages": []}', '{"content": []}')
        """;

    /// <summary>Measures and prints seconds of each migration, and the longest that anybody waited in it.</summary>
    /// <param name="output">Where the figures go.</param>
    /// <param name="count">Requests.</param>
    /// <param name="bytes">Bytes of a body on average.</param>
    /// <returns>0.</returns>
    public static async Task<int> RunAsync(TextWriter output, int count, int bytes)
    {
        ArgumentNullException.ThrowIfNull(output);

        await using var server = await BenchDatabase.StartServerAsync();
        var connection = await server.CreateDatabaseAsync("migrating");
        await BenchDatabase.MigrateAsync(connection, LastOfTheOriginal);
        await FillAsync(connection, count, bytes);
        var size = (await BenchDatabase.TextsAsync(
            connection, "SELECT pg_size_pretty(pg_total_relation_size('api_requests'))"))[0];
        await output.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture, $"{count:N0} requests of {bytes:N0} bytes, {size} with all indexes"));

        using var done = new CancellationTokenSource();
        var (reader, writer, locks) = (new Longest(), new Longest(), new Longest());
        Task[] beside =
        [
            RepeatAsync(connection, Read, reader, done.Token), RepeatAsync(connection, Write, writer, done.Token),
            SampleAsync(connection, locks, done.Token),
        ];
        await using (var db = new BenchDatabase.Contexts(connection).CreateDbContext())
        {
            db.Database.SetCommandTimeout(TimeSpan.Zero);
            foreach (var migration in await db.Database.GetPendingMigrationsAsync())
            {
                var seconds = await BenchDatabase.TimeAsync(() => db.Database.MigrateAsync(migration)) / 1_000;
                await output.WriteLineAsync(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{migration,-45} {seconds,7:N1} s; longest: read {reader.Take(),6:N2} s, write {writer.Take(),6:N2} s, "
                    + $"wait for a lock {locks.Take(),6:N2} s"));
            }
        }

        await done.CancelAsync();
        await Task.WhenAll(beside);
        return 0;
    }

    // The indexes are built when the rows are there, which is much faster.
    private static async Task FillAsync(string connection, int count, int bytes)
    {
        var definitions = await BenchDatabase.DropIndexesAsync(connection);
        await BenchDatabase.FillAsync(connection, new() { Seed = 1, Trains = 5, BodyBytes = bytes }, count, isOriginal: true);
        foreach (var definition in definitions)
        {
            await BenchDatabase.ExecuteAsync(connection, definition);
        }

        await BenchDatabase.ExecuteAsync(connection, "VACUUM ANALYZE; CHECKPOINT");
    }

    private static async Task RepeatAsync(
        string connection, string sql, Longest longest, CancellationToken cancellationToken)
    {
        await using var npgsql = await BenchDatabase.OpenAsync(connection);
        while (!cancellationToken.IsCancellationRequested)
        {
            var watch = Stopwatch.StartNew();
            await using var command = new NpgsqlCommand(sql, npgsql) { CommandTimeout = 0 };
            await command.ExecuteNonQueryAsync(CancellationToken.None);
            longest.Note(watch.Elapsed.TotalSeconds);
            await Task.Delay(5, CancellationToken.None);
        }
    }

    private static async Task SampleAsync(string connection, Longest longest, CancellationToken cancellationToken)
    {
        await using var npgsql = await BenchDatabase.OpenAsync(connection);
        await using var command = new NpgsqlCommand(
            npgsql.PostgreSqlVersion.Major >= 14 ? Waits : WaitsBefore14, npgsql);
        while (!cancellationToken.IsCancellationRequested)
        {
            await using (var reader = await command.ExecuteReaderAsync(CancellationToken.None))
            {
                while (await reader.ReadAsync(CancellationToken.None))
                {
                    if (!await reader.IsDBNullAsync(0, CancellationToken.None))
                    {
                        longest.Note((double)reader.GetDecimal(0));
                    }
                }
            }

            await Task.Delay(10, CancellationToken.None);
        }
    }

    /// <summary>The longest of what was noted since it was taken last.</summary>
    private sealed class Longest
    {
        private readonly Lock _lock = new();
        private double _value;

        public void Note(double value)
        {
            lock (_lock)
            {
                _value = Math.Max(_value, value);
            }
        }

        public double Take()
        {
            lock (_lock)
            {
                (var value, _value) = (_value, 0);
                return value;
            }
        }
    }
}
