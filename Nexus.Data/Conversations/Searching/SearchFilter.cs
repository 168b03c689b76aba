namespace Nexus.Data.Conversations.Searching;

/// <summary>Which requests are searched: those that all that is set holds for.</summary>
public sealed record SearchFilter
{
    /// <summary>The train, by its slug; null for all.</summary>
    public string? TrainId { get; init; }

    /// <summary>The earliest time of a request; null for any.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>The time that requests come before; null for any.</summary>
    public DateTimeOffset? To { get; init; }
}
