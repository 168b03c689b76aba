using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Nexus.Data.Persistence;

namespace Nexus.Data.Chats;

/// <summary>A person of the team chat.</summary>
public sealed class User
{
    /// <summary>Primary key.</summary>
    public Guid Id { get; init; } = Guid.CreateVersion7();

    /// <summary>The name to log in by and to be seen by: 1 to 255 characters without spaces around them, unique without regard to
    /// case.</summary>
    public required string Username { get; set; }

    /// <summary>What a password is verified by, in a format that says how; null where nobody can log in by one.</summary>
    public string? PasswordHash { get; set; }

    /// <summary>Whether the person may take part.</summary>
    public UserStatus Status { get; set; } = UserStatus.Active;

    /// <summary>When the person last logged in; null for never.</summary>
    public DateTimeOffset? LastLoginAt { get; set; }

    /// <summary>When the person was added; the database's clock where nothing is given.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>When the person went, whose messages stayed; null for whoever is here.</summary>
    public DateTimeOffset? AnonymizedAt { get; set; }

    /// <summary>Without the hash.</summary>
    public override string ToString() => $"User {Id} '{Username}' ({Status})";
}

/// <summary>Whether a person may take part.</summary>
public enum UserStatus
{
    /// <summary>May log in, read and write.</summary>
    Active,

    /// <summary>May not.</summary>
    Disabled,
}

internal sealed class UserConfiguration : IEntityTypeConfiguration<User>
{
    public const int LongestName = 255;

    public void Configure(EntityTypeBuilder<User> builder)
    {
        builder.ToTable("users", table =>
        {
            table.HasComment("People of the team chat.");
            table.HasCheckConstraint("users_username_check", "username <> '' AND username = btrim(username)");
            table.HasCheckConstraint("users_status_check", EnumText<UserStatus>.Check("status"));
            table.HasCheckConstraint(
                "users_anonymized_check", "anonymized_at IS NULL OR (password_hash IS NULL AND status = 'disabled')");
        });
        builder.HasKey(user => user.Id).HasName("users_pkey");
        builder.Property(user => user.Id).HasDefaultValueSql("gen_random_uuid()").HasComment("Primary key.");
        builder.Property(user => user.Username).HasMaxLength(LongestName)
            .HasComment("The name, unique without regard to case.");
        builder.Property(user => user.PasswordHash)
            .HasComment("What a password is verified by; null where nobody can log in by one; a secret.");
        builder.Property(user => user.Status).HasMaxLength(20)
            .HasConversion(EnumText<UserStatus>.Converter)
            .HasDefaultValue(UserStatus.Active)
            .HasSentinel((UserStatus)(-1))
            .HasComment("Whether the person may take part: active or disabled.");
        builder.Property(user => user.LastLoginAt).HasComment("When the person last logged in.");
        builder.Property(user => user.CreatedAt).HasDefaultValueSql("now()").HasComment("When the person was added.");
        builder.Property(user => user.AnonymizedAt).HasComment("When the person went, whose messages stayed.");

        // That names are unique without case is an index over lower(username), which a model cannot hold.
    }
}
