namespace Nexus.Data.Usage;

/// <summary>What requests used together.</summary>
/// <param name="Requests">Requests.</param>
/// <param name="Failed">Those among them that failed: an error, or an answer other than 2xx.</param>
/// <param name="Tokens">Their tokens; what nobody counted adds nothing.</param>
/// <param name="ToolCalls">Tool uses in the answers.</param>
/// <param name="MeanDurationMs">The mean of the durations that are known, in milliseconds; null where none is.</param>
/// <param name="Cost">What the tokens cost.</param>
public sealed record UsageSum(
    long Requests, long Failed, TokenCounts Tokens, long ToolCalls, double? MeanDurationMs, UsageCost Cost);
