using Nexus.Data.Chats.Importing;
using Nexus.Data.Tests.Fixtures;
using Npgsql;

namespace Nexus.Data.Tests.Chats.Importing;

/// <summary>Gives tests a migrated database with the tables of a program before us in another schema.</summary>
public abstract class ChatImportTest : DatabaseTest
{
    protected const string Schema = "old";

    private protected ChatImport Import => new(new Contexts(ConnectionString));

    private protected static ChatImportOptions Options => new() { SourceSchema = Schema };

    /// <summary>Makes tables and rows in the schema of the source.</summary>
    protected Task SourceAsync(params string[] statements) => AdministerAsync(InSchema(Schema, statements));

    protected static string InSchema(string schema, string[] statements)
        => $"BEGIN; SET LOCAL search_path = {schema}; {string.Join('\n', statements)} COMMIT;";

    /// <summary>Rows of the database, each as its columns with bars between them.</summary>
    protected async Task<List<string>> RowsAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(await AdministratorAsync());
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<string>();
        while (await reader.ReadAsync())
        {
            var values = new object[reader.FieldCount];
            reader.GetValues(values);
            rows.Add(string.Join('|', values.Select(value => value is DBNull ? "-" : value)));
        }

        return rows;
    }

    protected async Task AssertRowsAsync(string sql, params string[] rows) => Assert.That(await RowsAsync(sql), Is.EqualTo(rows));

    /// <summary>All that is in the tables of the chats.</summary>
    protected async Task<string> ContentAsync()
    {
        var rows = new List<string>();
        foreach (var table in (string[])["users", "chats", "chat_members", "messages", "chat_snapshots"])
        {
            rows.AddRange(await RowsAsync($"SELECT to_jsonb(t)::text FROM {table} t ORDER BY 1"));
        }

        return string.Join('\n', rows);
    }

    private protected static IEnumerable<(string Table, long Source, long Added, long Known, long Differs, long NotCarried)> Counts(
        ChatImportReport report)
        => report.Tables.Select(table => (table.Table, table.Source, table.Added, table.Known, table.Differs, table.NotCarried));
}
