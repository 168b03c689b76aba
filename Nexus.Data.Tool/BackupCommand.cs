using System.CommandLine;
using System.Globalization;
using Nexus.Data.Embedded;
using Nexus.Data.Persistence;

namespace Nexus.Data.Tool;

/// <summary><c>nexus-data backup</c>: writes the database to a file, with what it holds beside it.</summary>
internal static class BackupCommand
{
    private const string Folder = "backups";

    public static Command Create(GlobalOptions options, ToolHost host)
    {
        var file = new Argument<string?>("FILE")
        {
            Description = $"Where the backup goes, which must not be there yet; without it {Folder}/DATABASE_TIME.dump.",
            DefaultValueFactory = _ => null,
        };
        var command = new Verb("backup", "Write the database to a file that restore reads, for its owner alone.") { file };
        command.Examples =
        [
            ("backup", $"Into the folder {Folder}, under the database's name and the time."),
            ("backup /mnt/backups/nexus.dump", "Into a file; its row counts and its checksum stand beside it in nexus.dump.json."),
        ];
        command.SetAction((result, cancellationToken) => RunAsync(
            host, result.GetValue(file), result.GetValue(options.Json), result.GetValue(options.Connection), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(
        ToolHost host, string? file, bool isJson, string? connection, CancellationToken cancellationToken)
    {
        await using var target = await TargetDatabase.OpenAsync(
            host, connection, ConnectionScope.Shared, cancellationToken: cancellationToken);
        var path = Path.GetFullPath(file ?? DefaultOf(target));
        foreach (var taken in new[] { path, BackupManifest.PathOf(path) }.Where(File.Exists))
        {
            throw new ToolException(ExitCode.Refused, $"{taken} is there already: name another file for the backup.");
        }

        if (file is null)
        {
            Directory.CreateDirectory(Folder);
        }

        var manifest = await DatabaseBackup.WriteAsync(target.ConnectionString, path, cancellationToken);
        await (isJson
            ? JsonOutput.WriteAsync(host, new { File = path, Manifest = manifest })
            : host.Output.WriteLineAsync(
                $"{path}: {manifest.Tables.Values.Sum():N0} rows of {manifest.Tables.Count:N0} tables of {target.Place}, {manifest.Bytes:N0} bytes."));
        return ExitCode.Done;
    }

    private static string DefaultOf(TargetDatabase target)
        => Path.Combine(
            Folder,
            string.Create(CultureInfo.InvariantCulture, $"{target.Name}_{DateTimeOffset.UtcNow:yyyyMMdd_HHmmss}.dump"));
}
