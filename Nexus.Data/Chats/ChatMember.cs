using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Nexus.Data.Persistence;

namespace Nexus.Data.Chats;

/// <summary>A person's place in a direct or group chat. <see cref="ChatRooms"/> adds people; one that is added by hand has read nothing,
/// also of what was deleted.</summary>
public sealed class ChatMember
{
    /// <summary>The chat.</summary>
    public required Guid ChatId { get; init; }

    /// <summary>The person.</summary>
    public required Guid UserId { get; init; }

    /// <summary>What the person may do.</summary>
    public ChatRole Role { get; set; } = ChatRole.Member;

    /// <summary>When the person was added; the database's clock where nothing is given.</summary>
    public DateTimeOffset JoinedAt { get; init; }

    /// <summary>The number of the last message that the person has read. Kept by the service of messages.</summary>
    public long LastReadSequence { get; private set; }

    /// <summary>How many numbers after it have no message any more. Kept by the service of messages.</summary>
    public int UnreadGaps { get; private set; }
}

/// <summary>What a member may do.</summary>
public enum ChatRole
{
    /// <summary>Reads and writes.</summary>
    Member,

    /// <summary>Looks after a group besides.</summary>
    Admin,
}

internal sealed class ChatMemberConfiguration : IEntityTypeConfiguration<ChatMember>
{
    public void Configure(EntityTypeBuilder<ChatMember> builder)
    {
        builder.ToTable("chat_members", table =>
        {
            table.HasComment("Who is in a direct or group chat, and how far each has read.");
            table.HasCheckConstraint("chat_members_role_check", EnumText<ChatRole>.Check("role"));
            table.HasCheckConstraint("chat_members_read_check", "last_read_sequence >= 0 AND unread_gaps >= 0");
        });
        builder.HasKey(member => new { member.ChatId, member.UserId }).HasName("chat_members_pkey");
        builder.Property(member => member.ChatId).HasComment("The chat.");
        builder.Property(member => member.UserId).HasComment("The person.");
        builder.Property(member => member.Role).HasMaxLength(20)
            .HasConversion(EnumText<ChatRole>.Converter)
            .HasDefaultValue(ChatRole.Member)
            .HasSentinel((ChatRole)(-1))
            .HasComment("What the person may do: member or admin.");
        builder.Property(member => member.JoinedAt).HasDefaultValueSql("now()").HasComment("When the person was added.");
        builder.Property(member => member.LastReadSequence).HasDefaultValue(0L)
            .HasComment("The number of the last message that the person has read.");
        builder.Property(member => member.UnreadGaps).HasDefaultValue(0)
            .HasComment("How many numbers after it have no message any more.");

        builder.HasOne<Chat>().WithMany().HasForeignKey(member => member.ChatId)
            .OnDelete(DeleteBehavior.Cascade).HasConstraintName("chat_members_chat_id_fkey");
        builder.HasOne<User>().WithMany().HasForeignKey(member => member.UserId)
            .OnDelete(DeleteBehavior.Cascade).HasConstraintName("chat_members_user_id_fkey");

        // A person's chats.
        builder.HasIndex(member => new { member.UserId, member.ChatId }).HasDatabaseName("idx_chat_members_user_id");
    }
}
