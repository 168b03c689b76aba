using Nexus.Data.Persistence;

namespace Nexus.Data.Operations.Diagnosis;

/// <summary>Indexes that were left half built: each insert pays for them, and no query uses them.</summary>
internal sealed class InvalidIndexCheck : IDatabaseCheck
{
    // One that is being built at this moment is invalid too.
    private const string Find =
        """
        SELECT i.indexrelid::regclass::text, i.indrelid::regclass::text
        FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
        WHERE NOT (i.indisvalid AND i.indisready) AND c.relnamespace = to_regnamespace(quote_ident(current_schema()))
          AND NOT EXISTS (SELECT FROM pg_stat_progress_create_index p WHERE p.index_relid = i.indexrelid)
        ORDER BY 1
        """;

    public string Name => "invalid-indexes";

    public string Purpose => "Looks for indexes that were left half built.";

    public async Task<CheckResult> RunAsync(NexusDbContext db, CancellationToken cancellationToken)
    {
        var invalid = await db.ReadAllAsync(
            Find, [], row => $"{row.GetString(0)} of {row.GetString(1)}", cancellationToken);
        return invalid.Count == 0
            ? CheckResult.Ok("All indexes are valid.")
            : CheckResult.Error(
                $"{invalid.Count} indexes are invalid: they cost each insert and serve no query.",
                "Run REINDEX INDEX CONCURRENTLY for each as its owner, or drop it.", invalid);
    }
}
