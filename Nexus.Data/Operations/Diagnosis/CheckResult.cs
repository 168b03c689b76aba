namespace Nexus.Data.Operations.Diagnosis;

/// <summary>How a check ended.</summary>
public enum CheckStatus
{
    /// <summary>Nothing is wrong.</summary>
    Ok,

    /// <summary>It works, and somebody should look after it.</summary>
    Warning,

    /// <summary>Something does not work, or soon will not.</summary>
    Error,

    /// <summary>It could not be told; the finding says why.</summary>
    Skipped,
}

/// <summary>What a check found.</summary>
/// <param name="Status">How it ended.</param>
/// <param name="Finding">What was found, in one sentence.</param>
/// <param name="Remedy">What to do, in one sentence; null where there is nothing to do.</param>
/// <param name="Details">What exactly, one thing each; never a secret.</param>
public sealed record CheckResult(CheckStatus Status, string Finding, string? Remedy, IReadOnlyList<string> Details)
{
    /// <summary>Nothing is wrong.</summary>
    public static CheckResult Ok(string finding) => new(CheckStatus.Ok, finding, null, []);

    /// <summary>It works, and somebody should look after it.</summary>
    public static CheckResult Warning(string finding, string remedy, params IReadOnlyList<string> details)
        => new(CheckStatus.Warning, finding, remedy, details);

    /// <summary>Something does not work, or soon will not.</summary>
    public static CheckResult Error(string finding, string remedy, params IReadOnlyList<string> details)
        => new(CheckStatus.Error, finding, remedy, details);

    /// <summary>It could not be told.</summary>
    public static CheckResult Skipped(string reason) => new(CheckStatus.Skipped, reason, null, []);
}

/// <summary>A check and what it found.</summary>
/// <param name="Name">The check.</param>
/// <param name="Purpose">What it looks at.</param>
/// <param name="Duration">How long it took.</param>
/// <param name="Result">What it found.</param>
public sealed record CheckReport(string Name, string Purpose, TimeSpan Duration, CheckResult Result);
