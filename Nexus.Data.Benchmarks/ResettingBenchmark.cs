using System.Globalization;
using Nexus.Data.Embedded;
using Npgsql;

namespace Nexus.Data.Benchmarks;

/// <summary>
/// What does it cost to empty a test's database? Tables that refer to each other are filled and emptied in turn by <see cref="DatabaseReset"/>,
/// by DELETE from each without foreign keys, and by TRUNCATE of all, each in a database of its own on a server as tests have it.
/// </summary>
public static class ResettingBenchmark
{
    private const int TableCount = 25;

    /// <summary>Measures and prints milliseconds and their ratio to the fastest of the others.</summary>
    /// <param name="output">Where the figures go.</param>
    /// <returns>0.</returns>
    public static async Task<int> RunAsync(TextWriter output)
    {
        ArgumentNullException.ThrowIfNull(output);

        await using var server = await EmbeddedPostgres.StartAsync(new() { ThrowAway = true });
        foreach (var (rows, tables, rounds) in ((int, int, int)[])[(10, 3, 300), (10, TableCount, 300), (1_000, TableCount, 60), (20_000, TableCount, 7)])
        {
            await MeasureAsync(output, server, rows, tables, rounds);
        }

        return 0;
    }

    private static async Task MeasureAsync(TextWriter output, EmbeddedPostgres server, int rows, int tables, int rounds)
    {
        var names = Enumerable.Range(1, TableCount).Select(n => $"t{n}").ToList();
        var ways = new List<(string Name, string Connection, Func<Task> ResetAsync, List<double> Times)>();
        var reset = await CreateAsync(server, $"reset_{rows}_{tables}");
        await using var ours = await DatabaseReset.CreateAsync(reset);
        ways.Add(("DatabaseReset", reset, () => ours.ResetAsync(), []));
        var delete = await CreateAsync(server, $"delete_{rows}_{tables}");
        ways.Add((
            "DELETE without foreign keys", delete,
            () => SendAsync(delete, $"SET LOCAL session_replication_role = replica; {string.Concat(names.Select(name => $"DELETE FROM {name};"))}"), []));
        var truncate = await CreateAsync(server, $"truncate_{rows}_{tables}");
        ways.Add(("TRUNCATE", truncate, () => SendAsync(truncate, $"TRUNCATE {string.Join(", ", names)}"), []));

        var fill = string.Concat(names.Take(tables).Select((name, index) =>
            $"INSERT INTO {name} (parent, value) SELECT {(index == 0 ? "NULL" : $"(SELECT max(id) FROM {names[index - 1]})")}, repeat('x', 100) FROM generate_series(1, {rows});"));
        for (var round = -2; round < rounds; round++)
        {
            // Each goes first in turn.
            for (var n = 0; n < ways.Count; n++)
            {
                var (_, connection, resetAsync, times) = ways[(n + round + ways.Count) % ways.Count];
                await SendAsync(connection, fill);
                var took = await BenchDatabase.TimeAsync(resetAsync);
                if (round >= 0)
                {
                    times.Add(took);
                }
            }
        }

        var medians = ways.ConvertAll(way => BenchDatabase.Median(way.Times));
        await output.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"{rows:N0} rows in {tables} of {TableCount} tables: {string.Join(", ", ways.Zip(medians, (way, median) => $"{way.Name} {median:0.0} ms"))} = {medians[0] / medians.Skip(1).Min():0.00} of the fastest (medians of {rounds})"));
    }

    // All statements at once, which are one transaction.
    private static async Task SendAsync(string connection, string sql)
    {
        await using var npgsql = await BenchDatabase.OpenAsync(connection);
        await using var command = new NpgsqlCommand(sql, npgsql) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<string> CreateAsync(EmbeddedPostgres server, string name)
    {
        var connection = await server.CreateDatabaseAsync(name);
        await BenchDatabase.ExecuteAsync(connection, string.Concat(Enumerable.Range(1, TableCount).Select(n =>
            $"CREATE TABLE t{n} (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, parent bigint {(n == 1 ? "" : $"REFERENCES t{n - 1}")}, value text); CREATE INDEX ON t{n} (parent);")));
        return connection;
    }
}
