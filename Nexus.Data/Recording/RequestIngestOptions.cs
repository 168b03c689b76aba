using System.ComponentModel.DataAnnotations;

namespace Nexus.Data.Recording;

/// <summary>What a queue does with a call when its spool is full.</summary>
public enum SpoolFullMode
{
    /// <summary>Whoever tells of it waits until there is room.</summary>
    Wait,

    /// <summary>Bodies are dropped; that there was a call, its usage, status and error are kept.</summary>
    DropPayload,
}

/// <summary>How calls are taken off their callers' path. Checked when the host starts.</summary>
public sealed class RequestIngestOptions
{
    /// <summary>The section these options are bound from by convention.</summary>
    public const string SectionName = "Nexus:Data:Ingest";

    /// <summary>The folder of the spool, on a disk of this machine; one process at a time. It is made with mode 0700.</summary>
    [Required]
    public string SpoolFolder { get; set; } = "";

    /// <summary>Bytes that may wait in the spool, from 1 MiB to 1 PiB.</summary>
    [Range(1L << 20, 1L << 50)]
    public long MaxSpoolBytes { get; set; } = 1L << 30;

    /// <summary>What happens when as many wait.</summary>
    public SpoolFullMode WhenFull { get; set; }

    /// <summary>Whether a call is acknowledged only when it is on the disk itself. Otherwise it survives the death of the
    /// process, and not that of the machine.</summary>
    public bool FlushToDisk { get; set; }

    /// <summary>Bytes of waiting calls that are held in memory too, from 1 MiB; the others are read from the spool.</summary>
    [Range(1L << 20, int.MaxValue)]
    public long CacheBytes { get; set; } = 8L << 20;

    /// <summary>Calls, answers and groups of pieces that are stored in one transaction, at most; 1 to 1,000.</summary>
    [Range(1, 1_000)]
    public int BatchSize { get; set; } = 200;

    /// <summary>Bytes from which on no further call joins a batch; from 64 KiB.</summary>
    [Range(64 << 10, 1 << 30)]
    public int BatchBytes { get; set; } = 4 << 20;

    /// <summary>Milliseconds that a batch waits for more, 0 to 10,000.</summary>
    [Range(0, 10_000)]
    public int BatchDelayMs { get; set; } = 20;

    /// <summary>Seconds between two looks at requests that wait to be linked, 1 to 86,400; 0 for never.</summary>
    [Range(0, 86_400)]
    public int SweepSeconds { get; set; } = 10;

    /// <summary>Seconds of lag from which the health check calls the queue degraded, from 1.</summary>
    [Range(1, 86_400)]
    public int DegradedAfterSeconds { get; set; } = 60;
}
