namespace Nexus.Data.Usage;

/// <summary>A row of the totals, or a request, or several of them added up.</summary>
/// <param name="Bucket">The bucket of time, from 0 on.</param>
/// <param name="Key">Whose usage.</param>
/// <param name="Model">The model, also where nobody asked for it: prices are by model.</param>
/// <param name="PricedFrom">The latest day with a new price; null before the first.</param>
/// <param name="Requests">Requests.</param>
/// <param name="Failed">Those that failed.</param>
/// <param name="Tokens">Their tokens.</param>
/// <param name="ToolCalls">Their tool uses.</param>
/// <param name="DurationMs">Milliseconds that they took together.</param>
/// <param name="Timed">Requests whose duration is known.</param>
internal readonly record struct UsageRow(
    int Bucket, UsageKey Key, string Model, DateOnly? PricedFrom, long Requests, long Failed, TokenCounts Tokens,
    long ToolCalls, long DurationMs, long Timed);
