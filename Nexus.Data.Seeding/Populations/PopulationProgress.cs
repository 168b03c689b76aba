namespace Nexus.Data.Seeding.Populations;

/// <summary>How far a population is stored.</summary>
/// <param name="Messages">How many messages were sent to the server.</param>
/// <param name="Total">How many there are.</param>
public readonly record struct PopulationProgress(long Messages, long Total);
