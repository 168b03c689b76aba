using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Nexus.Data.Persistence;

namespace Nexus.Data.Chats;

/// <summary>A line in a chat.</summary>
public sealed class Message
{
    /// <summary>A new message.</summary>
    public Message()
        : this(Guid.CreateVersion7())
    {
    }

    // One that is stored needs no new key: to make one takes as long as to read the rest.
    internal Message(Guid id) => Id = id;

    /// <summary>Primary key.</summary>
    public Guid Id { get; init; }

    /// <summary>The chat.</summary>
    public required Guid ChatId { get; init; }

    /// <summary>Whose line it is.</summary>
    public required MessageType Type { get; init; }

    /// <summary>The text, not empty.</summary>
    public required string Content { get; init; }

    /// <summary>What else is known of it, a JSON object; null for nothing. The server keeps the value, not the spelling.</summary>
    public string? Metadata { get; init; }

    /// <summary>When it was written; the database's clock where nothing is given.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>The person who wrote it; null where a program did.</summary>
    public Guid? SenderId { get; init; }

    /// <summary>Under which the same message is stored once in its chat, at most 255 characters; null where each is another
    /// one.</summary>
    public string? IdempotencyKey { get; init; }

    /// <summary>The request of the proxy that produced it, which may not be stored yet, or not any more; null for none.</summary>
    public Guid? RequestId { get; init; }

    /// <summary>Its number in the chat, in the order in which messages were stored: given by the service of messages, which alone
    /// writes them.</summary>
    public long Sequence { get; internal init; }

    /// <summary>The server's transaction that wrote it: what the change feed goes by.</summary>
    internal ulong WrittenIn { get; private set; }
}

/// <summary>Whose line a message is.</summary>
public enum MessageType
{
    /// <summary>A person's.</summary>
    User,

    /// <summary>The assistant's that listens and speaks.</summary>
    Openai,

    /// <summary>The assistant's that codes.</summary>
    Claude,

    /// <summary>A piece of what the coding assistant says.</summary>
    ClaudeStreaming,

    /// <summary>The coding assistant's list of what is to be done.</summary>
    ClaudeTodowrite,

    /// <summary>The program's own.</summary>
    System,

    /// <summary>What a function gave.</summary>
    FunctionResult,

    /// <summary>What went wrong.</summary>
    Error,
}

internal sealed class MessageConfiguration : IEntityTypeConfiguration<Message>
{
    public const int LongestKey = 255;

    public void Configure(EntityTypeBuilder<Message> builder)
    {
        builder.ToTable("messages", table =>
        {
            table.HasComment("Lines of chats.");
            table.HasCheckConstraint("messages_type_check", EnumText<MessageType>.Check("type"));
            table.HasCheckConstraint("messages_content_check", "content <> ''");
            table.HasCheckConstraint("messages_metadata_check", "jsonb_typeof(metadata) = 'object'");
            table.HasCheckConstraint("messages_sender_check", "sender_id IS NULL OR type = 'user'");
            table.HasCheckConstraint("messages_idempotency_key_check", "idempotency_key <> ''");
            table.HasCheckConstraint("messages_sequence_check", "sequence > 0");
        });
        builder.HasKey(message => message.Id).HasName("messages_pkey");
        builder.Property(message => message.Id).HasDefaultValueSql("gen_random_uuid()").HasComment("Primary key.");
        builder.Property(message => message.ChatId).HasComment("The chat.");
        builder.Property(message => message.Type).HasMaxLength(50)
            .HasConversion(EnumText<MessageType>.Converter)
            .HasComment("Whose line it is.");
        builder.Property(message => message.Content).HasComment("The text.");
        builder.Property(message => message.Metadata).HasColumnType("jsonb").HasComment("What else is known of it.");
        builder.Property(message => message.CreatedAt).HasDefaultValueSql("clock_timestamp()").HasComment("When it was written.");
        builder.Property(message => message.SenderId).HasComment("The person who wrote it.");
        builder.Property(message => message.IdempotencyKey).HasMaxLength(LongestKey)
            .HasComment("Under which it is stored once in its chat.");
        builder.Property(message => message.RequestId).HasComment("The request of the proxy that produced it.");
        builder.Property(message => message.Sequence).ValueGeneratedNever().HasComment("Its number in the chat.");
        builder.Property(message => message.WrittenIn).HasColumnType("xid8").HasDefaultValueSql("pg_current_xact_id()")
            .HasComment("The transaction that wrote it, for the change feed.");
        // The words to search by are an index over an expression, which a model cannot hold.

        builder.HasOne<Chat>().WithMany().HasForeignKey(message => message.ChatId)
            .OnDelete(DeleteBehavior.Cascade).HasConstraintName("messages_chat_id_fkey");
        builder.HasOne<User>().WithMany().HasForeignKey(message => message.SenderId)
            .OnDelete(DeleteBehavior.Restrict).HasConstraintName("messages_sender_id_fkey");

        builder.HasIndex(message => new { message.ChatId, message.CreatedAt, message.Id }).HasDatabaseName("idx_messages_timeline");
        builder.HasIndex(message => new { message.ChatId, message.Sequence }).IsUnique().HasDatabaseName("messages_sequence_key");
        builder.HasIndex(message => new { message.ChatId, message.IdempotencyKey }).IsUnique()
            .HasFilter("idempotency_key IS NOT NULL").HasDatabaseName("messages_idempotency_key");
        builder.HasIndex(message => message.SenderId)
            .HasFilter("sender_id IS NOT NULL").HasDatabaseName("idx_messages_sender_id");
        builder.HasIndex(message => message.RequestId)
            .HasFilter("request_id IS NOT NULL").HasDatabaseName("idx_messages_request_id");
        builder.HasIndex(message => new { message.WrittenIn, message.Id }).HasDatabaseName("idx_messages_written_in");
    }
}
