using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Nexus.Data.Tests.Fixtures;
using Npgsql;
using NUnit.Framework.Constraints;

namespace Nexus.Data.Tests.Migrations;

/// <summary>An empty database that a test brings to the steps it is about.</summary>
public abstract class MigrationTest : EmptyDatabaseTest
{
    /// <summary>The last step of the sequence that mirrors the original's.</summary>
    protected const int LastMirrored = 14;

    protected static IReadOnlyList<string> Ids { get; } = ReadIds();

    /// <summary>The migration that ends with a step's number.</summary>
    protected static string Id(int step)
        => Ids.Single(id => id.StartsWith($"202501010000{step:00}_", StringComparison.Ordinal));

    /// <summary>The connection of one who has said that API keys in clear may go.</summary>
    protected string Retiring => $"{ConnectionString};Options=-c nexus.retire_clear_keys=on";

    protected async Task MigrateAsync(string? target = null)
    {
        await using var db = Server.Open(Retiring);
        await db.GetService<IMigrator>().MigrateAsync(target);
    }

    protected Task MigrateAsync(int step) => MigrateAsync(step < 0 ? Migration.InitialDatabase : Id(step));

    /// <summary>Does a step once more, as on a database that has it and of whose history nothing is known.</summary>
    protected async Task MigrateAgainAsync(int step)
    {
        await ExecuteAsync($"""DELETE FROM "__EFMigrationsHistory" WHERE "MigrationId" = '{Id(step)}'""");
        await MigrateAsync(step);
    }

    protected Task<List<string>> ReadCatalogAsync() => Catalog.ReadAsync(ConnectionString);

    protected async Task ExecuteAsync(string sql)
    {
        await using var connection = await OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>The rows of a query, their values joined by bars: short enough to compare as texts.</summary>
    protected async Task<List<string>> ReadAsync(string sql)
    {
        await using var connection = await OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<string>();
        while (await reader.ReadAsync())
        {
            var values = new object[reader.FieldCount];
            reader.GetValues(values);
            rows.Add(string.Join('|', values.Select(value => value is DBNull
                ? "-"
                : FormattableString.Invariant($"{value}"))));
        }

        return rows;
    }

    protected static EqualConstraint AreRows(params string[] rows) => Is.EqualTo(rows);

    protected async Task<NpgsqlConnection> OpenAsync()
    {
        var connection = new NpgsqlConnection(ConnectionString);
        await connection.OpenAsync();
        return connection;
    }

    private static List<string> ReadIds()
    {
        using var db = Server.Open("Host=nowhere");
        return [.. db.Database.GetMigrations()];
    }
}
