using Nexus.Data;
using Nexus.Data.Chats;
using Nexus.Data.Persistence;
using Nexus.Data.Seeding;
using Nexus.Data.Seeding.Populations;
using Npgsql;

// Beside UseNexus, so that who knows the one finds the other.
#pragma warning disable IDE0130
namespace Microsoft.EntityFrameworkCore;
#pragma warning restore IDE0130

/// <summary>Has EF populate a database when it migrates it.</summary>
public static class NexusSeedingDbContextOptionsExtensions
{
    /// <summary>Puts a small population into the database each time EF has migrated it to the newest version, by EF's
    /// <c>UseSeeding</c> and <c>UseAsyncSeeding</c>: what is missing is added and what differs is put right, in one transaction.
    /// A migration to an earlier version populates nothing, and neither does <c>EnsureCreated</c>, which is no
    /// migration.</summary>
    /// <param name="builder">The options of a <see cref="NexusDbContext"/>, or of a host's context with the Nexus model, as
    /// <c>UseNexus</c> has them.</param>
    /// <param name="options">The population's time, and how many requests there are; null for the time of the rows that are there, else
    /// now, and for no requests.</param>
    /// <param name="population">The population; null for the one that comes along.</param>
    /// <param name="environment">The environment's name as the host has it, <c>builder.Environment.EnvironmentName</c>; null for a program
    /// that has none. <c>NEXUS_ENVIRONMENT</c> comes before it, <c>DOTNET_ENVIRONMENT</c> and then <c>ASPNETCORE_ENVIRONMENT</c> after
    /// it.</param>
    /// <returns>The same builder.</returns>
    /// <remarks>
    /// Migrating then throws a <see cref="NexusDataException"/> where the environment is production, or nobody says what it is
    /// (forbidden), and whatever <see cref="PopulationStore.PutAsync"/> does; the migrations are done by then. EF keeps one
    /// <c>UseSeeding</c> and one <c>UseAsyncSeeding</c>: of this and of a host's own the last one counts.
    /// </remarks>
    public static DbContextOptionsBuilder UseNexusSeeding(
        this DbContextOptionsBuilder builder, SmallPopulationOptions? options = null, SmallPopulation? population = null,
        string? environment = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder
            .UseAsyncSeeding((db, _, cancellationToken) => SeedAsync(db, options, population, environment, cancellationToken))

            // On a thread of its own: what goes on in the caller's synchronization context would wait for the caller, who waits here.
            .UseSeeding((db, _) => Task.Run(() => SeedAsync(db, options, population, environment, CancellationToken.None)).GetAwaiter().GetResult());
    }

    private static async Task SeedAsync(
        DbContext context, SmallPopulationOptions? options, SmallPopulation? population, string? environment, CancellationToken cancellationToken)
    {
        if (context.Model.FindEntityType(typeof(User)) is null)
        {
            throw new InvalidOperationException(
                $"{nameof(UseNexusSeeding)} is for a context with the Nexus model, and {context.GetType().Name} has none: call ApplyNexusModel in its OnModelCreating.");
        }

        SeedEnvironment.Refuse(
            HostEnvironment.Of(Environment.GetEnvironmentVariable, environment),
            $"Where this is not production, set {HostEnvironment.SharedVariable}=Development, or give {nameof(UseNexusSeeding)} the parameter '{nameof(environment)}'.",
            $"Take {nameof(UseNexusSeeding)} out of what migrates there.");
        if ((await context.Database.GetPendingMigrationsAsync(cancellationToken)).Any())
        {
            return;
        }

        // A connection that was opened before the migrations does not know the types that are there now.
        await context.Database.OpenConnectionAsync(cancellationToken);
        try
        {
            await ((NpgsqlConnection)context.Database.GetDbConnection()).ReloadTypesAsync(cancellationToken);
            await using var joined = context is NexusDbContext ? null : context.JoinNexus();
            var db = joined ?? (NexusDbContext)context;
            await PopulationStore.Joined(db).PutAsync(population ?? SmallPopulation.Read(), options, progress: null, cancellationToken);
        }
        finally
        {
            await context.Database.CloseConnectionAsync();
        }
    }
}
