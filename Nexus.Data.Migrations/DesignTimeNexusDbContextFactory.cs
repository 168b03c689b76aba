using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Nexus.Data.Persistence;

namespace Nexus.Data.Migrations;

/// <summary>What <c>dotnet ef</c> builds the context with. What reads the model only asks no server.</summary>
public sealed class DesignTimeNexusDbContextFactory : IDesignTimeDbContextFactory<NexusDbContext>
{
    // For the commands that ask no server; the others fail here, and so at nobody's database.
    private const string Nowhere = "Host=localhost;Database=nexus";

    /// <inheritdoc />
    public NexusDbContext CreateDbContext(string[] args)
    {
        var connection = ConnectionSettings.Find(null, ConnectionScope.Shared, Environment.GetEnvironmentVariable);
        if (connection is { IsShared: true })
        {
            Console.Error.WriteLine(connection);
        }

        var builder = new DbContextOptionsBuilder<NexusDbContext>();
        builder.UseNexus(connection?.ConnectionString ?? Nowhere);
        return new(builder.Options);
    }
}
