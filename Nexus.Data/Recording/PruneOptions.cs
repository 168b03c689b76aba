namespace Nexus.Data.Recording;

/// <summary>Which requests a prune takes away, how much of them, and at what pace.</summary>
public sealed class PruneOptions
{
    /// <summary>A conversation goes where its newest request is older than this; a request without a conversation goes by
    /// its own time.</summary>
    public required DateTimeOffset Before { get; set; }

    /// <summary>The trains; null for all. A conversation that another program has linked across trains goes only where all
    /// of them are named.</summary>
    public IReadOnlyCollection<string>? TrainIds { get; set; }

    /// <summary>Whether rows stay, with their links, hashes and usage, and only bodies, headers, tool uses and events of
    /// answers go.</summary>
    public bool PayloadOnly { get; set; }

    /// <summary>Whether to write. Without it the prune is a dry run, which counts the very same.</summary>
    public bool Execute { get; set; }

    /// <summary>Requests of one transaction, 1 to 10,000; more only where one conversation has more, for it goes as a
    /// whole.</summary>
    public int BatchSize { get; set; } = 500;

    /// <summary>How long others have the database to themselves after each transaction.</summary>
    public TimeSpan Pause { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>After how long no further transaction begins; null for when all is done.</summary>
    public TimeSpan? MaxDuration { get; set; }

    /// <summary>Told of the sums so far; null for nobody.</summary>
    public IProgress<PruneProgress>? Progress { get; set; }
}

/// <summary>How far a prune has come.</summary>
/// <param name="TrainId">The train that is being worked on.</param>
/// <param name="Conversations">Conversations that went, or would go, of all trains.</param>
/// <param name="Requests">Requests that went, or would go, of all trains.</param>
public readonly record struct PruneProgress(string TrainId, long Conversations, long Requests);
