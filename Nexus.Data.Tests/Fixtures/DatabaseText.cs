using System.Text;
using Npgsql;

namespace Nexus.Data.Tests.Fixtures;

/// <summary>All that a database holds, to be searched.</summary>
internal static class DatabaseText
{
    private const string Statements =
        """
        SELECT string_agg(format('SELECT t::text FROM %I t', relname), ' UNION ALL ')
        FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'm')
        """;

    /// <summary>Every row of every table as text, and the planner's statistics, which hold values too.</summary>
    /// <param name="administrator">A connection that may read them.</param>
    public static async Task<string> DumpAsync(string administrator)
    {
        await using var source = NpgsqlDataSource.Create(administrator);
        await using var tables = source.CreateCommand(Statements);
        await using var rows = source.CreateCommand(
            $"{await tables.ExecuteScalarAsync()} UNION ALL SELECT s::text FROM pg_stats s WHERE schemaname = 'public'");
        await using var reader = await rows.ExecuteReaderAsync();
        var dump = new StringBuilder();
        while (await reader.ReadAsync())
        {
            dump.AppendLine(reader.GetString(0));
        }

        return dump.ToString();
    }
}
