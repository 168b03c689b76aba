using Nexus.Data.Persistence;

namespace Nexus.Data.Chats.Importing;

/// <summary>What an import has to tell of single rows. They stay in the database: there may be as many as there are messages.</summary>
internal static class ImportFindings
{
    /// <summary>Files columns of the source that nothing is known of.</summary>
    public static Task<int> AddUnknownAsync(
        NexusDbContext db, IReadOnlyCollection<(string Table, string Column)> columns, CancellationToken cancellationToken)
        => db.ExecuteAsync(
            $"""
            INSERT INTO import_findings
            SELECT table_name, id, {ImportTables.Word(ChatImportReason.ColumnUnknown)}, NULL FROM unnest(@tables, @columns) AS c (table_name, id)
            """,
            [
                DbCommands.Texts("tables", [.. columns.Select(column => column.Table)]),
                DbCommands.Texts("columns", [.. columns.Select(column => column.Column)]),
            ],
            cancellationToken);

    /// <summary>How many there are, by table and reason.</summary>
    public static async Task<IReadOnlyList<ChatImportReasonCount>> CountAsync(NexusDbContext db, CancellationToken cancellationToken)
        => await db.ReadAllAsync(
            $"""
            SELECT table_name, reason, count(*) FROM import_findings GROUP BY table_name, reason ORDER BY {TablePlace}, reason
            """,
            [Tables()],
            row =>
            {
                var reason = EnumText<ChatImportReason>.Parse(row.GetString(1));
                return new ChatImportReasonCount(row.GetString(0), reason, row.GetInt64(2), reason.IsChange());
            },
            cancellationToken);

    /// <summary>Some of them: of each reason the first, so that one that many have hides no other.</summary>
    public static async Task<IReadOnlyList<ChatImportFinding>> ListAsync(NexusDbContext db, int most, CancellationToken cancellationToken)
        => await db.ReadAllAsync(
            $"""
            SELECT table_name, id, reason, detail
            FROM (SELECT *, row_number() OVER (PARTITION BY table_name, reason ORDER BY id) AS place FROM import_findings
                  ORDER BY place, {TablePlace}, reason LIMIT @most) f
            ORDER BY {TablePlace}, reason, id
            """,
            [Tables(), DbCommands.Number("most", most)],
            row => new ChatImportFinding(
                row.GetString(0), row.GetString(1), EnumText<ChatImportReason>.Parse(row.GetString(2)), row.TextOrNull(3)),
            cancellationToken);

    private const string TablePlace = "array_position(@all, table_name)";

    private static Npgsql.NpgsqlParameter Tables() => DbCommands.Texts("all", [.. ImportTables.All]);
}
