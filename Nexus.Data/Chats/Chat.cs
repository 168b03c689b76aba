using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Nexus.Data.Persistence;

namespace Nexus.Data.Chats;

/// <summary>Where messages stand: a session of the coding assistant, or a room of the team.</summary>
public abstract class Chat
{
    private protected Chat(ChatKind kind) => Kind = kind;

    /// <summary>Primary key.</summary>
    public Guid Id { get; init; } = Guid.CreateVersion7();

    /// <summary>Which kind it is.</summary>
    public ChatKind Kind { get; private init; }

    /// <summary>When it was made; the database's clock where nothing is given.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>When what is said of it was last changed: its title, its issue. Not its messages.</summary>
    public DateTimeOffset UpdatedAt { get; set; }

    /// <summary>When it was last opened or written to.</summary>
    public DateTimeOffset LastAccessedAt { get; set; }

    /// <summary>The number of its newest message; numbers begin with 1, and are not given again when messages go. Kept by the
    /// service of messages.</summary>
    public long LastSequence { get; private set; }
}

/// <summary>The kinds of chats.</summary>
public enum ChatKind
{
    /// <summary>A session of the coding assistant over a repository.</summary>
    Repository,

    /// <summary>Two people.</summary>
    Direct,

    /// <summary>A group of people.</summary>
    Group,
}

/// <summary>A session of the coding assistant over a repository.</summary>
public sealed class RepositoryChat() : Chat(ChatKind.Repository)
{
    /// <summary>What the sidebar shows, at most 255 characters.</summary>
    public required string Title { get; set; }

    /// <summary>The repository's name, at most 255 characters: <c>nexus</c>.</summary>
    public required string RepositoryName { get; init; }

    /// <summary>The name with its owner, at most 255 characters: <c>octo/nexus</c>.</summary>
    public required string RepositoryFullName { get; init; }

    /// <summary>The issue that is worked on; null for none. Its title and address stand beside it.</summary>
    public int? ActiveIssueNumber { get; set; }

    /// <summary>That issue's title.</summary>
    public string? ActiveIssueTitle { get; set; }

    /// <summary>That issue's address.</summary>
    public string? ActiveIssueUrl { get; set; }

    /// <summary>Whether the assistant keeps silent.</summary>
    public bool QuietMode { get; set; }
}

/// <summary>Two people: once for each pair.</summary>
public sealed class DirectChat() : Chat(ChatKind.Direct)
{
    /// <summary>The one whose identifier comes first.</summary>
    public required Guid LowUserId { get; init; }

    /// <summary>The other one.</summary>
    public required Guid HighUserId { get; init; }
}

/// <summary>A group of people.</summary>
public sealed class GroupChat() : Chat(ChatKind.Group)
{
    /// <summary>What it is about, at most 255 characters; null for nothing in particular.</summary>
    public string? Topic { get; set; }

    /// <summary>Who made it; null where nobody knows.</summary>
    public Guid? CreatedByUserId { get; init; }
}

internal sealed class ChatConfiguration
    : IEntityTypeConfiguration<Chat>, IEntityTypeConfiguration<RepositoryChat>, IEntityTypeConfiguration<DirectChat>,
        IEntityTypeConfiguration<GroupChat>
{
    public const int LongestTitle = 255;

    // What each kind has, and what the others have not.
    internal const string Shape =
        """
        CASE kind
        WHEN 'repository' THEN num_nulls(title, repository_name, repository_full_name, quiet_mode) = 0
            AND num_nonnulls(low_user_id, high_user_id, topic, created_by_user_id) = 0
            AND (active_issue_number IS NOT NULL OR num_nonnulls(active_issue_title, active_issue_url) = 0)
        WHEN 'direct' THEN num_nulls(low_user_id, high_user_id) = 0 AND low_user_id < high_user_id
            AND num_nonnulls(title, repository_name, repository_full_name, quiet_mode, active_issue_number, active_issue_title,
                             active_issue_url, topic, created_by_user_id) = 0
        ELSE num_nonnulls(title, repository_name, repository_full_name, quiet_mode, active_issue_number, active_issue_title,
                          active_issue_url, low_user_id, high_user_id) = 0
        END
        """;

    public void Configure(EntityTypeBuilder<Chat> builder)
    {
        builder.ToTable("chats", table =>
        {
            table.HasComment("Sessions of the coding assistant, and rooms of the team.");
            table.HasCheckConstraint("chats_kind_check", EnumText<ChatKind>.Check("kind"));
            table.HasCheckConstraint("chats_shape_check", Shape);
            table.HasCheckConstraint(
                "chats_text_check",
                "title <> '' AND repository_name <> '' AND repository_full_name <> '' AND topic <> ''");
            table.HasCheckConstraint("chats_last_sequence_check", "last_sequence >= 0");
        });
        builder.HasDiscriminator(chat => chat.Kind)
            .HasValue<RepositoryChat>(ChatKind.Repository)
            .HasValue<DirectChat>(ChatKind.Direct)
            .HasValue<GroupChat>(ChatKind.Group);
        builder.HasKey(chat => chat.Id).HasName("chats_pkey");
        builder.Property(chat => chat.Id).HasDefaultValueSql("gen_random_uuid()").HasComment("Primary key.");
        builder.Property(chat => chat.Kind).HasMaxLength(20)
            .HasConversion(EnumText<ChatKind>.Converter)
            .HasComment("Which kind it is: repository, direct or group.");
        builder.Property(chat => chat.CreatedAt).HasDefaultValueSql("now()").HasComment("When it was made.");
        builder.Property(chat => chat.UpdatedAt).HasDefaultValueSql("now()")
            .HasComment("When what is said of it was last changed.");
        builder.Property(chat => chat.LastAccessedAt).HasDefaultValueSql("now()")
            .HasComment("When it was last opened or written to.");
        builder.Property(chat => chat.LastSequence).HasDefaultValue(0L).HasComment("The number of its newest message.");
    }

    public void Configure(EntityTypeBuilder<RepositoryChat> builder)
    {
        builder.Property(chat => chat.Title).HasMaxLength(LongestTitle).HasComment("What the sidebar shows.");
        builder.Property(chat => chat.RepositoryName).HasMaxLength(LongestTitle).HasComment("The repository's name.");
        builder.Property(chat => chat.RepositoryFullName).HasMaxLength(LongestTitle).HasComment("The name with its owner.");
        builder.Property(chat => chat.ActiveIssueNumber).HasComment("The issue that is worked on.");
        builder.Property(chat => chat.ActiveIssueTitle).HasComment("That issue's title.");
        builder.Property(chat => chat.ActiveIssueUrl).HasComment("That issue's address.");
        builder.Property(chat => chat.QuietMode).HasComment("Whether the assistant keeps silent.");

        // The newest of all, and of one repository.
        builder.HasIndex(chat => new { chat.LastAccessedAt, chat.Id }).IsDescending()
            .HasFilter("kind = 'repository'").HasDatabaseName("idx_chats_last_accessed_at");
        builder.HasIndex(chat => new { chat.RepositoryFullName, chat.LastAccessedAt, chat.Id }).IsDescending(false, true, true)
            .HasFilter("kind = 'repository'").HasDatabaseName("idx_chats_repository_full_name");
    }

    public void Configure(EntityTypeBuilder<DirectChat> builder)
    {
        builder.Property(chat => chat.LowUserId).HasComment("Of two people the one whose identifier comes first.");
        builder.Property(chat => chat.HighUserId).HasComment("The other one.");
        builder.HasOne<User>().WithMany().HasForeignKey(chat => chat.LowUserId)
            .OnDelete(DeleteBehavior.Restrict).HasConstraintName("chats_low_user_id_fkey");
        builder.HasOne<User>().WithMany().HasForeignKey(chat => chat.HighUserId)
            .OnDelete(DeleteBehavior.Restrict).HasConstraintName("chats_high_user_id_fkey");
        builder.HasIndex(chat => new { chat.LowUserId, chat.HighUserId }).IsUnique()
            .HasFilter("kind = 'direct'").HasDatabaseName("chats_direct_pair_key");
        builder.HasIndex(chat => chat.HighUserId)
            .HasFilter("kind = 'direct'").HasDatabaseName("idx_chats_high_user_id");
    }

    public void Configure(EntityTypeBuilder<GroupChat> builder)
    {
        builder.Property(chat => chat.Topic).HasMaxLength(LongestTitle).HasComment("What a group is about.");
        builder.Property(chat => chat.CreatedByUserId).HasComment("Who made a group.");
        builder.HasOne<User>().WithMany().HasForeignKey(chat => chat.CreatedByUserId)
            .OnDelete(DeleteBehavior.SetNull).HasConstraintName("chats_created_by_user_id_fkey");
        builder.HasIndex(chat => chat.CreatedByUserId)
            .HasFilter("created_by_user_id IS NOT NULL").HasDatabaseName("idx_chats_created_by_user_id");
    }
}
