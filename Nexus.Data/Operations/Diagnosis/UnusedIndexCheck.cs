using System.Globalization;
using Nexus.Data.Persistence;
using Nexus.Data.Persistence.Migrations;

namespace Nexus.Data.Operations.Diagnosis;

/// <summary>Indexes that others have put on our tables and nobody needs: each insert pays for them.</summary>
internal sealed class UnusedIndexCheck : IDatabaseCheck
{
    private const int MostTold = 20;

    // Statistics that were never reset have no such time since version 15: they are at least as old as those of the writer,
    // which a crash resets, as it does away with the others. Double is what answers nothing that another does not; what a
    // constraint or a foreign key stands on cannot be dropped. What was dropped a moment ago has no size.
    private const string Find =
        """
        WITH own AS (
            SELECT i.indexrelid, i.indrelid, i.indisunique, t.relname::text AS table_name, x.relname::text AS name,
                   i.indisunique OR i.indisreplident OR i.indisexclusion
                       OR EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid) AS is_needed,
                   EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid) AS is_constraint,
                   x.relname = ANY (@own) AS is_own,
                   ROW(i.indrelid, x.relam, i.indkey::text, i.indclass::text, i.indcollation::text, i.indoption::text,
                       pg_get_expr(i.indexprs, i.indrelid), pg_get_expr(i.indpred, i.indrelid)) AS signature,
                   to_jsonb(i) ->> 'indnullsnotdistinct' AS nulls,
                   coalesce(pg_relation_size(i.indexrelid), 0) AS size
            FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid
            WHERE t.relnamespace = to_regnamespace(quote_ident(current_schema())) AND t.relname = ANY (@tables)
              AND i.indisvalid)
        SELECT o.table_name, o.name, quote_ident(o.name), o.is_own,
               NOT o.is_needed AND s.idx_scan = 0,
               (SELECT other.name FROM own other
                WHERE NOT o.is_own AND NOT o.is_constraint AND other.indexrelid <> o.indexrelid
                  AND other.signature IS NOT DISTINCT FROM o.signature
                  AND (NOT o.indisunique OR other.indisunique AND other.nulls IS NOT DISTINCT FROM o.nulls)
                  AND (other.is_own OR other.is_constraint OR other.indisunique AND NOT o.indisunique
                       OR other.indexrelid < o.indexrelid)
                ORDER BY other.is_own DESC, other.indexrelid LIMIT 1),
               o.size, pg_size_pretty(o.size),
               (SELECT greatest(d.stats_reset, w.stats_reset) FROM pg_stat_database d, pg_stat_bgwriter w
                WHERE d.datname = current_database())
        FROM own o JOIN pg_stat_user_indexes s ON s.indexrelid = o.indexrelid
        ORDER BY 7 DESC, 2
        """;

    /// <summary>How old statistics have to be: in a week come reports of every day and of the week.</summary>
    public TimeSpan Settled { get; init; } = TimeSpan.FromDays(7);

    /// <summary>Bytes below which an index costs nothing that anybody would notice.</summary>
    public long Smallest { get; init; } = 8L << 20;

    public string Name => "unused-indexes";

    public string Purpose => "Looks for indexes on our tables that no query has used, or that another one makes needless.";

    public async Task<CheckResult> RunAsync(NexusDbContext db, CancellationToken cancellationToken)
    {
        var now = (await db.ReadAllAsync(
            "SELECT statement_timestamp()", [], row => row.GetFieldValue<DateTimeOffset>(0), cancellationToken))[0];
        var indexes = await db.ReadAllAsync(
            Find, [DbCommands.Texts("own", [.. OwnIndexes.Names]), DbCommands.Texts("tables", OwnTables.Of(db))],
            row => new Found(
                row.GetString(0), row.GetString(1), row.GetString(2), row.GetBoolean(3), row.GetBoolean(4),
                row.IsDBNull(5) ? null : row.GetString(5), row.GetInt64(6), row.GetString(7),
                row.IsDBNull(8) ? null : row.GetFieldValue<DateTimeOffset>(8)),
            cancellationToken);
        var since = indexes.FirstOrDefault()?.Since;
        var isSettled = since is { } start && now - start >= Settled;
        var unused = indexes.Where(index => isSettled && index.IsUnused && index.Bytes >= Smallest).ToList();
        return Judge([.. indexes.Where(index => index.DoubleOf is not null)], unused, since, isSettled);
    }

    private static CheckResult Judge(List<Found> doubles, List<Found> unused, DateTimeOffset? since, bool isSettled)
    {
        var began = since is { } start
            ? string.Create(CultureInfo.InvariantCulture, $"since {start.UtcDateTime:yyyy-MM-dd HH:mm} UTC")
            : "since an unknown time";
        var others = unused.Where(index => index is { IsOwn: false, DoubleOf: null }).ToList();
        var own = unused.Where(index => index.IsOwn).ToList();
        var findings = new List<string>();
        if (doubles.Count > 0)
        {
            findings.Add($"{doubles.Count} indexes are double");
        }

        if (others.Count > 0)
        {
            findings.Add($"{others.Count} indexes of others on our tables were used by nobody {began}");
        }

        List<string> details =
        [
            .. doubles.Select(index => $"{index.Name} of {index.Table} ({index.Size}) is the same as "
                + $"{index.DoubleOf}: DROP INDEX CONCURRENTLY {index.Quoted};"),
            .. others.Select(index => $"{index.Name} of {index.Table} ({index.Size}) is not used: "
                + $"DROP INDEX CONCURRENTLY {index.Quoted};"),
        ];
        var told = own.Select(index => $"{index.Name} of {index.Table} ({index.Size}) is ours, and its feature "
            + "was not used: leave it.");
        return findings.Count > 0
            ? CheckResult.Warning(
                $"{string.Join("; ", findings)}.",
                "Run the statements of the details as the owner of the tables. Leave what is not used and is younger than the "
                + "statistics, or is used on a standby, whose use is not counted here.",
                [.. details.Concat(told).Take(MostTold)])
            : CheckResult.Ok(string.Join(
                ' ',
                [
                    "No index on our tables is double.",
                    isSettled
                        ? $"Every large one of others was used {began}."
                        : "Statistics are too young to tell which are unused.",
                    .. own.Count > 0
                        ? new[] { $"Of ours {own.Count} were not used, as their features were not: {Names(own)}." }
                        : [],
                ])) with
            {
                Details = [$"Statistics are kept {began}.", .. told.Take(MostTold)],
            };
    }

    private static string Names(List<Found> indexes) => string.Join(", ", indexes.Take(MostTold).Select(index => index.Name));

    private sealed record Found(
        string Table, string Name, string Quoted, bool IsOwn, bool IsUnused, string? DoubleOf, long Bytes, string Size,
        DateTimeOffset? Since);
}
