using Microsoft.EntityFrameworkCore;
using Nexus.Data.Persistence;
using Nexus.Data.Persistence.Migrations;

namespace Nexus.Data;

/// <summary>Puts the Nexus schema into a context.</summary>
public static class NexusModelBuilderExtensions
{
    /// <summary>Adds every Nexus table to a model: ours, or that of a host's own context.</summary>
    /// <param name="modelBuilder">The builder that <c>OnModelCreating</c> was given.</param>
    /// <returns>The same builder.</returns>
    public static ModelBuilder ApplyNexusModel(this ModelBuilder modelBuilder)
    {
        ArgumentNullException.ThrowIfNull(modelBuilder);

        var assembly = typeof(NexusModelBuilderExtensions).Assembly;
        modelBuilder.ApplyConfigurationsFromAssembly(assembly);
        foreach (var entity in modelBuilder.Model.GetEntityTypes().Where(entity => entity.ClrType.Assembly == assembly))
        {
            PostgresNames.Apply(entity);
        }

        return modelBuilder.HasAnnotation(SchemaExtras.Annotation, SchemaExtras.Version);
    }
}
