namespace Nexus.Data.Conversations.Browsing;

/// <summary>How two requests differ, as linking compares them. A body that is not there has no messages, tools and parameters.
/// </summary>
public sealed record RequestDiff
{
    /// <summary>The first request.</summary>
    public required Guid FirstRequestId { get; init; }

    /// <summary>The second request.</summary>
    public required Guid SecondRequestId { get; init; }

    /// <summary>Whether the first had a body that was pruned.</summary>
    public required bool FirstBodyIsGone { get; init; }

    /// <summary>Whether the second had a body that was pruned.</summary>
    public required bool SecondBodyIsGone { get; init; }

    /// <summary>The messages at the beginning of the first that the second begins with, too.</summary>
    public required int CommonMessages { get; init; }

    /// <summary>What the first has behind the common beginning.</summary>
    public required IReadOnlyList<HistoryMessage> OnlyFirst { get; init; }

    /// <summary>What the second has behind the common beginning.</summary>
    public required IReadOnlyList<HistoryMessage> OnlySecond { get; init; }

    /// <summary>Whether the system prompts are the same but for what changes from turn to turn: dates, git's status and the
    /// like.</summary>
    public required bool IsSameSystem { get; init; }

    /// <summary>The system prompt of the first; null where it has none.</summary>
    public required string? FirstSystem { get; init; }

    /// <summary>The system prompt of the second; null where it has none.</summary>
    public required string? SecondSystem { get; init; }

    /// <summary>The names of tools that only the second has, sorted.</summary>
    public required IReadOnlyList<string> ToolsAdded { get; init; }

    /// <summary>The names of tools that only the first has, sorted.</summary>
    public required IReadOnlyList<string> ToolsRemoved { get; init; }

    /// <summary>The names of tools that both have, each with another definition, sorted.</summary>
    public required IReadOnlyList<string> ToolsChanged { get; init; }

    /// <summary>The other members of the bodies that differ, by their names: the model, the temperature and so on.</summary>
    public required IReadOnlyList<ParameterDifference> Parameters { get; init; }
}

/// <summary>A member of two bodies that differs.</summary>
/// <param name="Name">Its name.</param>
/// <param name="First">Its JSON in the first; null where it is not there.</param>
/// <param name="Second">Its JSON in the second; null where it is not there.</param>
public sealed record ParameterDifference(string Name, string? First, string? Second);
