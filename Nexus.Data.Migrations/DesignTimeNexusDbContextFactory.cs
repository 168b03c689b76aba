using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Npgsql;

namespace Nexus.Data.Migrations;

/// <summary>What <c>dotnet ef</c> builds the context with. What reads the model only asks no server.</summary>
public sealed class DesignTimeNexusDbContextFactory : IDesignTimeDbContextFactory<NexusDbContext>
{
    private const string Offline = "Host=localhost;Database=nexus";

    public NexusDbContext CreateDbContext(string[] args)
    {
        var builder = new DbContextOptionsBuilder<NexusDbContext>();
        builder.UseNexus(ConnectionString());
        return new(builder.Options);
    }

    private static string ConnectionString()
    {
        if (Environment.GetEnvironmentVariable("NEXUS_DATABASE_URL") is { Length: > 0 } ours)
        {
            return Parse(ours);
        }

        if (Environment.GetEnvironmentVariable("DATABASE_URL") is { Length: > 0 } originals)
        {
            // Set for another program, perhaps: say where this goes.
            var connection = new NpgsqlConnectionStringBuilder(Parse(originals));
            Console.Error.WriteLine($"DATABASE_URL: host {connection.Host}, database {connection.Database}");
            return connection.ConnectionString;
        }

        return Offline;
    }

    private static string Parse(string connection) => connection;
}
