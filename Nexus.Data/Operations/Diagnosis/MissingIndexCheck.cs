using Microsoft.EntityFrameworkCore;
using Nexus.Data.Persistence;
using Nexus.Data.Persistence.Migrations;

namespace Nexus.Data.Operations.Diagnosis;

/// <summary>Indexes of ours that somebody has dropped or made otherwise: what they answer becomes slow, and what they keep out
/// comes in.</summary>
internal sealed class MissingIndexCheck(SchemaOwner owner) : IDatabaseCheck
{
    // Whether they are valid is told by a check of its own.
    private const string Find =
        """
        SELECT t.relname::text, x.relname::text, i.indisunique,
               coalesce(substring(pg_get_indexdef(i.indexrelid, 0, true) FROM ' (USING .*)$'), ''),
               EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
        FROM pg_class t LEFT JOIN pg_index i ON i.indrelid = t.oid LEFT JOIN pg_class x ON x.oid = i.indexrelid
        WHERE t.relnamespace = to_regnamespace(quote_ident(current_schema())) AND t.relname = ANY (@tables)
        ORDER BY 1, 2
        """;

    public string Name => "missing-indexes";

    public string Purpose => "Looks for indexes of ours that were dropped, or are not as this version makes them.";

    public async Task<CheckResult> RunAsync(NexusDbContext db, CancellationToken cancellationToken)
    {
        var history = await owner.HistoryAsync(cancellationToken);
        var applied = await db.ReadAllAsync(history.Applied, [], row => row.GetString(0), cancellationToken);
        if (history.Known.Except(applied, StringComparer.Ordinal).Any() || owner.Unknown(applied, history.Known).Any())
        {
            return CheckResult.Skipped("The schema is not that of this version: the check 'schema' comes first.");
        }

        var tables = OwnIndexes.All.Select(index => index.Table).Distinct().ToArray();
        var rows = await db.ReadAllAsync(
            Find, [DbCommands.Texts("tables", tables)],
            row => (Table: row.GetString(0), Index: row.IsDBNull(1)
                ? null
                : new Found(row.GetString(1), row.GetBoolean(2), row.GetString(3), row.GetBoolean(4))),
            cancellationToken);
        var there = rows.ToLookup(row => row.Table, row => row.Index);
        var findings = new List<string>();
        foreach (var indexes in OwnIndexes.All.GroupBy(index => index.Table))
        {
            if (!there.Contains(indexes.Key))
            {
                findings.Add($"The table {indexes.Key} is not there: bring it back from a backup.");
                continue;
            }

            var found = there[indexes.Key].OfType<Found>().ToList();
            findings.AddRange(indexes.Select(index => Judge(index, found, owner.IsHost)).OfType<string>());
        }

        return findings.Count == 0
            ? CheckResult.Ok($"All {OwnIndexes.All.Count} indexes of this version are there.")
            : CheckResult.Error(
                $"{findings.Count} indexes of this version are missing, or are not as it makes them.",
                "Run the statements of the details as the owner of the tables, one by one and outside a transaction; a unique "
                + "one is not built before equal rows are removed.",
                findings);
    }

    // A host's model has unique indexes where our migrations make constraints of that name.
    private static string? Judge(OwnIndex index, List<Found> there, bool isHost)
    {
        var make = isHost && index.Constraint == "UNIQUE" ? (index with { Constraint = null }).Make : index.Make;
        if (there.Find(other => other.Name == index.Name) is { } same)
        {
            return index.IsLike(same.IsUnique, same.Definition)
                ? null
                : $"{index.Name} of {index.Table} is '{(same.IsUnique ? "UNIQUE " : "")}{same.Definition}': "
                    + $"{OwnIndex.DropOf(index.Name, index.Table, same.IsConstraint)} {make}";
        }

        // Violations are told apart by the names, so a renamed one has to get its own back.
        return there.Find(other => !OwnIndexes.Names.Contains(other.Name)
                && other.IsUnique == index.IsUnique && other.Definition == index.Definition) is { } renamed
            ? $"{index.Name} of {index.Table} is called {renamed.Name}: ALTER INDEX {renamed.Quoted} RENAME TO {index.Name};"
            : $"{index.Name} of {index.Table} is missing: {make}";
    }

    private sealed record Found(string Name, bool IsUnique, string Definition, bool IsConstraint)
    {
        public string Quoted => $"\"{Name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }
}
