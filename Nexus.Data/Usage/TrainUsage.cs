namespace Nexus.Data.Usage;

/// <summary>What a train used.</summary>
/// <param name="TrainId">The train, by its slug.</param>
/// <param name="Usage">The sum.</param>
public sealed record TrainUsage(string TrainId, UsageSum Usage);
