using System.Diagnostics.Metrics;

namespace Nexus.Data.Persistence;

/// <summary>The meter of the library; who measures makes its instruments on it.</summary>
internal static class NexusMeter
{
    public static readonly Meter Instance = new(NexusDataTelemetry.MeterName);
}
