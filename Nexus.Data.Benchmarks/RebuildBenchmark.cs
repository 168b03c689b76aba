using System.Diagnostics;
using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Nexus.Data.Conversations.Rebuilding;
using Nexus.Data.Embedded;
using Nexus.Data.Recording;
using Nexus.Data.Seeding.Traffic;
using Npgsql;

namespace Nexus.Data.Benchmarks;

/// <summary>
/// What does a rebuild cost beside the raw COPY of the bodies out and the raw UPDATE ... FROM of the same columns? With
/// all requests changed and with none, on one train; the two alternate, and the median counts.
/// </summary>
public static class RebuildBenchmark
{
    private const int Rounds = 3;

    private const string Bodies =
        "COPY (SELECT request_id, body, response_body FROM api_requests) TO STDOUT (FORMAT binary)";

    private const string Columns =
        """
        conversation_id, branch_id, parent_request_id, parent_task_request_id, is_subtask, link_kind, link_distance,
        link_candidates, retry_of_request_id, claims_branch, unlinked_because, link_hash, link_version, stable_system_hash,
        answer_hash, user_id_hash, link_facts
        """;

    // What a rebuild mends: nothing of a link is right.
    private const string Wipe =
        """
        UPDATE api_requests SET conversation_id = NULL, branch_id = NULL, parent_request_id = NULL, is_subtask = NULL,
            parent_task_request_id = NULL, link_kind = NULL, link_distance = NULL, link_candidates = NULL,
            retry_of_request_id = NULL, claims_branch = NULL, link_hash = NULL, link_version = NULL,
            stable_system_hash = NULL, answer_hash = NULL, user_id_hash = NULL,
            link_facts = NULL;
        TRUNCATE task_prompts, summary_keys, link_waits;
        VACUUM ANALYZE api_requests; CHECKPOINT
        """;

    /// <summary>Measures and prints milliseconds, ratios and the most memory.</summary>
    /// <param name="output">Where the figures go.</param>
    /// <param name="count">Requests.</param>
    /// <param name="bytes">Bytes of a body on average.</param>
    /// <returns>0.</returns>
    public static async Task<int> RunAsync(TextWriter output, int count, int bytes)
    {
        ArgumentNullException.ThrowIfNull(output);

        await using var server = await EmbeddedPostgres.StartAsync(new()
        {
            ThrowAway = true,
            Settings = new Dictionary<string, string>
            {
                ["shared_buffers"] = "2GB",
                ["fsync"] = "on",
                ["max_wal_size"] = "8GB",
            },
        });
        var connection = await server.CreateDatabaseAsync("rebuild");
        await FillAsync(connection, count, bytes);
        var rebuilder = new ConversationRebuilder(new Contexts(connection));
        var (copies, updates, changed, unchanged) =
            (new List<double>(), new List<double>(), new List<double>(), new List<double>());
        for (var round = 0; round < Rounds; round++)
        {
            await ExecuteAsync(connection, Wipe);
            copies.Add(await TimeAsync(() => CopyAsync(connection)));
            changed.Add(await TimeAsync(() => rebuilder.RebuildAsync(new() { Execute = true })));
            await ExecuteAsync(connection, "VACUUM ANALYZE api_requests; CHECKPOINT");
            unchanged.Add(await TimeAsync(() => rebuilder.RebuildAsync(new() { Execute = true })));
            updates.Add(await UpdateAsync(connection));
        }

        await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"""
            {count:N0} requests of {bytes:N0} bytes, medians of {Rounds}, in milliseconds
            raw COPY of the bodies     {Median(copies),10:N0}
            raw UPDATE ... FROM        {Median(updates),10:N0}
            rebuild, all changed       {Median(changed),10:N0}   {Median(changed) / (Median(copies) + Median(updates)):N2} times both
            rebuild, nothing changed   {Median(unchanged),10:N0}   {Median(unchanged) / Median(copies):N2} times the COPY
            most memory                {Process.GetCurrentProcess().PeakWorkingSet64 / 1048576,10:N0} MB
            """));
        return 0;
    }

    private static async Task FillAsync(string connection, int count, int bytes)
    {
        await using (var db = new Contexts(connection).CreateDbContext())
        {
            await db.Database.MigrateAsync();
        }

        // The log waits on disk, for the most memory is to be that of a rebuild.
        var path = Path.GetTempFileName();
        try
        {
            await using var log = File.Create(path);
            new RequestTraffic(new() { Seed = 1, Trains = 1, BodyBytes = bytes }).ToLines(count, log);
            log.Position = 0;
            await new RequestImporter(new Contexts(connection)).ImportAsync(log);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static async Task CopyAsync(string connection)
    {
        await using var npgsql = new NpgsqlConnection(connection);
        await npgsql.OpenAsync();
        await using var stream = await npgsql.BeginRawBinaryCopyAsync(Bodies);
        var buffer = new byte[256 * 1024];
        while (await stream.ReadAsync(buffer.AsMemory(), CancellationToken.None) > 0)
        {
        }
    }

    // The same values in the same columns of all rows, from a temporary table.
    private static async Task<double> UpdateAsync(string connection)
    {
        await using var npgsql = new NpgsqlConnection(connection);
        await npgsql.OpenAsync();
        await ExecuteAsync(
            npgsql, $"CREATE TEMPORARY TABLE links AS SELECT request_id, {Columns} FROM api_requests; ANALYZE links");
        await ExecuteAsync(npgsql, "UPDATE api_requests SET branch_id = NULL; VACUUM ANALYZE api_requests; CHECKPOINT");
        var columns = Columns.Split(',', StringSplitOptions.TrimEntries);
        return await TimeAsync(() => ExecuteAsync(
            npgsql,
            $"UPDATE api_requests r SET {string.Join(", ", columns.Select(column => $"{column} = l.{column}"))} "
            + "FROM links l WHERE l.request_id = r.request_id"));
    }

    private static async Task ExecuteAsync(string connection, string sql)
    {
        await using var npgsql = new NpgsqlConnection(connection);
        await npgsql.OpenAsync();
        await ExecuteAsync(npgsql, sql);
    }

    // One by one: VACUUM runs in no transaction.
    private static async Task ExecuteAsync(NpgsqlConnection npgsql, string sql)
    {
        foreach (var statement in sql.Split(';', StringSplitOptions.TrimEntries))
        {
            await using var command = new NpgsqlCommand(statement, npgsql) { CommandTimeout = 0 };
            await command.ExecuteNonQueryAsync();
        }
    }

    private static async Task<double> TimeAsync(Func<Task> work)
    {
        var watch = Stopwatch.StartNew();
        await work();
        return watch.Elapsed.TotalMilliseconds;
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private sealed class Contexts(string connection) : IDbContextFactory<NexusDbContext>
    {
        public NexusDbContext CreateDbContext()
        {
            var builder = new DbContextOptionsBuilder<NexusDbContext>();
            builder.UseNexus(connection);
            return new(builder.Options);
        }
    }
}
