using System.Diagnostics.Metrics;
using Nexus.Data.Persistence;

namespace Nexus.Data.Credentials;

/// <summary>How refreshes of tokens go.</summary>
internal static class TokenMetrics
{
    public static readonly Counter<long> Attempts = NexusMeter.Instance.CreateCounter<long>(
        "nexus.data.tokens.refresh.attempts", "{exchange}", "Exchanges of refresh tokens that were begun.");

    public static readonly Counter<long> Successes = NexusMeter.Instance.CreateCounter<long>(
        "nexus.data.tokens.refresh.successes", "{exchange}", "Exchanges whose tokens were stored.");

    public static readonly Counter<long> Failures = NexusMeter.Instance.CreateCounter<long>(
        "nexus.data.tokens.refresh.failures", "{exchange}", "Exchanges that gave no tokens.");

    public static readonly Counter<long> Waits = NexusMeter.Instance.CreateCounter<long>(
        "nexus.data.tokens.refresh.waits", "{call}", "Calls that waited for the exchange of another.");

    public static readonly Histogram<double> Duration = NexusMeter.Instance.CreateHistogram<double>(
        "nexus.data.tokens.refresh.duration", "s", "How long the issuer of tokens takes.");
}
