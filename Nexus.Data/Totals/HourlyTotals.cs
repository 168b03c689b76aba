using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Nexus.Data.Totals;

/// <summary>What the requests of one hour used. Written along with them.</summary>
/// <remarks>Each hour has several rows that differ in their slot alone, so that calls at one time do not wait for each other:
/// they are added up.</remarks>
internal sealed class HourlyTotals
{
    /// <summary>The train, by its slug.</summary>
    public required string TrainId { get; init; }

    /// <summary>The beginning of the hour, in UTC.</summary>
    public required DateTimeOffset Hour { get; init; }

    /// <summary>The account; empty where it is unknown.</summary>
    public required string AccountId { get; init; }

    /// <summary>The model; empty where none is named.</summary>
    public required string Model { get; init; }

    /// <summary>The type of the requests; empty where nobody said.</summary>
    public required string RequestType { get; init; }

    /// <summary>Which of the rows that are added up.</summary>
    public required short Slot { get; init; }

    /// <summary>Requests.</summary>
    public required int RequestCount { get; init; }

    /// <summary>Those among them that failed.</summary>
    public required int FailedCount { get; init; }

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

    /// <summary>Milliseconds that the calls took together.</summary>
    public required long DurationMs { get; init; }

    /// <summary>Requests whose duration is known.</summary>
    public required int TimedCount { get; init; }
}

internal sealed class HourlyTotalsConfiguration : IEntityTypeConfiguration<HourlyTotals>
{
    public void Configure(EntityTypeBuilder<HourlyTotals> builder)
    {
        builder.ToTable(
            "hourly_totals", table => table.HasComment("What the requests of an hour used, written along with them."));
        builder.HasKey(totals =>
                new { totals.TrainId, totals.Hour, totals.AccountId, totals.Model, totals.RequestType, totals.Slot })
            .HasName("hourly_totals_pkey");
        builder.Property(totals => totals.TrainId).HasMaxLength(255).HasComment("The train, by its slug.");
        builder.Property(totals => totals.Hour).HasComment("Beginning of the hour in UTC.");
        builder.Property(totals => totals.AccountId).HasMaxLength(255).HasComment("The account; empty where it is unknown.");
        builder.Property(totals => totals.Model).HasMaxLength(100).HasComment("The model; empty where none is named.");
        builder.Property(totals => totals.RequestType).HasMaxLength(50)
            .HasComment("Type of the requests; empty where nobody said.");
        builder.Property(totals => totals.Slot).ValueGeneratedNever()
            .HasComment("Which of the rows of an hour, which are added up.");
        builder.Property(totals => totals.RequestCount).HasComment("Requests.");
        builder.Property(totals => totals.FailedCount).HasComment("Requests among them that failed.");
        builder.Property(totals => totals.InputTokens).HasComment("Tokens read, without the cache's.");
        builder.Property(totals => totals.OutputTokens).HasComment("Tokens written.");
        builder.Property(totals => totals.CacheCreationInputTokens).HasComment("Tokens put into the cache.");
        builder.Property(totals => totals.CacheReadInputTokens).HasComment("Tokens from the cache.");
        builder.Property(totals => totals.ToolCallCount).HasComment("Tool uses in the answers.");
        builder.Property(totals => totals.DurationMs).HasComment("Milliseconds that the calls took together.");
        builder.Property(totals => totals.TimedCount).HasComment("Requests whose duration is known.");

        // The hours of an account, and those of all.
        builder.HasIndex(totals => new { totals.AccountId, totals.Hour }).HasDatabaseName("idx_hourly_totals_account");
        builder.HasIndex(totals => totals.Hour).HasDatabaseName("idx_hourly_totals_hour");
    }
}
