namespace Nexus.Data.Usage;

/// <summary>How a limit of output tokens in a sliding window was used up, and became free again.</summary>
/// <param name="From">The first point, in UTC.</param>
/// <param name="Until">The last point.</param>
/// <param name="Window">How long a token counts.</param>
/// <param name="Limit">Output tokens that the window may hold.</param>
/// <param name="Points">In the order of time.</param>
public sealed record BurnDown(
    DateTimeOffset From, DateTimeOffset Until, TimeSpan Window, long Limit, IReadOnlyList<BurnDownPoint> Points);

/// <summary>One moment of it.</summary>
/// <param name="Time">The moment, in UTC.</param>
/// <param name="OutputTokens">Output tokens of the window that ends there. A request at the end counts, one at the beginning
/// does not.</param>
/// <param name="Remaining">What is left of the limit; never below 0.</param>
/// <param name="PercentUsed">The part of the limit that is used, 0 to above 100.</param>
public readonly record struct BurnDownPoint(DateTimeOffset Time, long OutputTokens, long Remaining, double PercentUsed)
{
    internal static BurnDownPoint Of(DateTimeOffset time, long tokens, long limit)
        => new(time, tokens, Math.Max(0, limit - tokens), 100d * tokens / limit);
}
