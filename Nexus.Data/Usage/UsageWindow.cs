namespace Nexus.Data.Usage;

/// <summary>What was used in a window of time, to the request.</summary>
/// <param name="From">Its beginning, in UTC; a request at this moment counts.</param>
/// <param name="Until">Its end, in UTC; a request at this moment does not.</param>
/// <param name="Usage">The sum.</param>
public sealed record UsageWindow(DateTimeOffset From, DateTimeOffset Until, UsageSum Usage);
