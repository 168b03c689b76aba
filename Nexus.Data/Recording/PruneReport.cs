namespace Nexus.Data.Recording;

/// <summary>What a prune took away, or what it would.</summary>
/// <param name="Executed">Whether it was written.</param>
/// <param name="IsComplete">False where time ran out: another run goes on.</param>
/// <param name="Trains">Trains of which something goes or is kept, in the order of their names.</param>
/// <param name="References">Foreign keys of other tables, of which <c>table (constraint)</c> is told: with any, nothing can be
/// pruned.</param>
public sealed record PruneReport(
    bool Executed, bool IsComplete, IReadOnlyList<PrunedTrain> Trains, IReadOnlyList<string> References)
{
    /// <summary>Conversations of all trains.</summary>
    public long Conversations => Enumerable.Sum(Trains, train => train.Conversations);

    /// <summary>Requests of all trains.</summary>
    public long Requests => Enumerable.Sum(Trains, train => train.Requests);

    /// <summary>Bytes of all trains.</summary>
    public long Bytes => Enumerable.Sum(Trains, train => train.Bytes);

    /// <summary>Requests of all trains that are old enough and stay.</summary>
    public long Kept => Enumerable.Sum(Trains, train => train.Kept);
}

/// <summary>What goes of a train.</summary>
/// <param name="TrainId">The train.</param>
/// <param name="Conversations">Conversations, each as a whole.</param>
/// <param name="Requests">Requests, with those that have no conversation.</param>
/// <param name="Bytes">Bytes of bodies, headers and events as they are stored; indexes and the rest of the rows apart.</param>
/// <param name="Kept">Requests that are old enough and stay: their bodies are still to be hashed, or requests that stay refer
/// to them.</param>
public sealed record PrunedTrain(string TrainId, long Conversations, long Requests, long Bytes, long Kept);
