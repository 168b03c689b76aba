using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Nexus.Data.Conversations;

/// <summary>How a summary begins that an answer holds, so that the continuation of its conversation finds it by key.</summary>
internal sealed class SummaryKey
{
    /// <summary>The request whose answer holds the text.</summary>
    public required Guid RequestId { get; init; }

    /// <summary>Hash of the text's first 40 normalised characters, 16 bytes.</summary>
    public required byte[] Key { get; init; }

    /// <summary>The train of the request.</summary>
    public required string TrainId { get; init; }

    /// <summary>The request's time, in UTC.</summary>
    public required DateTimeOffset Timestamp { get; init; }
}

internal sealed class SummaryKeyConfiguration : IEntityTypeConfiguration<SummaryKey>
{
    public void Configure(EntityTypeBuilder<SummaryKey> builder)
    {
        builder.ToTable("summary_keys", table => table.HasComment("How the texts of answers begin, to find summaries by."));
        builder.HasKey(key => new { key.RequestId, key.Key }).HasName("summary_keys_pkey");
        builder.Property(key => key.RequestId).HasComment("The request whose answer holds the text.");
        builder.Property(key => key.Key).HasComment("Hash of the text's first 40 normalised characters.");
        builder.Property(key => key.TrainId).HasMaxLength(255).HasComment("The request's train.");
        builder.Property(key => key.Timestamp).HasComment("The request's time.");

        // The newest answers of the last days that begin like this summary.
        builder.HasIndex(key => new { key.TrainId, key.Key, key.Timestamp, key.RequestId })
            .HasDatabaseName("idx_summary_keys_key");
    }
}
