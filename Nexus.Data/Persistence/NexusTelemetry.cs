using System.Diagnostics;

namespace Nexus.Data.Persistence;

/// <summary>Where activities of the library come from.</summary>
internal static class NexusTelemetry
{
    public static readonly ActivitySource Activities = new(NexusDataTelemetry.ActivitySourceName);
}
