using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Nexus.Data.Credentials;

namespace Nexus.Data.Trains;

/// <summary>That a train may use an account. Several make fail-over and rotation possible.</summary>
public sealed class TrainAccount
{
    /// <summary>Primary key.</summary>
    public Guid Id { get; init; } = Guid.CreateVersion7();

    /// <summary>The train, by its primary key.</summary>
    public required Guid TrainId { get; init; }

    /// <summary>The account's credential, by its primary key.</summary>
    public required Guid CredentialId { get; init; }

    /// <summary>When the account was given to the train; the database's clock where nothing is given.</summary>
    public DateTimeOffset? CreatedAt { get; init; }
}

internal sealed class TrainAccountConfiguration : IEntityTypeConfiguration<TrainAccount>
{
    public const string OncePerTrain = "train_accounts_train_id_credential_id_key";

    public void Configure(EntityTypeBuilder<TrainAccount> builder)
    {
        builder.ToTable("train_accounts", table => table.HasComment("Which accounts a train may use."));
        builder.HasKey(link => link.Id).HasName("train_accounts_pkey");
        builder.Property(link => link.Id).HasDefaultValueSql("gen_random_uuid()").HasComment("Primary key.");
        builder.Property(link => link.TrainId).HasComment("The train.");
        builder.Property(link => link.CredentialId).HasComment("The account's credential.");
        builder.Property(link => link.CreatedAt).HasDefaultValueSql("now()")
            .HasComment("When the account was given to the train.");

        builder.HasOne<Train>().WithMany().HasForeignKey(link => link.TrainId)
            .OnDelete(DeleteBehavior.Cascade)
            .HasConstraintName("train_accounts_train_id_fkey");
        builder.HasOne<AnthropicCredential>().WithMany().HasForeignKey(link => link.CredentialId)
            .OnDelete(DeleteBehavior.Cascade)
            .HasConstraintName("train_accounts_credential_id_fkey");

        builder.HasIndex(link => new { link.TrainId, link.CredentialId }).IsUnique().HasDatabaseName(OncePerTrain);
        builder.HasIndex(link => link.TrainId).HasDatabaseName("idx_train_accounts_train");
        builder.HasIndex(link => link.CredentialId).HasDatabaseName("idx_train_accounts_credential");
    }
}
