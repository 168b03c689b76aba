using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Nexus.Data.Trains;

/// <summary>A key with which a client speaks for a train.</summary>
public sealed class TrainApiKey
{
    /// <summary>Primary key.</summary>
    public Guid Id { get; init; } = Guid.CreateVersion7();

    /// <summary>The train, by its primary key.</summary>
    public required Guid TrainId { get; init; }

    /// <summary>SHA-256 of the key's UTF-8 bytes, 32 bytes; unique. The key itself is nowhere.</summary>
    public required byte[] KeyHash { get; init; }

    /// <summary>The key's first characters, for people to tell keys apart.</summary>
    public required string KeyPrefix { get; init; }

    /// <summary>The key's last characters, for people to tell keys apart.</summary>
    public required string KeySuffix { get; init; }

    /// <summary>What the key is for; null where nobody said.</summary>
    public string? Name { get; set; }

    /// <summary>Who made the key; null where it is not known.</summary>
    public string? CreatedBy { get; init; }

    /// <summary>When the key was made; the database's clock where nothing is given.</summary>
    public DateTimeOffset? CreatedAt { get; init; }

    /// <summary>When the key was last used; null until then. Not to the second.</summary>
    public DateTimeOffset? LastUsedAt { get; set; }

    /// <summary>When the key ceases to count by itself; null for never.</summary>
    public DateTimeOffset? ExpiresAt { get; set; }

    /// <summary>When the key was revoked; null while it counts.</summary>
    public DateTimeOffset? RevokedAt { get; set; }

    /// <summary>Who revoked the key.</summary>
    public string? RevokedBy { get; set; }
}

internal sealed class TrainApiKeyConfiguration : IEntityTypeConfiguration<TrainApiKey>
{
    public const string UniqueKeyHash = "train_api_keys_key_hash_key";

    public void Configure(EntityTypeBuilder<TrainApiKey> builder)
    {
        builder.ToTable("train_api_keys", table => table.HasComment("Keys with which clients speak for a train."));
        builder.HasKey(key => key.Id).HasName("train_api_keys_pkey");
        builder.Property(key => key.Id).HasDefaultValueSql("gen_random_uuid()").HasComment("Primary key.");
        builder.Property(key => key.TrainId).HasComment("The train.");
        builder.Property(key => key.KeyHash).HasComment("SHA-256 of the key; a secret.");

        // Where the original kept keys in clear. The column stays for what reads the table by its columns.
        builder.Property<string?>("ApiKey").HasComment("Keys stood here in clear, and none does any more; a secret.");
        builder.Property(key => key.KeyPrefix).HasMaxLength(20).HasComment("The key's first characters.");
        builder.Property(key => key.KeySuffix).HasMaxLength(10).HasComment("The key's last characters.");
        builder.Property(key => key.Name).HasMaxLength(255).HasComment("What the key is for.");
        builder.Property(key => key.CreatedBy).HasMaxLength(255).HasComment("Who made the key.");
        builder.Property(key => key.CreatedAt).HasDefaultValueSql("now()").HasComment("When the key was made.");
        builder.Property(key => key.LastUsedAt).HasComment("When the key was last used.");
        builder.Property(key => key.ExpiresAt).HasComment("When the key ceases to count by itself.");
        builder.Property(key => key.RevokedAt).HasComment("When the key was revoked.");
        builder.Property(key => key.RevokedBy).HasMaxLength(255).HasComment("Who revoked the key.");

        builder.HasOne<Train>().WithMany().HasForeignKey(key => key.TrainId)
            .OnDelete(DeleteBehavior.Cascade)
            .HasConstraintName("train_api_keys_train_id_fkey");

        builder.HasIndex(key => key.KeyHash).IsUnique().HasDatabaseName(UniqueKeyHash);
        builder.HasIndex(key => key.TrainId).HasDatabaseName("idx_train_api_keys_train");
    }
}
