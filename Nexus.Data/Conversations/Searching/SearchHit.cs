namespace Nexus.Data.Conversations.Searching;

/// <summary>A request in which, or in whose answer, all words of a search are.</summary>
public sealed record SearchHit
{
    /// <summary>The request.</summary>
    public required Guid RequestId { get; init; }

    /// <summary>Its train, by its slug.</summary>
    public required string TrainId { get; init; }

    /// <summary>Its conversation; null where it is not linked.</summary>
    public Guid? ConversationId { get; init; }

    /// <summary>Its branch; null where it is not linked.</summary>
    public string? BranchId { get; init; }

    /// <summary>Its time, in UTC.</summary>
    public required DateTimeOffset Timestamp { get; init; }

    /// <summary>The model that it named; null where it named none.</summary>
    public string? Model { get; init; }

    /// <summary>Passages with the words, in the order of the text, parted by an ellipsis: without tags, and cut at words.
    /// </summary>
    public required IReadOnlyList<ExcerptPart> Excerpt { get; init; }
}

/// <summary>A piece of an excerpt.</summary>
/// <param name="Text">What was said, of which nothing is escaped.</param>
/// <param name="IsMatch">Whether it is a word that was searched for.</param>
public sealed record ExcerptPart(string Text, bool IsMatch);
