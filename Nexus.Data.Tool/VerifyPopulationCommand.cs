using System.CommandLine;
using Microsoft.EntityFrameworkCore;
using Nexus.Data.Seeding.Populations;

namespace Nexus.Data.Tool;

/// <summary><c>nexus-data verify-population</c>: what is in a database, and whether it hangs together.</summary>
internal static class VerifyPopulationCommand
{
    public static Command Create(GlobalOptions options, ToolHost host)
    {
        var command = new Verb("verify-population", "Show what was populated, and check whether it hangs together. Changes nothing.");
        command.Examples =
        [
            ("verify-population", "Exit code 0: every check holds; 1: one does not."),
            ("verify-population --json", "The same for a program, with every check."),
        ];
        command.SetWork(options, host, RunAsync);
        return command;
    }

    /// <summary>Prints what the database holds and what was found wrong.</summary>
    public static async Task<int> RunAsync(VerbRun run, CancellationToken cancellationToken)
    {
        var verifier = new PopulationVerifier(run.Get<IDbContextFactory<NexusDbContext>>(), run.Host.Time);
        var verdict = await verifier.VerifyAsync(cancellationToken);
        if (run.IsJson)
        {
            await run.WriteJsonAsync(new { Database = run.Target.Place, verdict.IsRight, Population = verdict });
        }
        else
        {
            await WriteAsync(run, verdict);
        }

        return verdict.IsRight ? ExitCode.Done : ExitCode.CheckFailed;
    }

    private static async Task WriteAsync(VerbRun run, PopulationVerdict verdict)
    {
        TextTable.Write(
            run.Host, ["table", new("rows", IsNumber: true)],
            verdict.Tables.Select<PopulationCount, Cell[]>(table => [table.Table, $"{table.Rows:N0}"]));
        await run.Host.Output.WriteLineAsync();
        if (verdict.People.Count > 0)
        {
            TextTable.Write(
                run.Host, ["person", "status", "added"],
                verdict.People.Select<PopulationPerson, Cell[]>(person => [person.Username, Word(person.Status), person.CreatedAt.Text()]));
            await run.Host.Output.WriteLineAsync();
        }

        if (verdict.Rooms.Count > 0)
        {
            TextTable.Write(
                run.Host, ["chat", "kind", new("members", IsNumber: true), new("messages", IsNumber: true)],
                verdict.Rooms.Select<PopulationRoom, Cell[]>(room => [room.Title, Word(room.Kind), $"{room.Members:N0}", $"{room.Messages:N0}"]));
            await run.Host.Output.WriteLineAsync();
        }

        if (verdict.Lines.Count > 0)
        {
            TextTable.Write(
                run.Host, ["time", "from", "chat", "newest messages"],
                verdict.Lines.Select<PopulationLine, Cell[]>(line => [line.CreatedAt.Text(), line.Sender, line.Room, line.Content]));
            await run.Host.Output.WriteLineAsync();
        }

        TextTable.Write(
            run.Host, ["check", "", "what should be so"],
            verdict.Checks.Select<PopulationCheck, Cell[]>(check =>
                [check.Name, check.Violations == 0 ? new("ok", "green") : new("failed", "red"), check.Purpose]));
        await run.Host.Output.WriteLineAsync();
        foreach (var check in verdict.Checks.Where(check => check.Violations > 0))
        {
            await run.Host.Output.WriteLineAsync($"{check.Name}: {check.Violations:N0} wrong");
            foreach (var example in check.Examples)
            {
                await run.Host.Output.WriteLineAsync($"  {TerminalText.Line(example)}");
            }
        }

        var failed = verdict.Checks.Count(check => check.Violations > 0);
        await run.Host.Output.WriteLineAsync(
            failed == 0 ? $"All {verdict.Checks.Count} checks hold in {run.Target.Place}." : $"{failed} of {verdict.Checks.Count} checks failed in {run.Target.Place}.");
    }

    private static string? Word<T>(T? value)
        where T : struct, Enum
        => value is { } known ? JsonOutput.Word(known) : "?";
}
