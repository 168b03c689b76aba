namespace Nexus.Data;

/// <summary>Names to subscribe to: <c>AddSource</c> and <c>AddMeter</c> of OpenTelemetry take them.</summary>
public static class NexusDataTelemetry
{
    /// <summary>The source of activities: recording, batches of the queue, sweeps.</summary>
    public const string ActivitySourceName = "Nexus.Data";

    /// <summary>The meter of counters and gauges.</summary>
    public const string MeterName = "Nexus.Data";
}
