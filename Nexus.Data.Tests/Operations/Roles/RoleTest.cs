using Microsoft.EntityFrameworkCore;
using Nexus.Data.Operations.Roles;
using Nexus.Data.Tests.Fixtures;
using Npgsql;

namespace Nexus.Data.Tests.Operations.Roles;

/// <summary>An empty database, and roles that no other test sees.</summary>
public abstract class RoleTest : EmptyDatabaseTest
{
    protected RoleSetupOptions Options { get; } = new()
    {
        Prefix = $"nexus_test_{Guid.NewGuid():N}"[..30],
        Passwords = Enum.GetValues<NexusRole>().ToDictionary(role => role, _ => RolePassword.Generate()),
    };

    /// <summary>A role that is none of ours.</summary>
    protected string Other => $"{Options.Prefix}_other";

    [TearDown]
    public async Task DropRoles()
    {
        await ExecuteAsync(
            $"""
            DO $$
            BEGIN
                IF EXISTS (SELECT FROM pg_roles WHERE rolname = '{Other}') THEN
                    REASSIGN OWNED BY {Other} TO CURRENT_USER;
                    DROP OWNED BY {Other} CASCADE;
                    DROP ROLE {Other};
                END IF;
            END $$
            """);
        foreach (var role in Enum.GetValues<NexusRole>())
        {
            // A database is not dropped with who owns it.
            await ExecuteAsync(
                $"""
                DO $$
                BEGIN
                    IF EXISTS (SELECT FROM pg_roles WHERE rolname = '{Options.NameOf(role)}') THEN
                        REASSIGN OWNED BY {Options.NameOf(role)} TO CURRENT_USER;
                    END IF;
                END $$
                """);
        }

        await Server.DropRolesAsync(ConnectionString, Options);
    }

    protected string As(NexusRole role)
        => As(Options.NameOf(role), Options.Passwords[role]);

    protected string As(string user, string? password)
        => new NpgsqlConnectionStringBuilder(ConnectionString) { Username = user, Password = password }.ConnectionString;

    protected static async Task MigrateAsync(string connectionString)
    {
        await using var db = Server.Open(connectionString);
        await db.Database.MigrateAsync();
    }

    protected static RoleSetup Setup(string connectionString) => new(new Contexts(connectionString));

    /// <summary>Plans and applies.</summary>
    protected async Task<RolePlan> SetUpAsync(string? connectionString = null)
    {
        var setup = Setup(connectionString ?? ConnectionString);
        var plan = await setup.PlanAsync(Options);
        await setup.ApplyAsync(plan);
        return plan;
    }

    /// <summary>The SQL that there would be to run.</summary>
    protected async Task<List<string>> LeftAsync(string? connectionString = null)
        => [.. (await Setup(connectionString ?? ConnectionString).PlanAsync(Options)).Changes.Select(change => change.Statement)];

    protected async Task<List<RoleProof>> FailuresAsync(string? connectionString = null)
        => [.. (await Setup(connectionString ?? ConnectionString).ProveAsync(Options)).Where(proof => !proof.IsProven)];

    protected Task ExecuteAsync(string sql) => ExecuteAsync(ConnectionString, sql);

    protected static async Task ExecuteAsync(string connectionString, string sql)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    protected static async Task<List<string>> ReadAsync(string connectionString, string sql)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        await using var command = source.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<string>();
        while (await reader.ReadAsync())
        {
            rows.Add(FormattableString.Invariant($"{reader.GetValue(0)}"));
        }

        return rows;
    }
}
