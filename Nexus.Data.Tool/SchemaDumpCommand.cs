using System.CommandLine;
using Nexus.Data.Embedded;
using Nexus.Data.Operations;
using Nexus.Data.Persistence;

namespace Nexus.Data.Tool;

/// <summary><c>nexus-data schema-dump</c>: writes the commands that make the tables.</summary>
internal static class SchemaDumpCommand
{
    private const string StandardOutput = "-";

    public static Command Create(GlobalOptions options, ToolHost host)
    {
        var file = new Argument<string>("FILE")
        {
            Description = "Where they go, in place of a file that is there; - for standard output.",
            DefaultValueFactory = _ => StandardOutput,
        };
        var command = new Verb("schema-dump", "Write the tables, indexes and functions as SQL, and no rows.") { file };
        command.Examples =
        [
            ("schema-dump schema.sql", "Into a file."),
            ("schema-dump | diff - schema.sql", "What is other than it was."),
        ];
        command.SetAction(async (result, cancellationToken) =>
        {
            await using var target = await TargetDatabase.OpenAsync(
                host, result.GetValue(options.Connection), ConnectionScope.Own, cancellationToken: cancellationToken);
            var name = result.GetRequiredValue(file);

            // Whether there is a server is told as by every verb, before another program asks it.
            await target.Get<DatabaseStatusReader>().ReadAsync(cancellationToken);
            if (name == StandardOutput)
            {
                await using var output = host.OpenOutput();
                await DatabaseDump.WriteSchemaAsync(target.ConnectionString, output, cancellationToken);
                return ExitCode.Done;
            }

            var path = Path.GetFullPath(name);
            await using var whole = WholeFile.Create(path);
            await DatabaseDump.WriteSchemaAsync(target.ConnectionString, whole.Stream, cancellationToken);
            var bytes = whole.Stream.Length;
            await whole.CommitAsync();
            await (result.GetValue(options.Json)
                ? JsonOutput.WriteAsync(host, new { File = path, Bytes = bytes })
                : host.Output.WriteLineAsync($"{path}: {bytes:N0} bytes."));
            return ExitCode.Done;
        });
        return command;
    }
}
