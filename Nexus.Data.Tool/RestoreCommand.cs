using System.CommandLine;
using Nexus.Data.Embedded;
using Nexus.Data.Operations;
using Nexus.Data.Persistence;

namespace Nexus.Data.Tool;

/// <summary><c>nexus-data restore</c>: puts a backup into a database, whole or not at all.</summary>
internal static class RestoreCommand
{
    // As people typed it.
    private const string OldArgument = "BACKUP_FILE=";

    public static Command Create(GlobalOptions options, ToolHost host)
    {
        var file = new Argument<string>("FILE")
        {
            Description = "What backup wrote, or SQL as pg_dump writes it.",
        };
        var production = ProductionGuard.Create();
        var command = new Verb("restore", "Put a backup into an empty database, or in place of what is there, whole or not at all.")
        {
            file, production,
        };
        command.Examples =
        [
            ("restore backups/nexus_20260101_120000.dump --connection postgresql://localhost/nexus_copy", "Into an empty database."),
            ("restore nexus.dump --yes", "In place of what is there, without the question; what is dropped is said."),
        ];
        command.SetAction((result, cancellationToken) => RunAsync(
            host, Path.GetFullPath(Named(result.GetRequiredValue(file))), result.GetValue(production), result.GetValue(options.Yes),
            result.GetValue(options.Json), result.GetValue(options.Connection), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(
        ToolHost host, string path, bool inProduction, bool isConfirmed, bool isJson, string? connection,
        CancellationToken cancellationToken)
    {
        if (!File.Exists(path))
        {
            throw new ToolException(ExitCode.CheckFailed, $"There is no file {path}.");
        }

        // Before anything is asked or dropped.
        var manifest = await DatabaseBackup.CheckAsync(path, cancellationToken);
        if (manifest is null)
        {
            await host.Error.WriteLineAsync(
                $"There is no {BackupManifest.PathOf(path)}: neither the file's checksum nor its row counts can be compared.");
        }

        await using var target = await TargetDatabase.OpenAsync(
            host, connection, ConnectionScope.Own, cancellationToken: cancellationToken);
        await DatabaseBackup.CheckServerAsync(target.ConnectionString, path, cancellationToken);
        if (BackupCommand.PartOf(manifest) is { } part)
        {
            await host.Error.WriteLineAsync($"{path} is a part of database {manifest!.Database}: it has {part}.");
        }

        var before = await DatabaseBackup.CountAsync(target.ConnectionString, cancellationToken);
        if (before.Count > 0)
        {
            ProductionGuard.Check(host, target, inProduction);
            if (!DatabaseDump.IsCustom(path))
            {
                throw new ToolException(
                    ExitCode.Refused,
                    $"{path} is SQL, which cannot take the place of the {before.Count:N0} tables in {target.Place}: restore it into an empty database.");
            }

            await EnsureNoneIsLeftAsync(target, path, cancellationToken);
            await host.Error.WriteLineAsync(
                $"In {target.Place} there are {before.Values.Sum():N0} rows in {before.Count:N0} tables. Those that the backup has are dropped and come from it.");
            await Confirmation.AskAsync(host, target, isConfirmed, cancellationToken);
        }

        var restored = await DatabaseBackup.RestoreAsync(
            target.ConnectionString, path, replaces: before.Count > 0, cancellationToken);
        var wrong = manifest?.Tables.Where(table => restored.GetValueOrDefault(table.Key) != table.Value).Select(table => table.Key).ToList() ?? [];
        await TellAsync(host, target, path, manifest, restored, wrong, isJson);
        return wrong.Count == 0 ? ExitCode.Done : ExitCode.CheckFailed;
    }

    // Their rows would belong to what is gone; and the migration that fills them does so where it makes them.
    private static async Task EnsureNoneIsLeftAsync(TargetDatabase target, string path, CancellationToken cancellationToken)
    {
        var contents = await target.Get<DatabaseEraser>().ReadAsync(cancellationToken);
        var restored = await DatabaseDump.ReadTablesAsync(path, cancellationToken);
        var left = contents.Tables.Where(table => table.IsOurs && !restored.Contains(table.Name)).Select(table => table.Name).ToList();
        if (left.Count > 0)
        {
            throw new ToolException(
                ExitCode.Refused,
                $"{path} is older than what is in {target.Place}: it lacks {string.Join(", ", left)}, whose rows would stay and belong to nothing that is restored. Nothing was changed: empty the database with 'nexus-data db-hard-reset' first, restore, and run 'nexus-data migrate'.");
        }
    }

    private static async Task TellAsync(
        ToolHost host, TargetDatabase target, string path, BackupManifest? manifest, IReadOnlyDictionary<string, long> restored,
        List<string> wrong, bool isJson)
    {
        if (isJson)
        {
            await JsonOutput.WriteAsync(host, new
            {
                File = path,
                Database = target.Place,
                manifest?.Since,
                NoSecrets = manifest?.NoSecrets ?? false,
                Tables = restored,
                Differing = wrong,
            });
            return;
        }

        await host.Output.WriteLineAsync(
            $"{restored.Values.Sum():N0} rows of {restored.Count:N0} tables are in {target.Place}. Run 'nexus-data setup-roles' where others than you use it.");
        foreach (var table in wrong)
        {
            await host.Error.WriteLineAsync($"{table} has another number of rows than the backup says.");
        }
    }

    private static string Named(string file)
        => file.StartsWith(OldArgument, StringComparison.Ordinal) ? file[OldArgument.Length..] : file;
}
