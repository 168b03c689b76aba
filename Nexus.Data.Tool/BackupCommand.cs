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
        var since = TimeOption.CreatePast(
            "--since",
            "Of requests and chats those since then alone, with their whole conversations and all that they refer to; all else as it is. A time, or a length such as 30d for as long ago.",
            host.Time);
        var noSecrets = new Option<bool>("--no-secrets")
        {
            Description = "Leave out tokens, API keys, webhook addresses and password hashes. What people wrote stays as it is.",
        };
        var command = new Verb("backup", "Write the database to a file that restore reads, for its owner alone.")
        {
            file, since, noSecrets,
        };
        command.Examples =
        [
            ("backup", $"Into the folder {Folder}, under the database's name and the time."),
            ("backup /mnt/backups/nexus.dump", "Into a file; its row counts and its checksum stand beside it in nexus.dump.json."),
            ("backup month.dump --since 30d", "What was said in the last thirty days, as whole conversations and chats."),
            ("backup share.dump --since 2026-01-01 --no-secrets", "A part for somebody who shall not get in with it."),
        ];
        command.SetAction((result, cancellationToken) => RunAsync(
            host, result.GetValue(file), new() { Since = result.GetValue(since), NoSecrets = result.GetValue(noSecrets) },
            result.GetValue(options.Json), result.GetValue(options.Connection), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(
        ToolHost host, string? file, BackupOptions options, bool isJson, string? connection, CancellationToken cancellationToken)
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

        var manifest = await DatabaseBackup.WriteAsync(target.ConnectionString, path, options, cancellationToken);
        await (isJson
            ? JsonOutput.WriteAsync(host, new { File = path, Manifest = manifest })
            : host.Output.WriteLineAsync(
                $"{path}: {manifest.Tables.Values.Sum():N0} rows of {manifest.Tables.Count:N0} tables of {target.Place}, {manifest.Bytes:N0} bytes.{(PartOf(manifest) is { } part ? $" It has {part}." : "")}"));
        return ExitCode.Done;
    }

    /// <summary>What of a database a backup has; null for everything.</summary>
    public static string? PartOf(BackupManifest? manifest)
    {
        var since = manifest?.Since is { } time
            ? $"of requests and chats only what goes back to {time.Text()}, with its whole conversations"
            : null;
        var secrets = manifest is { NoSecrets: true } ? "no tokens, API keys, webhook addresses and password hashes" : null;
        return since is null || secrets is null ? since ?? secrets : $"{since}, and {secrets}";
    }

    private static string DefaultOf(TargetDatabase target)
        => Path.Combine(
            Folder,
            string.Create(CultureInfo.InvariantCulture, $"{target.Name}_{DateTimeOffset.UtcNow:yyyyMMdd_HHmmss}.dump"));
}
