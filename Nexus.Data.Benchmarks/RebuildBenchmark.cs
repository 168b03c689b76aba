using System.Diagnostics;
using System.Globalization;
using Nexus.Data.Conversations;
using Nexus.Data.Conversations.Rebuilding;
using Nexus.Data.Embedded;

namespace Nexus.Data.Benchmarks;

/// <summary>
/// What does a rebuild cost beside the raw COPY of the bodies out and the raw UPDATE ... FROM of the same columns? With
/// all requests changed and with none, on our indexes and on those of migration 014, of one train; and what does an
/// analysis cost. Baselines and subjects alternate, and the median counts.
/// </summary>
public static class RebuildBenchmark
{
    private const int Rounds = 3;

    private const string Bodies =
        "COPY (SELECT request_id, body, response_body FROM api_requests) TO STDOUT (FORMAT binary)";

    // All that a rebuild writes of a request that has the original's hashes.
    private static readonly string[] _columns =
    [
        "conversation_id", "branch_id", "parent_request_id", "parent_task_request_id", "is_subtask", "link_kind",
        "link_distance", "link_candidates", "retry_of_request_id", "claims_branch", "unlinked_because", "link_hash",
        "link_version", "stable_system_hash", "answer_hash", "user_id_hash", "link_facts",
    ];

    private static readonly string _keep =
        $"""
        CREATE TABLE kept_links AS SELECT request_id, {string.Join(", ", _columns)} FROM api_requests;
        ANALYZE kept_links
        """;

    private static readonly string _wipe =
        $"""
        UPDATE api_requests SET {string.Join(", ", _columns.Select(column => $"{column} = NULL"))};
        TRUNCATE task_prompts, summary_keys, link_waits;
        VACUUM ANALYZE api_requests; CHECKPOINT
        """;

    private static readonly string _update =
        $"""
        UPDATE api_requests r SET {string.Join(", ", _columns.Select(column => $"{column} = l.{column}"))}
        FROM kept_links l WHERE l.request_id = r.request_id
        """;

    /// <summary>Measures and prints milliseconds and ratios.</summary>
    /// <param name="output">Where the figures go.</param>
    /// <param name="count">Requests.</param>
    /// <param name="bytes">Bytes of a body on average.</param>
    /// <returns>0.</returns>
    public static async Task<int> RunAsync(TextWriter output, int count, int bytes)
    {
        ArgumentNullException.ThrowIfNull(output);

        await using var server = await BenchDatabase.StartServerAsync();
        var ours = await FillAsync(server, "ours", count, bytes);
        await RebuildAsync(ours);
        await BenchDatabase.ExecuteAsync(ours, _keep);
        var theirs = await BenchDatabase.CopyWithIndexesOf014Async(server, ours);

        var (copy, rebuild, update, again, rehash, analysis, rebuildOf014, updateOf014) =
            (new List<double>(), new List<double>(), new List<double>(), new List<double>(), new List<double>(),
            new List<double>(), new List<double>(), new List<double>());
        for (var round = 0; round < Rounds; round++)
        {
            await BenchDatabase.ExecuteAsync(ours, _wipe);
            update.Add(await BenchDatabase.TimeAsync(() => BenchDatabase.ExecuteAsync(ours, _update)));
            await BenchDatabase.ExecuteAsync(ours, _wipe);
            copy.Add(await BenchDatabase.TimeAsync(() => CopyAsync(ours)));
            rebuild.Add(await BenchDatabase.TimeAsync(() => RebuildAsync(ours)));
            await BenchDatabase.ExecuteAsync(ours, "VACUUM ANALYZE api_requests; CHECKPOINT");
            again.Add(await BenchDatabase.TimeAsync(() => RebuildAsync(ours)));
            rehash.Add(await BenchDatabase.TimeAsync(() => RebuildAsync(ours, rehash: true)));
            analysis.Add(await BenchDatabase.TimeAsync(
                () => new ConversationAnalyzer(new BenchDatabase.Contexts(ours)).AnalyzeAsync()));

            await BenchDatabase.ExecuteAsync(theirs, _wipe);
            updateOf014.Add(await BenchDatabase.TimeAsync(() => BenchDatabase.ExecuteAsync(theirs, _update)));
            await BenchDatabase.ExecuteAsync(theirs, _wipe);
            rebuildOf014.Add(await BenchDatabase.TimeAsync(() => RebuildAsync(theirs)));
        }

        var (copied, updated, rebuilt) =
            (BenchDatabase.Median(copy), BenchDatabase.Median(update), BenchDatabase.Median(rebuild));
        await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"""
            {count:N0} requests of {bytes:N0} bytes, medians of {Rounds}, in milliseconds
            raw COPY of the bodies             {copied,10:N0}
            raw UPDATE ... FROM                {updated,10:N0}
            rebuild, all changed               {rebuilt,10:N0}   {rebuilt / (copied + updated):N2} times both (goal 1.25)
            rebuild, nothing changed           {BenchDatabase.Median(again),10:N0}   (goal 1,000)
            the same with --rehash             {BenchDatabase.Median(rehash),10:N0}   {BenchDatabase.Median(rehash) / copied:N2} times the COPY (goal 1.5)
            analysis                           {BenchDatabase.Median(analysis),10:N0}   (goal 1,000)
            UPDATE on the indexes of 014       {BenchDatabase.Median(updateOf014),10:N0}   ours {updated / BenchDatabase.Median(updateOf014):N2} of it (goal 0.4)
            rebuild on the indexes of 014      {BenchDatabase.Median(rebuildOf014),10:N0}   ours {rebuilt / BenchDatabase.Median(rebuildOf014):N2} of it (goal 0.6)
            """));
        return 0;
    }

    /// <summary>Measures the most memory of a rebuild, each in a process of its own, and its time.</summary>
    /// <param name="output">Where the figures go.</param>
    /// <param name="sizes">Requests, and bytes of a body on average.</param>
    /// <returns>0.</returns>
    public static async Task<int> MemoryAsync(TextWriter output, params (int Count, int Bytes)[] sizes)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(sizes);

        await using var server = await BenchDatabase.StartServerAsync();
        foreach (var (count, bytes) in sizes)
        {
            var connection = await FillAsync(server, $"memory_{count}_{bytes}", count, bytes);
            foreach (var what in new[] { "all changed", "nothing changed" })
            {
                var start = new ProcessStartInfo(Environment.ProcessPath!, ["rebuild-once"]) { RedirectStandardOutput = true };
                start.Environment["NEXUS_DATABASE_URL"] = connection;
                using var process = Process.Start(start)!;
                var said = (await process.StandardOutput.ReadToEndAsync()).Split(' ');
                await process.WaitForExitAsync();
                var (milliseconds, kilobytes) = (Number(said[0]), Number(said[1]));
                await output.WriteLineAsync(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{count,9:N0} requests of {bytes,6:N0} bytes, {what,-15}: {milliseconds,8:N0} ms, at most {kilobytes / 1024,5:N0} MB, "
                    + $"{((kilobytes * 1024) - (128L << 20)) / count,6:N0} bytes a request beyond 128 MB (goal 600)"));
            }

            await server.DropDatabaseAsync($"memory_{count}_{bytes}");
        }

        return 0;

        static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
    }

    /// <summary>One rebuild of <c>NEXUS_DATABASE_URL</c>; prints its milliseconds and the process's most memory, in
    /// KB.</summary>
    /// <param name="output">Where the figures go.</param>
    /// <returns>0.</returns>
    public static async Task<int> OnceAsync(TextWriter output)
    {
        ArgumentNullException.ThrowIfNull(output);

        var connection = Environment.GetEnvironmentVariable("NEXUS_DATABASE_URL")
            ?? throw new InvalidOperationException("NEXUS_DATABASE_URL names no database.");
        var elapsed = await BenchDatabase.TimeAsync(() => RebuildAsync(connection));
        using var process = Process.GetCurrentProcess();
        await output.WriteAsync(string.Create(
            CultureInfo.InvariantCulture, $"{elapsed:0} {process.PeakWorkingSet64 / 1024}"));
        return 0;
    }

    private static async Task<string> FillAsync(EmbeddedPostgres server, string name, int count, int bytes)
    {
        var connection = BenchDatabase.Unpooled(await server.CreateDatabaseAsync(name));
        await BenchDatabase.MigrateAsync(connection);
        await BenchDatabase.FillAsync(connection, new() { Seed = 1, Trains = 1, BodyBytes = bytes }, count);
        return connection;
    }

    private static Task<RebuildReport> RebuildAsync(string connection, bool rehash = false)
        => new ConversationRebuilder(new BenchDatabase.Contexts(connection))
            .RebuildAsync(new() { Execute = true, Rehash = rehash });

    private static async Task CopyAsync(string connection)
    {
        await using var npgsql = await BenchDatabase.OpenAsync(connection);
        await using var stream = await npgsql.BeginRawBinaryCopyAsync(Bodies);
        var buffer = new byte[256 * 1024];
        while (await stream.ReadAsync(buffer.AsMemory(), CancellationToken.None) > 0)
        {
        }
    }
}
