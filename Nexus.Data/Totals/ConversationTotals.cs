using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Nexus.Data.Totals;

/// <summary>One conversation of one train, as lists order and filter it. Written along with its requests.</summary>
internal sealed class ConversationTotals
{
    /// <summary>The train, by its slug.</summary>
    public required string TrainId { get; init; }

    /// <summary>The conversation.</summary>
    public required Guid ConversationId { get; init; }

    /// <summary>The time of its first request, in UTC.</summary>
    public required DateTimeOffset FirstAt { get; init; }

    /// <summary>The time of its latest request, in UTC.</summary>
    public required DateTimeOffset LastAt { get; init; }

    /// <summary>Whether a request of it belongs to a sub-task.</summary>
    public required bool HasSubtasks { get; init; }

    /// <summary>Whether it has forks: branches other than the main one, sub-tasks and continuations.</summary>
    public required bool HasForks { get; init; }
}

internal sealed class ConversationTotalsConfiguration : IEntityTypeConfiguration<ConversationTotals>
{
    public void Configure(EntityTypeBuilder<ConversationTotals> builder)
    {
        builder.ToTable(
            "conversation_totals",
            table => table.HasComment("Conversations as lists order and filter them, written along with their requests."));
        builder.HasKey(totals => new { totals.TrainId, totals.ConversationId }).HasName("conversation_totals_pkey");
        builder.Property(totals => totals.TrainId).HasMaxLength(255).HasComment("The train, by its slug.");
        builder.Property(totals => totals.ConversationId).HasComment("The conversation.");
        builder.Property(totals => totals.FirstAt).HasComment("Time of its first request.");
        builder.Property(totals => totals.LastAt).HasComment("Time of its latest request.");
        builder.Property(totals => totals.HasSubtasks).HasComment("Whether a request of it belongs to a sub-task.");
        builder.Property(totals => totals.HasForks)
            .HasComment("Whether it has branches other than the main one, sub-tasks and continuations.");

        // The latest, of a train and of all.
        builder.HasIndex(totals => new { totals.TrainId, totals.LastAt, totals.ConversationId })
            .HasDatabaseName("idx_conversation_totals_train");
        builder.HasIndex(totals => new { totals.LastAt, totals.ConversationId, totals.TrainId })
            .HasDatabaseName("idx_conversation_totals_last");

        // The latest of what few conversations have.
        builder.HasIndex(
                totals => new { totals.LastAt, totals.ConversationId, totals.TrainId }, "idx_conversation_totals_subtasks")
            .HasFilter("has_subtasks");
        builder.HasIndex(
                totals => new { totals.LastAt, totals.ConversationId, totals.TrainId }, "idx_conversation_totals_forks")
            .HasFilter("has_forks");

        // New conversations by week.
        builder.HasIndex(totals => new { totals.FirstAt, totals.TrainId }).HasDatabaseName("idx_conversation_totals_first");
    }
}
