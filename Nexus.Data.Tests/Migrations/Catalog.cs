using Npgsql;

namespace Nexus.Data.Tests.Migrations;

/// <summary>What a database's catalog says, one line a thing, as the files of the folder Schema say it.</summary>
internal static class Catalog
{
    private const string HistoryTable = "__EFMigrationsHistory";

    private static readonly string _folder =
        Path.Combine(TestContext.CurrentContext.TestDirectory, "Migrations", "Schema");

    /// <summary>The lines of a database as it is, without EF's own table.</summary>
    public static async Task<List<string>> ReadAsync(string connectionString)
    {
        var queries = (await File.ReadAllLinesAsync(Path.Combine(_folder, "catalog.sql")))
            .Where(line => !line.StartsWith('\\'));
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(string.Join('\n', queries), connection);
        await using var reader = await command.ExecuteReaderAsync();
        var lines = new List<string>();
        do
        {
            while (await reader.ReadAsync())
            {
                lines.Add(reader.GetString(0));
            }
        }
        while (await reader.NextResultAsync());

        return [.. lines.Where(line => !line.Contains(HistoryTable, StringComparison.Ordinal))];
    }

    /// <summary>The lines that a database has after a step of the sequence.</summary>
    public static string[] Expected(int step) => File.ReadAllLines(Path.Combine(_folder, $"{step:000}.txt"));

    /// <summary>The lines that the original's bootstrap file makes.</summary>
    public static string[] ExpectedOfBootstrap() => File.ReadAllLines(Path.Combine(_folder, "bootstrap.txt"));

    /// <summary>The columns after a step of the sequence, as <c>table.column</c>.</summary>
    public static IEnumerable<string> ExpectedColumns(int step) => Columns(Expected(step));

    /// <summary>The columns of a catalog, as <c>table.column</c>.</summary>
    public static IEnumerable<string> Columns(IEnumerable<string> lines)
        => lines.Where(line => line.StartsWith("column ", StringComparison.Ordinal)).Select(line => line.Split(' ')[1]);
}
