using System.CommandLine;
using Nexus.Data.Operations;

namespace Nexus.Data.Tool;

/// <summary><c>nexus-data db-setup</c>: everything that a database needs to be worked with.</summary>
internal static class DbSetupCommand
{
    public static Command Create(GlobalOptions options, ToolHost host)
    {
        var setup = new SetupOptions();
        var command = new Verb("db-setup", "Set a database up: roles, tables, a few people and chats, and a check of these.");
        setup.AddTo(command);
        command.Examples =
        [
            ("db-setup", "On the embedded server. Done twice, nothing is changed."),
            ("db-setup --connection postgresql://postgres@localhost/nexus --passwords roles.env",
                "As that user; passwords are taken from the file, and those of new roles are made and added."),
            ("db-setup --no-populate", "Roles and tables alone, as in production."),
        ];
        command.SetWorkOnAny(
            options, host, (connection, token) => DatabaseSetup.OpenAsync(host, connection, token),
            async (run, cancellationToken) =>
            {
                var prepared = await DatabaseSetup.PrepareAsync(run, setup, cancellationToken);

                // What a migration would not begin with is told before roles are made and handed things over.
                await run.Get<SchemaMigrator>().PlanAsync(cancellationToken: cancellationToken);
                return await VerbStep.RunAsync(run, [.. prepared.Steps(run.IsConfirmed)], cancellationToken);
            });
        return command;
    }
}
