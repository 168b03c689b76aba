using Microsoft.EntityFrameworkCore;
using Nexus.Data.Conversations;
using Nexus.Data.Requests;

namespace Nexus.Data;

/// <summary>The Nexus schema. Each entity's mapping stands beside the entity, in its <c>…Configuration</c> class.</summary>
public sealed class NexusDbContext(DbContextOptions<NexusDbContext> options) : DbContext(options)
{
    /// <summary>Calls that went through the proxy.</summary>
    public DbSet<ApiRequest> Requests => Set<ApiRequest>();

    /// <summary>Sub-tasks that answers asked for.</summary>
    public DbSet<TaskPrompt> TaskPrompts => Set<TaskPrompt>();

    /// <summary>How the texts of answers begin.</summary>
    public DbSet<SummaryKey> SummaryKeys => Set<SummaryKey>();

    /// <summary>What requests wait for.</summary>
    public DbSet<LinkWait> LinkWaits => Set<LinkWait>();

    /// <inheritdoc />
    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        ArgumentNullException.ThrowIfNull(modelBuilder);
        modelBuilder.ApplyNexusModel();
    }
}
