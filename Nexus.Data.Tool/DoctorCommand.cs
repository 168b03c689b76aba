using System.CommandLine;
using Nexus.Data.Operations.Diagnosis;
using Nexus.Data.Persistence;

namespace Nexus.Data.Tool;

/// <summary><c>nexus-data doctor</c>: says what is wrong with a database, and what to do.</summary>
internal static class DoctorCommand
{
    public static Command Create(GlobalOptions options, ToolHost host)
    {
        var names = new Option<string[]>("--check")
        {
            Description = "Only this check; may be given more than once.",
            HelpName = "NAME",
        };
        var list = new Option<bool>("--list") { Description = "List the checks and run none." };
        var command = new Verb("doctor", "Say what is wrong with a live database and what to do. Changes nothing.")
        {
            names,
            list,
        };
        command.Examples =
        [
            ("doctor", "Exit code 0: nothing is wrong, or could not be told; 1: something is."),
            ("doctor --list", "What is looked at."),
            ("doctor --check unlinked-requests --json", "One check, for a program."),
        ];
        command.SetAction((result, cancellationToken) => result.GetValue(list)
            ? ListAsync(host, result.GetValue(options.Json))
            : RunAsync(
                host, result.GetValue(names) is { Length: > 0 } chosen ? chosen : null, result.GetValue(options.Json),
                result.GetValue(options.Connection), cancellationToken));
        return command;
    }

    internal static async Task<int> RunAsync(
        ToolHost host, string[]? names, bool json, string? connection, CancellationToken cancellationToken)
    {
        await using var target = await TargetDatabase.OpenAsync(
            host, connection, ConnectionScope.Own, cancellationToken: cancellationToken);
        var reports = await target.Get<Doctor>().RunAsync(names, cancellationToken);
        if (json)
        {
            await JsonOutput.WriteAsync(host, new { Database = target.Place, Checks = reports });
        }
        else
        {
            await WriteAsync(host, target, reports);
        }

        return reports.Any(IsWrong) ? ExitCode.CheckFailed : ExitCode.Done;
    }

    private static async Task<int> ListAsync(ToolHost host, bool json)
    {
        await using var nowhere = TargetDatabase.Nowhere();
        var checks = nowhere.Get<Doctor>().Checks.Select(check => new { check.Name, check.Purpose }).ToList();
        if (json)
        {
            await JsonOutput.WriteAsync(host, new { Checks = checks });
            return ExitCode.Done;
        }

        foreach (var check in checks)
        {
            await host.Output.WriteLineAsync($"{check.Name,-24} {check.Purpose}");
        }

        return ExitCode.Done;
    }

    private static bool IsWrong(CheckReport report) => report.Result.Status is CheckStatus.Warning or CheckStatus.Error;

    private static async Task WriteAsync(ToolHost host, TargetDatabase target, IReadOnlyList<CheckReport> reports)
    {
        TextTable.Write(
            host, ["check", "status", "finding"],
            reports.Select(report => new Cell[]
            {
                report.Name, new(JsonOutput.Word(report.Result.Status), Colour(report.Result.Status)), report.Result.Finding,
            }));
        foreach (var report in reports.Where(IsWrong))
        {
            await host.Output.WriteLineAsync($"{report.Name}: {TerminalText.Line(report.Result.Remedy)}");
            foreach (var detail in report.Result.Details)
            {
                await host.Output.WriteLineAsync($"  {TerminalText.Line(detail)}");
            }
        }

        var wrong = reports.Count(IsWrong);
        await host.Output.WriteLineAsync(
            wrong == 0 ? $"Nothing was found wrong with {target.Place}." : $"{wrong} findings in {target.Place}.");
    }

    private static string Colour(CheckStatus status) => status switch
    {
        CheckStatus.Ok => "green",
        CheckStatus.Warning => "yellow",
        CheckStatus.Error => "red",
        _ => "grey",
    };
}
