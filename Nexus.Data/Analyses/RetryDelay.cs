namespace Nexus.Data.Analyses;

/// <summary>How long a failed try keeps the next one waiting.</summary>
internal static class RetryDelay
{
    // Beyond it every delay is the longest one, and powers stay finite.
    private const int MaxExponent = 64;

    /// <summary>The delay before a retry.</summary>
    /// <param name="options">First delay, factor, longest delay and jitter.</param>
    /// <param name="retry">Which retry: 1 for the first.</param>
    /// <param name="chance">From 0 to 1: how much of the jitter comes on top.</param>
    public static TimeSpan Before(AnalysisQueueOptions options, int retry, double chance)
    {
        var milliseconds = options.FirstRetryDelayMs
            * Math.Pow(options.RetryDelayFactor, Math.Clamp(retry - 1, 0, MaxExponent));
        return TimeSpan.FromMilliseconds(
            Math.Min(milliseconds, options.MaxRetryDelayMs) * (1 + (options.RetryJitter * chance)));
    }
}
