namespace Nexus.Data.Operations;

/// <summary>A thing of a schema, by its name.</summary>
/// <param name="Kind">table, view, column, index or constraint.</param>
/// <param name="Table">The table that it is part of, or that it is.</param>
/// <param name="Name">Its name; that of the table for a table.</param>
internal readonly record struct SchemaObject(string Kind, string Table, string Name)
{
    public const string TableKind = "table";
    public const string ViewKind = "view";
    public const string ColumnKind = "column";
    public const string IndexKind = "index";
    public const string ConstraintKind = "constraint";

    /// <summary>All objects of the schema, without what extensions and EF own. Indexes of constraints are left out.</summary>
    public const string All =
        """
        WITH relation AS (
            SELECT oid, relname::text, relkind FROM pg_class
            WHERE relnamespace = to_regnamespace(quote_ident(current_schema())) AND relkind IN ('r', 'p', 'v', 'm')
                AND relname <> '__EFMigrationsHistory'
                AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = pg_class.oid AND d.deptype = 'e'))
        SELECT CASE WHEN relkind IN ('r', 'p') THEN 'table' ELSE 'view' END, relname, relname FROM relation
        UNION ALL
        SELECT 'column', relname, attname::text
        FROM relation JOIN pg_attribute ON attrelid = relation.oid AND attnum > 0 AND NOT attisdropped
        WHERE relkind IN ('r', 'p')
        UNION ALL
        SELECT 'index', relname, (SELECT c.relname::text FROM pg_class c WHERE c.oid = indexrelid)
        FROM relation JOIN pg_index ON indrelid = relation.oid
        WHERE NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u', 'x'))
        UNION ALL
        SELECT 'constraint', relname, conname::text
        FROM relation JOIN pg_constraint ON conrelid = relation.oid
        WHERE contype <> 'n'
        """;

    public override string ToString() => Kind switch
    {
        ColumnKind or ConstraintKind => $"{Kind} {Table}.{Name}",
        _ => $"{Kind} {Name}",
    };
}
