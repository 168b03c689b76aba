namespace Nexus.Data.Analyses;

/// <summary>An analysis that a worker has in hand, until its lease runs out by the database's clock.</summary>
/// <param name="Id">The analysis.</param>
/// <param name="LeaseId">The claim: who has lost it can finish no more.</param>
/// <param name="LeaseExpiresAt">When the lease runs out.</param>
/// <param name="Worker">Who has it.</param>
/// <param name="ConversationId">The conversation.</param>
/// <param name="BranchId">The branch of the conversation.</param>
/// <param name="TrainId">The train's slug; null in rows that came before it was kept.</param>
/// <param name="CustomPrompt">What the person who ordered it wants to know; null for the usual question.</param>
/// <param name="RetryCount">How many tries came before this one.</param>
/// <param name="CreatedAt">When it was ordered first.</param>
public sealed record AnalysisJob(
    long Id, Guid LeaseId, DateTimeOffset LeaseExpiresAt, string Worker, Guid ConversationId, string BranchId, string? TrainId,
    string? CustomPrompt, int RetryCount, DateTimeOffset CreatedAt);

/// <summary>What a worker found out.</summary>
public sealed record AnalysisResult
{
    /// <summary>The answer as text.</summary>
    public required string Content { get; init; }

    /// <summary>The answer's parts, as JSON text; null where it has none.</summary>
    public string? Data { get; init; }

    /// <summary>What the model sent, as JSON text; null where it is not kept.</summary>
    public string? RawResponse { get; init; }

    /// <summary>The model that answered, at most 255 characters; null for the one that the row names.</summary>
    public string? Model { get; init; }

    /// <summary>Tokens of the question.</summary>
    public int? PromptTokens { get; init; }

    /// <summary>Tokens of the answer.</summary>
    public int? CompletionTokens { get; init; }

    /// <summary>How long the model took.</summary>
    public TimeSpan? Duration { get; init; }
}

/// <summary>Why a try failed.</summary>
/// <param name="Message">What went wrong. Secrets in it are masked, and of a long one the beginning is kept.</param>
/// <param name="Name">What kind of error it is.</param>
public sealed record AnalysisError(string Message, string Name = "Error")
{
    /// <summary>Whether another try may end better. Where it cannot, the analysis fails at once.</summary>
    public bool IsRetryable { get; init; } = true;

    /// <summary>An exception's type and message.</summary>
    /// <param name="exception">What was thrown.</param>
    public static AnalysisError Of(Exception exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        return new(exception.Message, exception.GetType().Name);
    }
}

/// <summary>What became of a job whose try failed.</summary>
public enum FailedTryOutcome
{
    /// <summary>Nothing: the lease had run out or was taken away.</summary>
    NotHeld,

    /// <summary>It waits for the next try.</summary>
    Requeued,

    /// <summary>It failed for good.</summary>
    GivenUp,
}

/// <summary>A try that failed.</summary>
/// <param name="Outcome">What became of the job.</param>
/// <param name="DueAt">When the next try may begin; null where there is none.</param>
public sealed record FailedTry(FailedTryOutcome Outcome, DateTimeOffset? DueAt);

/// <summary>What was done about jobs that dead workers left.</summary>
/// <param name="Requeued">How many wait for another try.</param>
/// <param name="GivenUp">How many had no try left and failed.</param>
public sealed record AnalysisRecovery(int Requeued, int GivenUp);
