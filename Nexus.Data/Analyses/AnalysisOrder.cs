namespace Nexus.Data.Analyses;

/// <summary>What somebody wants to have analysed.</summary>
public sealed record AnalysisOrder
{
    /// <summary>What the person wants to know; null for the usual question. Secrets in it are masked.</summary>
    public string? CustomPrompt { get; init; }
}

/// <summary>What was found when an analysis was ordered.</summary>
public enum AnalysisOrderOutcome
{
    /// <summary>None; it waits for a worker now.</summary>
    Created,

    /// <summary>One that waits for a worker already.</summary>
    Waiting,

    /// <summary>One that a worker is at.</summary>
    Processing,

    /// <summary>One that is completed.</summary>
    Completed,

    /// <summary>One that waits for a worker again, with its retries reset.</summary>
    Restarted,
}

/// <summary>The analysis of a branch, as it is after an order.</summary>
/// <param name="Id">The analysis.</param>
/// <param name="Outcome">What was found.</param>
/// <param name="Status">How far it is now.</param>
public sealed record AnalysisOrderResult(long Id, AnalysisOrderOutcome Outcome, ConversationAnalysisStatus Status);

/// <summary>What became of a wish to have an analysis tried again.</summary>
public enum AnalysisRetryOutcome
{
    /// <summary>It waits for a worker again, with its retries reset.</summary>
    Restarted,

    /// <summary>It has neither failed nor is it stuck; nothing was changed.</summary>
    NotNeeded,

    /// <summary>There is no such analysis.</summary>
    NotFound,
}

/// <summary>An analysis that was to be tried again.</summary>
/// <param name="Id">The analysis.</param>
/// <param name="Outcome">What became of it.</param>
public sealed record AnalysisRetry(long Id, AnalysisRetryOutcome Outcome);
