using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Nexus.Data.Persistence;

namespace Nexus.Data.Trains;

/// <summary>Why keys were refused: for those who look after the proxy, and not for who showed the key.</summary>
internal static partial class ApiKeyMetrics
{
    private static readonly Counter<long> _verifications = NexusMeter.Instance.CreateCounter<long>(
        "nexus.data.api_key.verifications", "{key}",
        "API keys that were shown, by outcome: ok, malformed, unknown, revoked, expired, train_disabled.");

    public static void Count(string outcome) => _verifications.Add(1, new KeyValuePair<string, object?>("outcome", outcome));

    [LoggerMessage(1, LogLevel.Information, "API key {ApiKeyId} of train {TrainId} was refused: {Outcome}.")]
    public static partial void Refused(ILogger logger, Guid apiKeyId, string trainId, string outcome);
}
