using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Nexus.Data.Totals;

/// <summary>What one account and model did on one branch of a conversation. Written along with the requests.</summary>
internal sealed class BranchTotals
{
    /// <summary>The train, by its slug.</summary>
    public required string TrainId { get; init; }

    /// <summary>The conversation.</summary>
    public required Guid ConversationId { get; init; }

    /// <summary>The branch; the main one for requests without any.</summary>
    public required string BranchId { get; init; }

    /// <summary>The account; empty where it is unknown.</summary>
    public required string AccountId { get; init; }

    /// <summary>The model; empty where none is named.</summary>
    public required string Model { get; init; }

    /// <summary>Requests.</summary>
    public required int RequestCount { get; init; }

    /// <summary>Those of sub-tasks among them.</summary>
    public required int SubtaskCount { get; init; }

    /// <summary>Those that repeat another.</summary>
    public required int RetryCount { get; init; }

    /// <summary>Those that failed.</summary>
    public required int FailedCount { get; init; }

    /// <summary>The most messages that a request has.</summary>
    public required int MessageCount { get; init; }

    /// <summary>Tokens read, without the cache's.</summary>
    public required long InputTokens { get; init; }

    /// <summary>Tokens written.</summary>
    public required long OutputTokens { get; init; }

    /// <summary>Tokens put into the cache.</summary>
    public required long CacheCreationInputTokens { get; init; }

    /// <summary>Tokens from the cache.</summary>
    public required long CacheReadInputTokens { get; init; }

    /// <summary>Tool uses in the answers.</summary>
    public required long ToolCallCount { get; init; }

    /// <summary>The time of the first of the requests, in UTC.</summary>
    public required DateTimeOffset FirstAt { get; init; }

    /// <summary>The time of the latest, in UTC.</summary>
    public required DateTimeOffset LastAt { get; init; }

    /// <summary>The latest of the requests; of several at one time, the one with the greatest identifier.</summary>
    public required Guid LatestRequestId { get; init; }
}

internal sealed class BranchTotalsConfiguration : IEntityTypeConfiguration<BranchTotals>
{
    public void Configure(EntityTypeBuilder<BranchTotals> builder)
    {
        builder.ToTable(
            "branch_totals",
            table => table.HasComment("What an account and model did on a branch, written along with its requests."));
        builder.HasKey(totals =>
                new { totals.TrainId, totals.ConversationId, totals.BranchId, totals.AccountId, totals.Model })
            .HasName("branch_totals_pkey");
        builder.Property(totals => totals.TrainId).HasMaxLength(255).HasComment("The train, by its slug.");
        builder.Property(totals => totals.ConversationId).HasComment("The conversation.");
        builder.Property(totals => totals.BranchId).HasMaxLength(255).HasComment("The branch.");
        builder.Property(totals => totals.AccountId).HasMaxLength(255).HasComment("The account; empty where it is unknown.");
        builder.Property(totals => totals.Model).HasMaxLength(100).HasComment("The model; empty where none is named.");
        builder.Property(totals => totals.RequestCount).HasComment("Requests.");
        builder.Property(totals => totals.SubtaskCount).HasComment("Requests of sub-tasks among them.");
        builder.Property(totals => totals.RetryCount).HasComment("Requests among them that repeat another.");
        builder.Property(totals => totals.FailedCount).HasComment("Requests among them that failed.");
        builder.Property(totals => totals.MessageCount).HasComment("The most messages that a request has.");
        builder.Property(totals => totals.InputTokens).HasComment("Tokens read, without the cache's.");
        builder.Property(totals => totals.OutputTokens).HasComment("Tokens written.");
        builder.Property(totals => totals.CacheCreationInputTokens).HasComment("Tokens put into the cache.");
        builder.Property(totals => totals.CacheReadInputTokens).HasComment("Tokens from the cache.");
        builder.Property(totals => totals.ToolCallCount).HasComment("Tool uses in the answers.");
        builder.Property(totals => totals.FirstAt).HasComment("Time of the first of the requests.");
        builder.Property(totals => totals.LastAt).HasComment("Time of the latest.");
        builder.Property(totals => totals.LatestRequestId).HasComment("The latest of the requests.");

        // The conversations of an account, and those of a model, by their latest request of it; of all trains, and of one.
        builder.HasIndex(totals => new { totals.AccountId, totals.LastAt, totals.ConversationId })
            .HasDatabaseName("idx_branch_totals_account");
        builder.HasIndex(totals => new { totals.Model, totals.LastAt, totals.ConversationId })
            .HasDatabaseName("idx_branch_totals_model");
        builder.HasIndex(totals => new { totals.TrainId, totals.AccountId, totals.LastAt, totals.ConversationId })
            .HasDatabaseName("idx_branch_totals_train_account");
        builder.HasIndex(totals => new { totals.TrainId, totals.Model, totals.LastAt, totals.ConversationId })
            .HasDatabaseName("idx_branch_totals_train_model");
    }
}
