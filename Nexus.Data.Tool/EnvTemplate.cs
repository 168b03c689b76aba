using System.Text;
using Nexus.Data.Embedded;
using Nexus.Data.Operations.Roles;
using Nexus.Data.Persistence;

namespace Nexus.Data.Tool;

/// <summary>A variable that something here reads.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Purpose">What for, in a line.</param>
/// <param name="Placeholder">How a value looks; never one that works.</param>
internal sealed record EnvVariable(string Name, string Purpose, string Placeholder);

/// <summary>Every variable that the tool, the library and the files for Docker Compose read, as a template for <c>.env</c>.</summary>
internal static class EnvTemplate
{
    private const string Password = "<password>";

    private static readonly (string Title, EnvVariable[] Variables)[] _sections =
    [
        (
            "The database",
            [
                new(ConnectionSettings.OwnVariable, "The database, as services and the tool use it.", Address("nexus_app")),
                new(
                    ConnectionSettings.SharedVariable,
                    "The database of other programs; counts for few verbs, which show it first.", Address("<user>")),
                new(ConnectionSettings.AdministratorVariable, "The same database as its administrator.", Address("postgres")),
                new(
                    ConnectionSettings.ApplicationVariable,
                    "The same as the application's role: its password counts for APP_DB_PASSWORD.", Address("nexus_app")),
                new(
                    RolePasswordFile.VariableOf(NexusRole.Migration), "Password of the role that owns the tables.", Password),
                new(RolePasswordFile.VariableOf(NexusRole.App), "Password of the services' role.", Password),
                new(RolePasswordFile.VariableOf(NexusRole.Read), "Password of the role that reads, without secrets.", Password),
                new(RolePasswordFile.VariableOf(NexusRole.Backup), "Password of the role for backups.", Password),
                new(ProductionGuard.OwnVariable, "'production' keeps off what destroys data.", "development"),
                new(ProductionGuard.SharedVariable, "The same, where the one above is not set.", "Development"),
                new("ASPNETCORE_ENVIRONMENT", "The same for rows made up at a start, where neither is set.", "Development"),
            ]),
        (
            "The embedded server",
            [
                new(ToolHost.FolderVariable, "Its folder, in place of the user's own.", "<folder>"),
                new(PostgresBinaries.FolderVariable, "The folder with initdb, pg_ctl and postgres.", "<folder>"),
                new(PostgresBinaries.InstallVariable, "0 forbids that PostgreSQL is installed.", "0"),
            ]),
        (
            "Secrets in the database",
            [
                new(CredentialKeySettings.FileVariable, "The file with the keys that protect tokens.", "<file>"),
                new(CredentialKeySettings.KeysVariable, "Or the keys themselves, the current one first.", "<id>:<32 bytes in base64>"),
                new(CredentialKeySettings.EndpointVariable, "Who issues tokens, in place of the usual one.", "https://<host>/<path>"),
                new(CredentialKeySettings.ClientVariable, "The client's id there.", "<id>"),
            ]),
        (
            "Migrations and tests",
            [
                new("NEXUS_ACCOUNT_MAP", "JSON file of domain to account, for migration 005.", "<file>"),
                new(ConnectionSettings.TestVariable, "The server that tests make their databases on.", Address("<user>")),
            ]),
        (
            "docker-compose.yml and docker-compose.prod.yml",
            [
                new("POSTGRES_PASSWORD", "Password of the server's superuser.", Password),
                new("POSTGRES_USER", "The server's superuser.", "nexus"),
                new("POSTGRES_DB", "The database.", "nexus"),
                new("POSTGRES_PORT", "The port of the development server on this machine.", "5432"),
                new("APP_IMAGE", "The image of the service that uses the production database.", "<image>"),
            ]),
    ];

    public static IEnumerable<EnvVariable> Variables => _sections.SelectMany(section => section.Variables);

    /// <summary>The template. Nothing in it counts before somebody has written a value and taken the # away.</summary>
    public static string Text()
    {
        var text = new StringBuilder(
            """
            # Variables of Nexus.Data. Copy this file to .env, which no repository may have, write your values, and take the
            # '# ' away before each name. Within the quotes nothing has a meaning of its own. Docker Compose reads .env by itself, a shell by: set -a; . ./.env; set +a

            """);
        foreach (var (title, variables) in _sections)
        {
            text.Append('\n').Append("## ").Append(title).Append('\n');
            foreach (var variable in variables)
            {
                text.Append('\n').Append("# ").Append(variable.Purpose)
                    .Append('\n').Append("# ").Append(variable.Name).Append("='").Append(variable.Placeholder).Append("'\n");
            }
        }

        return text.ToString().ReplaceLineEndings("\n");
    }

    private static string Address(string user) => $"postgresql://{user}:{Password}@<host>:5432/<database>";
}
