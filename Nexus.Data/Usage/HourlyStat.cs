using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Nexus.Data.Usage;

/// <summary>One hour of one train and model, out of the seven days before the last refresh.</summary>
public sealed class HourlyStat
{
    /// <summary>The beginning of the hour, in UTC.</summary>
    public required DateTimeOffset Hour { get; init; }

    /// <summary>The train.</summary>
    public required string TrainId { get; init; }

    /// <summary>The model; null for requests that name none.</summary>
    public string? Model { get; init; }

    /// <summary>Requests in the hour.</summary>
    public required long RequestCount { get; init; }

    /// <summary>Input tokens; null where no request has a number.</summary>
    public long? TotalInputTokens { get; init; }

    /// <summary>Output tokens; null where no request has a number.</summary>
    public long? TotalOutputTokens { get; init; }

    /// <summary>Tokens written to the prompt cache; null where no request has a number.</summary>
    public long? TotalCacheCreationTokens { get; init; }

    /// <summary>Tokens read from the prompt cache; null where no request has a number.</summary>
    public long? TotalCacheReadTokens { get; init; }

    /// <summary>The mean duration in milliseconds; null where no request has one.</summary>
    public decimal? AvgResponseTime { get; init; }

    /// <summary>Tool calls in the answers; null where no request has a number.</summary>
    public long? TotalToolCalls { get; init; }
}

internal sealed class HourlyStatConfiguration : IEntityTypeConfiguration<HourlyStat>
{
    public void Configure(EntityTypeBuilder<HourlyStat> builder)
    {
        // A materialized view, made and commented by the migrations' own SQL: EF reads it and leaves it alone.
        builder.ToView("hourly_stats");
        builder.HasNoKey();
        builder.Property(stat => stat.TrainId).HasMaxLength(255);
        builder.Property(stat => stat.Model).HasMaxLength(100);
    }
}
