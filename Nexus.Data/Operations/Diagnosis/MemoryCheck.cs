using System.Globalization;
using Nexus.Data.Persistence;
using NpgsqlTypes;

namespace Nexus.Data.Operations.Diagnosis;

/// <summary>Tables whose indexes have outgrown the server's memory: queries that were fast wait for the disk.</summary>
internal sealed class MemoryCheck : IDatabaseCheck
{
    private const int MostTold = 10;

    // What was dropped a moment ago has no size.
    private const string Find =
        """
        SELECT name, used, buffers, cache, pages_hit, pages_read, rows_hit, rows_read, pg_size_pretty(indexes),
               pg_size_pretty(used), pg_size_pretty(size), pg_size_pretty(buffers), pg_size_pretty(cache),
               pg_size_pretty(sum(used) OVER ())
        FROM (
            SELECT t.relname::text AS name, coalesce(pg_table_size(t.relid), 0) AS size,
                   coalesce(pg_indexes_size(t.relid), 0) AS indexes,
                   (SELECT coalesce(sum(pg_relation_size(i.indexrelid)), 0)::bigint FROM pg_stat_user_indexes i
                    WHERE i.relid = t.relid AND i.idx_scan > 0) AS used,
                   coalesce(t.idx_blks_hit, 0) AS pages_hit, coalesce(t.idx_blks_read, 0) AS pages_read,
                   coalesce(t.heap_blks_hit, 0) + coalesce(t.toast_blks_hit, 0) AS rows_hit,
                   coalesce(t.heap_blks_read, 0) + coalesce(t.toast_blks_read, 0) AS rows_read,
                   coalesce(@buffers, pg_size_bytes(current_setting('shared_buffers'))) AS buffers,
                   pg_size_bytes(current_setting('effective_cache_size')) AS cache
            FROM pg_statio_user_tables t
            WHERE t.schemaname = current_schema() AND t.relname = ANY (@tables)) sizes
        ORDER BY used DESC, name
        """;

    /// <summary>Bytes of the server's memory for pages; null for its <c>shared_buffers</c>.</summary>
    public long? SharedBuffers { get; init; }

    /// <summary>The part of the pages of indexes, from 0 to 1, that should be found in memory: below it a query of some hundred
    /// pages waits several times.</summary>
    public double WantedPart { get; init; } = 0.99;

    /// <summary>Pages that have to be asked for before their part says something: the first reads after a start find nothing.</summary>
    public long EnoughPages { get; init; } = 1_000_000;

    public string Name => "memory";

    public string Purpose => "Compares the indexes that are used with the server's memory, and how often it had to read past it.";

    public async Task<CheckResult> RunAsync(NexusDbContext db, CancellationToken cancellationToken)
    {
        var tables = await db.ReadAllAsync(
            Find,
            [
                DbCommands.Texts("tables", OwnTables.Of(db)),
                DbCommands.Parameter("buffers", NpgsqlDbType.Bigint, SharedBuffers),
            ],
            row => new Table(
                row.GetString(0), row.GetInt64(1), row.GetInt64(2), row.GetInt64(3), new(row.GetInt64(4), row.GetInt64(5)),
                new(row.GetInt64(6), row.GetInt64(7)),
                new(
                    row.GetString(8), row.GetString(9), row.GetString(10), row.GetString(11), row.GetString(12),
                    row.GetString(13))),
            cancellationToken);
        if (tables.Count == 0)
        {
            return CheckResult.Skipped("No table of ours is there.");
        }

        var large = tables.Where(table => table.UsedIndexes > table.SharedBuffers
            && table.IndexPages.All >= EnoughPages && table.IndexPages.HitPart < WantedPart).ToList();
        var (buffers, cache, inUse) = (tables[0].Sizes.SharedBuffers, tables[0].Sizes.Cache, tables[0].Sizes.AllInUse);
        var memory = $"shared_buffers has {buffers}, effective_cache_size says {cache}";
        if (large.Count == 0)
        {
            return CheckResult.Ok("No table's indexes have outgrown the server's memory.") with
            {
                Details = [$"Of the indexes {inUse} are in use; {memory}.", .. tables.Take(MostTold).Select(Tell)],
            };
        }

        return CheckResult.Warning(
            $"The indexes in use of {string.Join(", ", large.Select(table => table.Name))} have outgrown the server's memory: {memory}.",
            "Raise shared_buffers, to a quarter of the machine's memory and more where the database has it for itself, or keep "
            + "less: 'nexus-data prune' removes old conversations with their indexes, and with --payload-only their bodies and words.",
            [
                .. large.Select(Tell),
                .. large.Where(table => table.UsedIndexes > table.Cache).Select(table =>
                    $"{table.Name}: its indexes are larger than effective_cache_size too, so that they are read from the disk."),
            ]);
    }

    private static string Tell(Table table)
        => $"{table.Name}: indexes {table.Sizes.Indexes}, in use {table.Sizes.InUse}, {table.IndexPages} found in memory; "
            + $"rows {table.Sizes.Rows}, {table.RowPages}.";

    private sealed record Table(
        string Name, long UsedIndexes, long SharedBuffers, long Cache, Pages IndexPages, Pages RowPages, Sizes Sizes);

    // As the server writes them.
    private sealed record Sizes(
        string Indexes, string InUse, string Rows, string SharedBuffers, string Cache, string AllInUse);

    private readonly record struct Pages(long Hit, long Read)
    {
        public long All => Hit + Read;

        public double HitPart => All == 0 ? 1 : Hit / (double)All;

        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{HitPart:P1} of {All:N0} pages");
    }
}
