namespace Nexus.Data.Conversations.Rebuilding;

/// <summary>What a rebuild covers, and whether it writes.</summary>
public sealed class RebuildOptions
{
    /// <summary>The train; null for all.</summary>
    public string? TrainId { get; set; }

    /// <summary>Whether link hashes that are stored are computed anew from the bodies. The compatible hashes that are
    /// stored stay in any case.</summary>
    public bool Rehash { get; set; }

    /// <summary>Whether to write. Without it the rebuild is a dry run, which computes the very same.</summary>
    public bool Execute { get; set; }

    /// <summary>The most requests that may change in each train, the earliest first, at least 1; null for all. All requests
    /// are the context.</summary>
    public int? Limit { get; set; }

    /// <summary>The requests that may change; null for all. All requests of their trains are the context.</summary>
    public IReadOnlyCollection<Guid>? RequestIds { get; set; }

    /// <summary>Told now and then how many requests were read; null for nobody.</summary>
    public IProgress<RebuildProgress>? Progress { get; set; }
}

/// <summary>How far a rebuild has read.</summary>
/// <param name="TrainId">The train that is being read.</param>
/// <param name="Requests">Requests that were read, of all trains.</param>
/// <param name="Total">Requests that are to be read, of all trains.</param>
public readonly record struct RebuildProgress(string TrainId, long Requests, long Total);
