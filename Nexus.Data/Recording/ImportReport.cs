namespace Nexus.Data.Recording;

/// <summary>How far an import has come.</summary>
/// <param name="Bytes">Bytes of the log that were read.</param>
/// <param name="Lines">Lines that were read.</param>
/// <param name="Stored">Requests that are new in the database.</param>
/// <param name="Known">Requests that were there already with the same content.</param>
/// <param name="Rejected">Lines that were refused.</param>
/// <param name="Skipped">Requests that were not asked for.</param>
public readonly record struct ImportProgress(
    long Bytes, long Lines, long Stored, long Known, long Rejected, long Skipped = 0);

/// <summary>A line that an import refused.</summary>
/// <param name="Number">The line's number, from 1.</param>
/// <param name="Reason">What is wrong with it, in a sentence.</param>
public sealed record RejectedLine(long Number, string Reason);

/// <summary>What became of a request log.</summary>
/// <param name="Lines">Lines that were read, blank ones and comments left out.</param>
/// <param name="Stored">Requests that are new in the database.</param>
/// <param name="Known">Requests that were there already with the same content; nothing was changed.</param>
/// <param name="Rejected">Lines that were refused; the others were stored all the same.</param>
/// <param name="Unlinked">Requests among the stored that take no part in conversations.</param>
/// <param name="Deferred">Requests among the stored that wait to be linked by the sweep.</param>
/// <param name="Skipped">Requests that <see cref="ImportOptions.TrainId"/> or <see cref="ImportOptions.Since"/> leaves
/// out.</param>
public sealed record ImportReport(
    long Lines, long Stored, long Known, long Rejected, long Unlinked, long Deferred, long Skipped = 0);

/// <summary>How a request log is imported.</summary>
public sealed class ImportOptions
{
    /// <summary>Requests that are stored in one transaction, at most; 1 to 10,000.</summary>
    public int BatchSize { get; set; } = 500;

    /// <summary>Bytes of lines that are held at once, a longer line apart; from 64 KiB.</summary>
    public int BatchBytes { get; set; } = 8 * 1024 * 1024;

    /// <summary>The train whose requests are taken; null for all. A line that cannot be read is refused, whosever it
    /// is.</summary>
    public string? TrainId { get; set; }

    /// <summary>The earliest time of a request that is taken; null for the beginning.</summary>
    public DateTimeOffset? Since { get; set; }

    /// <summary>Where refused lines go, each below a comment with its number and the reason, so that the mended file can be
    /// imported as it is; null for nowhere. The caller disposes it.</summary>
    public Stream? Rejects { get; set; }

    /// <summary>Whether lines are only read and compared with what is stored: nothing is written or linked.</summary>
    public bool DryRun { get; set; }

    /// <summary>Told of each refused line; null for nobody.</summary>
    public Action<RejectedLine>? OnRejected { get; set; }

    /// <summary>Told after each transaction; null for nobody.</summary>
    public IProgress<ImportProgress>? Progress { get; set; }
}
