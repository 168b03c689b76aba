using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using NpgsqlTypes;

namespace Nexus.Data.Conversations.Searching;

/// <summary>The words that a request and its answer add to their conversation, to search by.</summary>
internal sealed class RequestWords
{
    /// <summary>The request.</summary>
    public required Guid RequestId { get; init; }

    /// <summary>The request's train, by its slug.</summary>
    public required string TrainId { get; init; }

    /// <summary>The request's time, in UTC.</summary>
    public required DateTimeOffset Timestamp { get; init; }

    /// <summary>The words, each as it stands, in lower case.</summary>
    public required NpgsqlTsVector Words { get; init; }
}

internal sealed class RequestWordsConfiguration : IEntityTypeConfiguration<RequestWords>
{
    private const string HasWords = "words <> ''";

    public void Configure(EntityTypeBuilder<RequestWords> builder)
    {
        builder.ToTable(
            "request_words", table => table.HasComment("Words that a request and its answer add to their conversation."));
        builder.HasKey(words => words.RequestId).HasName("request_words_pkey");
        builder.Property(words => words.RequestId).ValueGeneratedNever().HasComment("The request.");
        builder.Property(words => words.TrainId).HasMaxLength(255).HasComment("The request's train.");
        builder.Property(words => words.Timestamp).HasComment("The request's time.");
        builder.Property(words => words.Words).HasComment("The words, in lower case.");

        // Rare words, and the latest of frequent ones. Requests in which nothing is said, as most of an agent's, are in none.
        builder.HasIndex(words => words.Words).HasMethod("gin").HasFilter(HasWords).HasDatabaseName("idx_request_words_words");
        builder.HasIndex(words => new { words.TrainId, words.Timestamp, words.RequestId }).HasFilter(HasWords)
            .HasDatabaseName("idx_request_words_train");
        builder.HasIndex(words => new { words.Timestamp, words.RequestId }).HasFilter(HasWords)
            .HasDatabaseName("idx_request_words_time");
    }
}
