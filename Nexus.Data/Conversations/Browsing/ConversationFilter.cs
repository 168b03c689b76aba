namespace Nexus.Data.Conversations.Browsing;

/// <summary>Which conversations are listed: those that all that is set holds for.</summary>
/// <remarks>
/// Where an account or a model is named, the latest request is the latest of that account and model in the conversation: by it
/// the list is ordered, and to it <see cref="From"/> and <see cref="To"/> apply.
/// </remarks>
public sealed record ConversationFilter
{
    /// <summary>The train, by its slug; null for all.</summary>
    public string? TrainId { get; init; }

    /// <summary>An account that paid for requests of it, by its business key, or empty for requests whose account is unknown;
    /// null for all.</summary>
    public string? AccountId { get; init; }

    /// <summary>A model that requests of it named, or empty for requests that name none; null for all. With an account: of the
    /// same requests.</summary>
    public string? Model { get; init; }

    /// <summary>The earliest time of the latest request; null for any.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>The time that the latest request comes before; null for any.</summary>
    public DateTimeOffset? To { get; init; }

    /// <summary>Whether requests of it belong to sub-tasks; null for both.</summary>
    public bool? HasSubtasks { get; init; }

    /// <summary>Whether it has forks; null for both.</summary>
    public bool? HasForks { get; init; }

    /// <summary>Words that one of its requests, with its answer, holds all of, as <see cref="ConversationQueries.SearchAsync"/>
    /// takes them; null or empty for any. Of the whole conversation, whatever account and model are named.</summary>
    public string? Text { get; init; }
}
