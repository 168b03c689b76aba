using Nexus.Data.Tests.Architecture;
using Npgsql;

namespace Nexus.Data.Tests.Fixtures;

/// <summary>Totals of what tests put into the table of requests by themselves.</summary>
internal static class Totals
{
    /// <summary>Fills the totals anew from the requests that are there.</summary>
    /// <param name="administrator">A connection of the server's administrator.</param>
    public static async Task FillAsync(NpgsqlConnection administrator)
    {
        var script = Repository.Read("Nexus.Data.Migrations/Scripts/020_FillTotals.up.sql");
        await using var command = new NpgsqlCommand(
            $"""
            TRUNCATE conversation_totals, branch_totals, hourly_totals;
            SELECT set_config('nexus.new_step', '020', false);
            {script}
            """,
            administrator);
        await command.ExecuteNonQueryAsync();
    }
}
