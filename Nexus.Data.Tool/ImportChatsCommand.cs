using System.CommandLine;
using Nexus.Data.Chats.Importing;
using Nexus.Data.Persistence;

namespace Nexus.Data.Tool;

/// <summary><c>nexus-data import-chats</c>: brings the chats of the programs before us along.</summary>
internal static class ImportChatsCommand
{
    private const string ConnectionOption = "--source-connection";

    public static Command Create(GlobalOptions options, ToolHost host)
    {
        var connection = new Option<string?>(ConnectionOption)
        {
            Description = "The source's database, as for --connection; without it the one that is imported into.",
            HelpName = "CONNECTION",
        };
        var schema = new Option<string>("--source-schema")
        {
            Description = "The schema of the source's tables.",
            HelpName = "SCHEMA",
            DefaultValueFactory = _ => "public",
        };
        var kind = new Option<string?>("--kind") { Description = "Whose tables they are; without it their names tell." };
        kind.AcceptOnlyFromAmong(JsonOutput.Words<ChatSourceKind>());
        var command = new Verb(
            "import-chats", "Import the chats of OpChat or Relay from another schema or database. Nothing is imported twice.")
        {
            connection, schema, kind,
        };
        command.Examples =
        [
            ("import-chats --source-schema opchat --dry-run", "What an import from a schema of the same database would bring."),
            (
                "import-chats --source-connection postgresql://reader@db.example.org/relay_dev",
                "From another database; again later, it brings what is new since."
            ),
            ("import-chats --source-schema old --kind relay --json", "Counts and what was not carried over, for a program."),
        ];
        command.SetChange(options, host, (run, cancellationToken) => RunAsync(
            run,
            new()
            {
                SourceConnection = Read(run.Result.GetValue(connection)),
                SourceSchema = run.Result.GetValue(schema)!,
                Kind = run.Result.GetValue(kind) is { } word ? JsonOutput.Value<ChatSourceKind>(word) : null,
            },
            cancellationToken));
        return command;
    }

    internal static async Task<int> WriteAsync(VerbRun run, ChatImportReport report)
    {
        if (run.IsJson)
        {
            await run.WriteJsonAsync(report);
        }
        else
        {
            await WriteTextAsync(run, report);
        }

        return report.IsComplete ? ExitCode.Done : ExitCode.CheckFailed;
    }

    private static async Task<int> RunAsync(VerbRun run, ChatImportOptions options, CancellationToken cancellationToken)
        => await WriteAsync(
            run,
            await run.ChangeAsync((db, token) => run.Get<ChatImport>().In(db).ImportAsync(options, token), cancellationToken));

    private static async Task WriteTextAsync(VerbRun run, ChatImportReport report)
    {
        TextTable.Write(
            run.Host,
            [
                "table", new("source", IsNumber: true), new("added", IsNumber: true), new("known", IsNumber: true),
                new("differing", IsNumber: true), new("not carried over", IsNumber: true), "",
            ],
            report.Tables.Select<ChatImportCount, Cell[]>(table =>
            [
                table.Table, $"{table.Source:N0}", $"{table.Added:N0}", $"{table.Known:N0}", $"{table.Differs:N0}",
                $"{table.NotCarried:N0}", table.IsComplete ? new("") : new("does not add up", "red"),
            ]));
        if (report.Reasons.Count > 0)
        {
            await run.Host.Output.WriteLineAsync();
            TextTable.Write(
                run.Host, ["what", "table", "reason", new("rows", IsNumber: true)],
                report.Reasons.Select<ChatImportReasonCount, Cell[]>(reason =>
                [
                    reason.IsChange ? "changed" : "not carried over", reason.Table, JsonOutput.Word(reason.Reason), $"{reason.Count:N0}",
                ]));
            await run.Host.Output.WriteLineAsync();
            TextTable.Write(
                run.Host, ["table", "row", "reason", "detail"],
                report.Findings.Select<ChatImportFinding, Cell[]>(finding =>
                    [finding.Table, finding.Id, JsonOutput.Word(finding.Reason), finding.Detail]));
            var left = report.Reasons.Sum(reason => reason.Count) - report.Findings.Count;
            if (left > 0)
            {
                await run.Host.Output.WriteLineAsync($"and {left:N0} more rows, of which the reasons above count each.");
            }
        }

        await run.Host.Output.WriteLineAsync();
        await run.Host.Output.WriteLineAsync(Sentence(run, report));
    }

    private static string Sentence(VerbRun run, ChatImportReport report)
        => !report.IsComplete ? "The counts do not add up: rows of the source are not accounted for."
            : report.Added == 0 ? "Nothing was new: the counts add up."
            : $"{report.Added:N0} rows {(run.IsDryRun ? "would be" : "were")} added, and the counts add up.";

    private static string? Read(string? connection)
    {
        try
        {
            return connection is null ? null : ConnectionStrings.Parse(connection);
        }
        catch (NexusDataException exception)
        {
            throw new ToolException(ExitCode.WrongUsage, $"{ConnectionOption}: {exception.Message}");
        }
    }
}
