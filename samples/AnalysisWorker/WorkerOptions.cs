using System.ComponentModel.DataAnnotations;

namespace Nexus.Samples.AnalysisWorker;

/// <summary>How much the worker takes on. Checked when the host starts.</summary>
internal sealed class WorkerOptions
{
    public const string SectionName = "Worker";

    /// <summary>Jobs that are worked on at once, 1 to 100.</summary>
    [Range(1, 100)]
    public int Jobs { get; set; } = 4;

    /// <summary>Seconds that a job is this worker's, 3 to 3600. It is prolonged three times in that time.</summary>
    [Range(3, 3600)]
    public int LeaseSeconds { get; set; } = 60;

    /// <summary>Milliseconds between two looks at an empty queue, 10 to 60000.</summary>
    [Range(10, 60_000)]
    public int PauseMs { get; set; } = 1_000;

    /// <summary>Seconds that an analysis takes, as if a model were asked; 0 to 3600.</summary>
    [Range(0, 3600)]
    public int WorkSeconds { get; set; }
}
