using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Nexus.Data.Conversations;

/// <summary>What a stored request waits for: should a request or an answer that shows the key be stored later, the waiting
/// one is linked again.</summary>
internal sealed class LinkWait
{
    /// <summary>The request that waits.</summary>
    public required Guid RequestId { get; init; }

    /// <summary>What it waits for, 32 bytes: a beginning of its messages, such a beginning with its answer, a prompt or a
    /// summary, each kind in a space of its own.</summary>
    public required byte[] Key { get; init; }

    /// <summary>The train of the request.</summary>
    public required string TrainId { get; init; }

    /// <summary>The request's time, in UTC.</summary>
    public required DateTimeOffset Timestamp { get; init; }
}

internal sealed class LinkWaitConfiguration : IEntityTypeConfiguration<LinkWait>
{
    public void Configure(EntityTypeBuilder<LinkWait> builder)
    {
        builder.ToTable("link_waits", table => table.HasComment(
            "What requests without a near parent wait for, should it be stored late."));
        builder.HasKey(wait => new { wait.RequestId, wait.Key }).HasName("link_waits_pkey");
        builder.Property(wait => wait.RequestId).HasComment("The request that waits.");
        builder.Property(wait => wait.Key).HasComment("Hash of what it waits for.");
        builder.Property(wait => wait.TrainId).HasMaxLength(255).HasComment("The request's train.");
        builder.Property(wait => wait.Timestamp).HasComment("The request's time.");

        // Who, from here on, waits for what is being stored.
        builder.HasIndex(wait => new { wait.TrainId, wait.Key, wait.Timestamp, wait.RequestId })
            .HasDatabaseName("idx_link_waits_key");
    }
}
