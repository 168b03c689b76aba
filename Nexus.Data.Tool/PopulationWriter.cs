using Microsoft.EntityFrameworkCore;
using Nexus.Data.Credentials;
using Nexus.Data.Seeding.Populations;

namespace Nexus.Data.Tool;

/// <summary>Says what came of a population.</summary>
internal static class PopulationWriter
{
    /// <summary>The store, with the clock and, where there are accounts to be stored, the keys of the run.</summary>
    public static PopulationStore Populations(this VerbRun run, int requests)
        => new(
            run.Get<IDbContextFactory<NexusDbContext>>(), run.Host.Time,
            requests > 0 ? run.Get<ICredentialProtector>() : null);

    public static async Task WriteAsync(VerbRun run, PopulationReport report)
    {
        if (run.IsJson)
        {
            await run.WriteJsonAsync(report);
            return;
        }

        TextTable.Write(
            run.Host,
            ["table", new("rows", IsNumber: true), new("added", IsNumber: true), new("put right", IsNumber: true)],
            report.Tables.Select<PopulatedTable, Cell[]>(table =>
                [table.Table, $"{table.Rows:N0}", $"{table.Added:N0}", $"{table.Changed:N0}"]));
        await run.Host.Output.WriteLineAsync();
        await run.Host.Output.WriteLineAsync(TerminalText.Line(Sentence(run, report)));
    }

    private static string Sentence(VerbRun run, PopulationReport report)
    {
        var were = run.IsDryRun ? "would be" : "were";
        return report is { Added: 0, Changed: 0 }
            ? $"Everything was there: nothing is changed in {run.Target.Place}."
            : $"{report.Added:N0} rows {were} added and {report.Changed:N0} put right in {run.Target.Place}, as of {report.At.Text()}.";
    }
}
