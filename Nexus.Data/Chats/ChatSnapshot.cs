using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Nexus.Data.Chats;

/// <summary>The state of a repository chat at some moment, from which a session goes on.</summary>
public sealed class ChatSnapshot
{
    /// <summary>Primary key.</summary>
    public Guid Id { get; init; } = Guid.CreateVersion7();

    /// <summary>The chat.</summary>
    public required Guid ChatId { get; init; }

    /// <summary>Which of the chat's snapshots: 1, 2, 3 and so on, without gaps.</summary>
    public required int Version { get; init; }

    /// <summary>What was said or typed, a JSON array.</summary>
    public required string Transcriptions { get; init; }

    /// <summary>What functions gave, a JSON array.</summary>
    public required string FunctionResults { get; init; }

    /// <summary>What the coding assistant said, a JSON array.</summary>
    public required string ClaudeStreamingTexts { get; init; }

    /// <summary>The coding assistant's lists of what is to be done, a JSON array.</summary>
    public required string ClaudeTodoWrites { get; init; }

    /// <summary>The repository's issues, a JSON array.</summary>
    public required string RepositoryIssues { get; init; }

    /// <summary>The coding assistant's session, at most 255 characters; null for none.</summary>
    public string? ClaudeSessionId { get; init; }

    /// <summary>When it was stored; the database's clock where nothing is given.</summary>
    public DateTimeOffset CreatedAt { get; init; }
}

internal sealed class ChatSnapshotConfiguration : IEntityTypeConfiguration<ChatSnapshot>
{
    public void Configure(EntityTypeBuilder<ChatSnapshot> builder)
    {
        builder.ToTable("chat_snapshots", table =>
        {
            table.HasComment("States of repository chats, from which a session goes on.");
            table.HasCheckConstraint(
                "chat_snapshots_arrays_check",
                """
                jsonb_typeof(transcriptions) = 'array' AND jsonb_typeof(function_results) = 'array'
                AND jsonb_typeof(claude_streaming_texts) = 'array' AND jsonb_typeof(claude_todo_writes) = 'array'
                AND jsonb_typeof(repository_issues) = 'array'
                """);
            table.HasCheckConstraint("chat_snapshots_version_check", "version > 0");
        });
        builder.HasKey(snapshot => snapshot.Id).HasName("chat_snapshots_pkey");
        builder.Property(snapshot => snapshot.Id).HasDefaultValueSql("gen_random_uuid()").HasComment("Primary key.");
        builder.Property(snapshot => snapshot.ChatId).HasComment("The chat.");
        builder.Property(snapshot => snapshot.Version).HasComment("Which of the chat's snapshots.");
        builder.Property(snapshot => snapshot.Transcriptions).HasColumnType("jsonb").HasDefaultValueSql("'[]'::jsonb")
            .HasComment("What was said or typed.");
        builder.Property(snapshot => snapshot.FunctionResults).HasColumnType("jsonb").HasDefaultValueSql("'[]'::jsonb")
            .HasComment("What functions gave.");
        builder.Property(snapshot => snapshot.ClaudeStreamingTexts).HasColumnType("jsonb").HasDefaultValueSql("'[]'::jsonb")
            .HasComment("What the coding assistant said.");
        builder.Property(snapshot => snapshot.ClaudeTodoWrites).HasColumnType("jsonb").HasDefaultValueSql("'[]'::jsonb")
            .HasComment("The coding assistant's lists of what is to be done.");
        builder.Property(snapshot => snapshot.RepositoryIssues).HasColumnType("jsonb").HasDefaultValueSql("'[]'::jsonb")
            .HasComment("The repository's issues.");
        builder.Property(snapshot => snapshot.ClaudeSessionId).HasMaxLength(255)
            .HasComment("The coding assistant's session.");
        builder.Property(snapshot => snapshot.CreatedAt).HasDefaultValueSql("clock_timestamp()")
            .HasComment("When it was stored.");

        builder.HasOne<RepositoryChat>().WithMany().HasForeignKey(snapshot => snapshot.ChatId)
            .OnDelete(DeleteBehavior.Cascade).HasConstraintName("chat_snapshots_chat_id_fkey");
        builder.HasIndex(snapshot => new { snapshot.ChatId, snapshot.Version }).IsUnique()
            .HasDatabaseName("chat_snapshots_version_key");
    }
}
