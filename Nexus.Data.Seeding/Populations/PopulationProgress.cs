namespace Nexus.Data.Seeding.Populations;

/// <summary>How far a population is stored.</summary>
/// <param name="Table">Which table is being filled: <c>messages</c>, then <c>api_requests</c>.</param>
/// <param name="Rows">How many of its rows were sent to the server.</param>
/// <param name="Total">How many there are.</param>
public readonly record struct PopulationProgress(string Table, long Rows, long Total);
