using Npgsql;

namespace Nexus.Data.Chats.Importing;

/// <summary>Which of the tables that we look for a schema of the source has, and with which columns.</summary>
internal sealed class SourceCatalog
{
    private const string Statement =
        """
        SELECT c.relname, a.attname
        FROM pg_catalog.pg_namespace n
        JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
        JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        WHERE n.nspname = @schema AND c.relname = ANY (@tables)
        """;

    private readonly ILookup<string, string> _columns;

    private SourceCatalog(string schema, ILookup<string, string> columns) => (Schema, _columns) = (schema, columns);

    public string Schema { get; }

    public static async Task<SourceCatalog> ReadAsync(
        NpgsqlConnection connection, string schema, IEnumerable<string> tables, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(Statement, connection);
        command.Parameters.AddWithValue("schema", schema);
        command.Parameters.AddWithValue("tables", tables.ToArray());
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<(string Table, string Column)>();
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add((reader.GetString(0), reader.GetString(1)));
        }

        return new(schema, rows.ToLookup(row => row.Table, row => row.Column, StringComparer.Ordinal));
    }

    public bool Has(string table) => _columns.Contains(table);

    public bool Has(string table, string column) => _columns[table].Contains(column, StringComparer.Ordinal);

    public IEnumerable<string> ColumnsOf(string table) => _columns[table].Order(StringComparer.Ordinal);

    /// <summary>The table for a statement.</summary>
    public string Name(string table) => $"{Quoted(Schema)}.{Quoted(table)}";

    /// <summary>A column for a statement: NULL where the source does not have it yet.</summary>
    public string Optional(string table, string column, string type)
        => Has(table, column) ? $"{Quoted(column)}::{type}" : $"NULL::{type}";

    private static string Quoted(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
