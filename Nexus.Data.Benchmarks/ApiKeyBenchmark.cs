using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Nexus.Data.Trains;
using Npgsql;

namespace Nexus.Data.Benchmarks;

/// <summary>
/// What does the verification of an API key cost, among many keys, beside a round trip of SELECT 1 and beside what the
/// original does: a look-up in clear, and a write for each use? And how often is one key written that is used a thousand
/// times a second?
/// </summary>
public static class ApiKeyBenchmark
{
    private const int Calls = 10_000;
    private const int WarmUp = 2_000;
    private const int Workers = 16;
    private const int PerSecond = 1_000;

    private const string Fill =
        """
        INSERT INTO trains (train_id, name) SELECT 'train-' || n, 'Train ' || n FROM generate_series(1, 1000) n;
        INSERT INTO train_api_keys (train_id, key_hash, key_prefix, key_suffix)
        SELECT trains.id, sha256(('key-' || n)::bytea), 'key-', right(n::text, 4)
        FROM generate_series(1, KEYS) n JOIN trains ON trains.train_id = 'train-' || (n % 1000 + 1);
        CREATE TABLE clear_keys (
            id uuid PRIMARY KEY DEFAULT gen_random_uuid(), train_id uuid NOT NULL, api_key text NOT NULL UNIQUE,
            key_prefix varchar(20), key_suffix varchar(10), last_used_at timestamptz, revoked_at timestamptz);
        CREATE INDEX ON clear_keys (api_key) WHERE revoked_at IS NULL;
        CREATE INDEX ON clear_keys (train_id);
        INSERT INTO clear_keys (train_id, api_key, key_prefix, key_suffix)
        SELECT train_id, 'key-' || row_number() OVER (), key_prefix, key_suffix FROM train_api_keys;
        VACUUM ANALYZE trains; VACUUM ANALYZE train_api_keys; VACUUM ANALYZE clear_keys; CHECKPOINT
        """;

    /// <summary>Measures and prints medians and 99th percentiles in microseconds, and the writes of one key.</summary>
    /// <param name="output">Where the figures go.</param>
    /// <param name="keys">Keys in the table.</param>
    /// <param name="seconds">How long one key is used.</param>
    /// <returns>0.</returns>
    public static async Task<int> RunAsync(TextWriter output, int keys, int seconds)
    {
        ArgumentNullException.ThrowIfNull(output);

        await using var server = await BenchDatabase.StartServerAsync();
        var connection = await server.CreateDatabaseAsync("keys");
        await BenchDatabase.MigrateAsync(connection);
        await BenchDatabase.ExecuteAsync(connection, Fill.Replace("KEYS", $"{keys}", StringComparison.Ordinal));
        await using var services = new ServiceCollection().AddNexusData(connection).BuildServiceProvider();
        var service = services.GetRequiredService<ApiKeyService>();
        await using var source = NpgsqlDataSource.Create(connection);

        await MeasureAsync(output, source, service, keys);
        await UseAsync(output, connection, $"ours, one key, {PerSecond} a second", "train_api_keys", seconds, async () =>
        {
            if (await service.VerifyAsync("key-1") is null)
            {
                throw new InvalidOperationException("The key was refused.");
            }
        });
        await UseAsync(
            output, connection, $"the original's, one key, {PerSecond} a second", "clear_keys", seconds,
            () => OriginalAsync(source, "key-1"));
        return 0;
    }

    private static async Task MeasureAsync(TextWriter output, NpgsqlDataSource source, ApiKeyService service, int keys)
    {
        var random = new Random(1);
        var (plain, first, again, original) = (new List<double>(), new List<double>(), new List<double>(), new List<double>());
        for (var call = -WarmUp; call < Calls; call++)
        {
            var key = string.Create(CultureInfo.InvariantCulture, $"key-{random.Next(keys) + 1}");
            var times = (
                await BenchDatabase.MicrosecondsAsync(() => SelectAsync(source)),
                await BenchDatabase.MicrosecondsAsync(() => service.VerifyAsync(key)),
                await BenchDatabase.MicrosecondsAsync(() => service.VerifyAsync(key)),
                await BenchDatabase.MicrosecondsAsync(() => OriginalAsync(source, key)));
            if (call >= 0)
            {
                plain.Add(times.Item1);
                first.Add(times.Item2);
                again.Add(times.Item3);
                original.Add(times.Item4);
            }
        }

        await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{keys:N0} keys, one caller, microseconds"));
        foreach (var (name, values) in new[]
                 {
                     ("SELECT 1", plain), ("verification", again), ("verification that notes the use", first),
                     ("the original's look-up and write", original),
                 })
        {
            values.Sort();
            await output.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture,
                $"  {name,-34} p50 {values[values.Count / 2],7:0}  p99 {values[values.Count * 99 / 100],7:0}  ratio of p50 {values[values.Count / 2] / plain[plain.Count / 2]:0.0}"));
        }
    }

    // So many calls a second, however long one takes; a worker that is late does not wait.
    private static async Task UseAsync(
        TextWriter output, string connection, string name, string table, int seconds, Func<Task> call)
    {
        var (writesBefore, walBefore) = await WrittenAsync(connection, table);
        var (next, done, times) = (-1, 0, new List<double>[Workers]);
        var watch = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, Workers).Select(worker => Task.Run(async () =>
        {
            times[worker] = [];
            while (true)
            {
                var due = TimeSpan.FromSeconds(Interlocked.Increment(ref next) / (double)PerSecond);
                if (due.TotalSeconds >= seconds || watch.Elapsed.TotalSeconds > seconds)
                {
                    return;
                }

                if (due > watch.Elapsed)
                {
                    await Task.Delay(due - watch.Elapsed);
                }

                times[worker].Add(await BenchDatabase.MicrosecondsAsync(call));
                Interlocked.Increment(ref done);
            }
        })));
        var elapsed = watch.Elapsed.TotalSeconds;
        var (writes, wal) = await WrittenAsync(connection, table);
        var all = times.SelectMany(part => part).Order().ToList();
        await output.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"{name}: {done / elapsed:0} a second for {elapsed:0} s, p50 {all[all.Count / 2]:0} p99 {all[all.Count * 99 / 100]:0} microseconds, {writes - writesBefore:N0} writes, {(wal - walBefore) / 1024.0:N0} KB of log"));
    }

    private static async Task<(long Writes, long Wal)> WrittenAsync(string connection, string table)
    {
        // What other connections have written they tell when they have been idle for ten seconds.
        await Task.Delay(TimeSpan.FromSeconds(12));
        var texts = await BenchDatabase.TextsAsync(
            connection,
            $"SELECT n_tup_upd || ' ' || (pg_current_wal_lsn() - '0/0')::bigint FROM pg_stat_user_tables WHERE relname = '{table}'");
        var parts = texts.Single().Split(' ');
        return (long.Parse(parts[0], CultureInfo.InvariantCulture), long.Parse(parts[1], CultureInfo.InvariantCulture));
    }

    private static async Task SelectAsync(NpgsqlDataSource source)
    {
        await using var command = source.CreateCommand("SELECT 1");
        await command.ExecuteScalarAsync();
    }

    private static async Task OriginalAsync(NpgsqlDataSource source, string key)
    {
        await using var find = source.CreateCommand(
            """
            SELECT k.*, t.train_id AS slug FROM clear_keys k JOIN trains t ON t.id = k.train_id
            WHERE k.api_key = $1 AND k.revoked_at IS NULL
            """);
        find.Parameters.AddWithValue(key);
        Guid id;
        await using (var reader = await find.ExecuteReaderAsync())
        {
            await reader.ReadAsync();
            id = reader.GetGuid(0);
        }

        await using var touch = source.CreateCommand("UPDATE clear_keys SET last_used_at = now() WHERE id = $1");
        touch.Parameters.AddWithValue(id);
        await touch.ExecuteNonQueryAsync();
    }
}
