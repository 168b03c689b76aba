using System.Globalization;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.EntityFrameworkCore.Migrations.Operations;

namespace Nexus.Data.Persistence.Migrations;

/// <summary>
/// What stops a migration before its first statement: tables that another context's migrations keep, tables of another program whose names are ours, views on a column
/// that has to become longer, and API keys in clear that nobody said to retire.
/// </summary>
internal static class MigrationObstacles
{
    /// <summary>A table that nobody but this library's model makes.</summary>
    public const string Marker = "link_waits";

    /// <summary>The relations of the schema that bear names of ours that other programs use too, and the <see cref="Marker"/>, by commas.</summary>
    public const string Names =
        $"""
        SELECT string_agg(relname, ',' ORDER BY relname)
        FROM pg_class
        WHERE relnamespace = to_regnamespace(quote_ident(current_schema())) AND relkind IN ('r', 'p', 'v', 'm', 'f')
            AND relname IN ('users', 'chats', 'messages', '{Marker}')
        """;

    /// <summary>A setting of the session; <c>on</c> is the word that keys in clear may be retired.</summary>
    public const string RetireClearKeys = "nexus.retire_clear_keys";

    /// <summary>Whether there may be API keys in clear, and no word to retire them. Not asked of who may not see them: who
    /// migrates may.</summary>
    public const string MayHoldClearKeys =
        $"""
        SELECT 'yes' FROM pg_attribute
        WHERE attrelid = to_regclass('train_api_keys') AND attname = 'api_key' AND NOT attisdropped
            AND has_column_privilege(attrelid, attnum, 'SELECT')
            AND coalesce(current_setting('{RetireClearKeys}', true), '') <> 'on'
        """;

    /// <summary>How many keys that count are in clear, as text; null for none.</summary>
    public const string ClearKeys =
        "SELECT nullif(count(*), 0)::text FROM train_api_keys WHERE api_key IS NOT NULL AND revoked_at IS NULL";

    // The migrations before this one mirror the original's, which make none of those names.
    private const string FirstOfOurs = "20250101000015";

    /// <summary>The tables that a migration makes.</summary>
    public static IEnumerable<string> TablesOf(Migration migration)
        => migration.UpOperations.OfType<CreateTableOperation>().Select(table => table.Name);

    /// <summary>The names of <see cref="Names"/> that are another program's: no migration that was applied has made them.</summary>
    public static IReadOnlyList<string> Foreign(string? names, IEnumerable<string> applied, Func<string, Migration> create)
    {
        if (names is null)
        {
            return [];
        }

        var ours = applied.Where(id => string.CompareOrdinal(id, FirstOfOurs) >= 0).SelectMany(id => TablesOf(create(id)));
        return [.. names.Split(',').Except(ours.Append(Marker), StringComparer.Ordinal)];
    }

    /// <summary>Whether one of the migrations retires keys in clear.</summary>
    public static bool RetiresKeys(IEnumerable<Migration> pending)
        => pending.SelectMany(migration => migration.UpOperations)
            .Any(operation => operation[NexusMigrationsSqlGenerator.RetiresClearKeys] is true);

    /// <summary>Asks for the views on columns that migrations make longer, as <c>view on table.column</c>, by commas; null
    /// where they make none longer.</summary>
    public static string? Views(IEnumerable<Migration> pending)
    {
        var columns = pending.SelectMany(migration => migration.UpOperations)
            .Select(operation => operation[NexusMigrationsSqlGenerator.Widens])
            .OfType<WidenedColumn>()
            .Select(column => string.Create(
                CultureInfo.InvariantCulture, $"('{column.Table}', '{column.Column}', {column.Length})"))
            .ToList();

        // The length of a varying text stands in the catalog with four bytes more.
        return columns.Count == 0
            ? null
            : $"""
              SELECT string_agg(DISTINCT format('%s on %s.%s', rule.ev_class::regclass, wide.tab, wide.col), ',')
              FROM (VALUES {string.Join(", ", columns)}) AS wide (tab, col, len)
              JOIN pg_attribute a ON a.attrelid = to_regclass(wide.tab) AND a.attname = wide.col
                  AND format_type(a.atttypid, NULL) = 'character varying' AND a.atttypmod BETWEEN 4 AND 3 + wide.len
              JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.classid = 'pg_rewrite'::regclass
                  AND d.refobjid = a.attrelid AND d.refobjsubid = a.attnum
              JOIN pg_rewrite rule ON rule.oid = d.objid
              """;
    }

    /// <summary>Says what is in the way, and how to get round it.</summary>
    /// <param name="database">The database's name.</param>
    /// <param name="keeper">A migration of another assembly, which keeps the Nexus tables; null for none.</param>
    /// <param name="foreign">Another program's tables, as <see cref="Foreign"/> gives them.</param>
    /// <param name="views">The answer to <see cref="Views"/>.</param>
    /// <param name="clearKeys">The answer to <see cref="ClearKeys"/>.</param>
    public static NexusDataException? Judge(
        string database, string? keeper, IReadOnlyList<string> foreign, string? views, string? clearKeys)
    {
        if (keeper is not null)
        {
            return new(
                NexusDataErrorKind.Conflict,
                $"The Nexus tables of database '{database}' are kept by other migrations than these: its history holds "
                + $"{keeper}. Nothing was changed. Migrate it with the context whose migrations have made them.");
        }

        if (foreign.Count > 0)
        {
            return new(
                NexusDataErrorKind.Conflict,
                $"The schema of database '{database}' holds {string.Join(", ", foreign)} of another program; Nexus.Data keeps "
                + "these names for tables of its own. Nothing was changed. Give Nexus.Data a schema of its own (CREATE SCHEMA "
                + "nexus; and 'Search Path=nexus' in the connection string) or a database of its own, or rename the other "
                + "program's tables.");
        }

        if (views is not null)
        {
            return new(
                NexusDataErrorKind.Conflict,
                $"Database '{database}' has views on columns that become longer ({views.Replace(",", ", ")}), and PostgreSQL "
                + "changes no column that a view reads. Nothing was changed. Keep the text that pg_get_viewdef gives, drop "
                + "the views, run 'nexus-data migrate', and create them again.");
        }

        return clearKeys is null
            ? null
            : new(
                NexusDataErrorKind.Forbidden,
                $"Database '{database}' holds {clearKeys} API keys in clear. From 019 HashApiKeys on it keeps their hashes alone: "
                + "the keys go on working here, but the program that made them can verify none any more. Nothing was changed. "
                + "Run 'nexus-data migrate --retire-clear-keys' once that program is gone; 'nexus-data migrate --to 018' goes "
                + $"as far as it can live with. For 'dotnet ef' and scripts the word is PGOPTIONS='-c {RetireClearKeys}=on'.");
    }
}
