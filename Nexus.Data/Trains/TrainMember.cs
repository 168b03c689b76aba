using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Nexus.Data.Persistence;

namespace Nexus.Data.Trains;

/// <summary>A person's place on a train.</summary>
public sealed class TrainMember
{
    /// <summary>Primary key.</summary>
    public Guid Id { get; init; } = Guid.CreateVersion7();

    /// <summary>The train, by its primary key.</summary>
    public required Guid TrainId { get; init; }

    /// <summary>The person's e-mail address, as it was written; compared without case, and unique so on a train.</summary>
    public required string UserEmail { get; init; }

    /// <summary>What the person may do.</summary>
    public required TrainRole Role { get; set; }

    /// <summary>When the person was added; the database's clock where nothing is given.</summary>
    public DateTimeOffset AddedAt { get; init; }

    /// <summary>Who added the person.</summary>
    public required string AddedBy { get; init; }
}

internal sealed class TrainMemberConfiguration : IEntityTypeConfiguration<TrainMember>
{
    public const string OncePerTrain = "train_members_train_id_user_email_key";

    public void Configure(EntityTypeBuilder<TrainMember> builder)
    {
        builder.ToTable("train_members", table =>
        {
            table.HasComment("Who may see and change a train.");
            table.HasCheckConstraint("train_members_role_check", EnumText<TrainRole>.Check("role"));
        });
        builder.HasKey(member => member.Id).HasName("train_members_pkey");
        builder.Property(member => member.Id).HasDefaultValueSql("gen_random_uuid()").HasComment("Primary key.");
        builder.Property(member => member.TrainId).HasComment("The train.");
        builder.Property(member => member.UserEmail).HasMaxLength(255).HasComment("The person's e-mail address.");
        builder.Property(member => member.Role).HasMaxLength(20)
            .HasConversion(EnumText<TrainRole>.Converter)
            .HasComment("What the person may do: owner or member.");
        builder.Property(member => member.AddedAt).HasDefaultValueSql("now()").HasComment("When the person was added.");
        builder.Property(member => member.AddedBy).HasMaxLength(255).HasComment("Who added the person.");

        builder.HasOne<Train>().WithMany().HasForeignKey(member => member.TrainId)
            .OnDelete(DeleteBehavior.Cascade)
            .HasConstraintName("train_members_train_id_fkey");

        builder.HasIndex(member => new { member.TrainId, member.UserEmail }).IsUnique().HasDatabaseName(OncePerTrain);
        // That addresses are unique without case is two indexes over lower(user_email), which a model cannot hold.
        builder.HasIndex(member => member.TrainId).HasDatabaseName("idx_train_members_train_id");
        builder.HasIndex(member => member.UserEmail).HasDatabaseName("idx_train_members_user_email");
        builder.HasIndex(member => new { member.TrainId, member.Role }).HasDatabaseName("idx_train_members_role");
    }
}
