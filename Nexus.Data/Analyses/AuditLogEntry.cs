using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Nexus.Data.Analyses;

/// <summary>That somebody asked for or saw an analysis. Entries are added and never changed.</summary>
public sealed class AuditLogEntry
{
    /// <summary>Given by the database when the entry is saved.</summary>
    public int Id { get; init; }

    /// <summary>What was done.</summary>
    public required string EventType { get; init; }

    /// <summary>How it ended.</summary>
    public required string Outcome { get; init; }

    /// <summary>The conversation.</summary>
    public required Guid ConversationId { get; init; }

    /// <summary>The branch of the conversation.</summary>
    public required string BranchId { get; init; }

    /// <summary>The train, by the name that requests carry.</summary>
    public required string TrainId { get; init; }

    /// <summary>The call that did it, by the name its program gave it: any text, not a request's id.</summary>
    public required string RequestId { get; init; }

    /// <summary>Who did it and from where, as JSON text; null in rows that say nothing.</summary>
    public string? UserContext { get; init; }

    /// <summary>What else is worth knowing, as JSON text.</summary>
    public string? Metadata { get; init; }

    /// <summary>When it was done; the database's clock where nothing is given.</summary>
    public DateTimeOffset Timestamp { get; init; }
}

internal sealed class AuditLogEntryConfiguration : IEntityTypeConfiguration<AuditLogEntry>
{
    public void Configure(EntityTypeBuilder<AuditLogEntry> builder)
    {
        builder.ToTable("analysis_audit_log", table => table.HasComment("Who asked for or saw an analysis."));
        builder.HasKey(entry => entry.Id).HasName("analysis_audit_log_pkey");
        builder.Property(entry => entry.Id).UseSerialColumn().HasComment("Row number, given by the database.");
        builder.Property(entry => entry.EventType).HasMaxLength(50).HasComment("What was done.");
        builder.Property(entry => entry.Outcome).HasMaxLength(50).HasComment("How it ended.");
        builder.Property(entry => entry.ConversationId).HasComment("The conversation.");
        builder.Property(entry => entry.BranchId).HasMaxLength(255).HasComment("The branch of the conversation.");
        builder.Property(entry => entry.TrainId).HasMaxLength(255).HasComment("The train of the conversation.");
        builder.Property(entry => entry.RequestId).HasMaxLength(255).HasComment("The call that did it.");
        builder.Property(entry => entry.UserContext).HasColumnType("jsonb").HasDefaultValueSql("'{}'::jsonb")
            .HasComment("Who did it and from where.");
        builder.Property(entry => entry.Metadata).HasColumnType("jsonb").HasDefaultValueSql("'{}'::jsonb")
            .HasComment("What else is worth knowing.");
        builder.Property(entry => entry.Timestamp).HasDefaultValueSql("now()").HasComment("When it was done.");

        builder.HasIndex(entry => new { entry.ConversationId, entry.BranchId })
            .HasDatabaseName("idx_audit_conversation");
        builder.HasIndex(entry => entry.TrainId).HasDatabaseName("idx_audit_train");
        builder.HasIndex(entry => entry.Timestamp).HasDatabaseName("idx_audit_timestamp");
        builder.HasIndex(entry => entry.EventType).HasDatabaseName("idx_audit_event_type");
    }
}
