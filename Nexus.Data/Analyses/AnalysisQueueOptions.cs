using System.ComponentModel.DataAnnotations;

namespace Nexus.Data.Analyses;

/// <summary>How failed analyses are tried again. Checked when the host starts.</summary>
public sealed class AnalysisQueueOptions
{
    /// <summary>The section these options are bound from by convention.</summary>
    public const string SectionName = "Nexus:Data:Analyses";

    /// <summary>How often an analysis is tried again before it fails for good, 0 to 100.</summary>
    [Range(0, 100)]
    public int MaxRetries { get; set; } = 3;

    /// <summary>Milliseconds between the first failure and the next try, 0 to an hour.</summary>
    [Range(0, 3_600_000)]
    public int FirstRetryDelayMs { get; set; } = 1_000;

    /// <summary>How many times as long each further one waits, 1 to 100.</summary>
    [Range(1.0, 100.0)]
    public double RetryDelayFactor { get; set; } = 2.5;

    /// <summary>Milliseconds that no try waits longer than, before the jitter; 0 to a day.</summary>
    [Range(0, 86_400_000)]
    public int MaxRetryDelayMs { get; set; } = 15_000;

    /// <summary>How much longer a try may wait by chance, as a part of its delay; 0 to 1.</summary>
    [Range(0.0, 1.0)]
    public double RetryJitter { get; set; } = 0.3;

    /// <summary>Seconds without a change after which a job counts as lost that was claimed without a lease, as the original
    /// program does; 1 to a day.</summary>
    [Range(1, 86_400)]
    public int UnleasedTimeoutSeconds { get; set; } = 300;
}
