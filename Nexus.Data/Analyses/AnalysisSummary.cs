namespace Nexus.Data.Analyses;

/// <summary>An analysis in a list: without its content.</summary>
/// <param name="Id">The analysis.</param>
/// <param name="ConversationId">The conversation.</param>
/// <param name="BranchId">The branch of the conversation.</param>
/// <param name="TrainId">The train's slug; null in rows that came before it was kept.</param>
/// <param name="Status">How far it is.</param>
/// <param name="IsStuck">Whether a worker had it and was not heard of until its lease ran out.</param>
/// <param name="RetryCount">How often it was tried again.</param>
/// <param name="Error">The last error's message; null where there was none.</param>
/// <param name="Worker">Who has it; null where nobody has.</param>
/// <param name="LeaseExpiresAt">When that one's lease runs out.</param>
/// <param name="DueAt">When it may be claimed at the earliest.</param>
/// <param name="CreatedAt">When it was ordered first.</param>
/// <param name="UpdatedAt">When it was last changed.</param>
/// <param name="CompletedAt">When it was completed or given up.</param>
public sealed record AnalysisSummary(
    long Id, Guid ConversationId, string BranchId, string? TrainId, ConversationAnalysisStatus Status, bool IsStuck,
    int RetryCount, string? Error, string? Worker, DateTimeOffset? LeaseExpiresAt, DateTimeOffset DueAt,
    DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, DateTimeOffset? CompletedAt);

/// <summary>An analysis with its content.</summary>
/// <param name="Summary">How far it is.</param>
/// <param name="CustomPrompt">What the person who ordered it wanted to know; null for the usual question.</param>
/// <param name="Model">The model that is asked.</param>
/// <param name="Content">The answer as text. One that is analysed anew keeps the old answer until then.</param>
/// <param name="Data">The answer's parts, as JSON text.</param>
/// <param name="RawResponse">What the model sent, as JSON text.</param>
/// <param name="Errors">What went wrong in each try, as JSON text; rows of the original may hold any text.</param>
/// <param name="PromptTokens">Tokens of the question.</param>
/// <param name="CompletionTokens">Tokens of the answer.</param>
/// <param name="ProcessingDurationMs">How long the model took, in milliseconds.</param>
/// <param name="GeneratedAt">When the answer was written.</param>
public sealed record AnalysisDetails(
    AnalysisSummary Summary, string? CustomPrompt, string? Model, string? Content, string? Data, string? RawResponse,
    string? Errors, int? PromptTokens, int? CompletionTokens, int? ProcessingDurationMs, DateTimeOffset? GeneratedAt);

/// <summary>Which analyses are wanted; what is null does not matter.</summary>
public sealed record AnalysisFilter
{
    /// <summary>How far they are.</summary>
    public ConversationAnalysisStatus? Status { get; init; }

    /// <summary>The train's slug.</summary>
    public string? TrainId { get; init; }

    /// <summary>The conversation.</summary>
    public Guid? ConversationId { get; init; }

    /// <summary>Only those that a worker had and was not heard of until its lease ran out.</summary>
    public bool StuckOnly { get; init; }
}

/// <summary>How many analyses there are.</summary>
/// <param name="Pending">Those that wait for a worker.</param>
/// <param name="Processing">Those that a worker is at.</param>
/// <param name="Completed">Those that are done.</param>
/// <param name="Failed">Those that were given up.</param>
/// <param name="Due">Of the pending, those that may be claimed now.</param>
/// <param name="Stuck">Of the processing, those whose lease ran out.</param>
/// <param name="OldestDue">Since when the one waits that may be claimed longest; null where there is none.</param>
public sealed record AnalysisCounts(
    long Pending, long Processing, long Completed, long Failed, long Due, long Stuck, DateTimeOffset? OldestDue);
