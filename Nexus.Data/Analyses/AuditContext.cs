namespace Nexus.Data.Analyses;

/// <summary>On whose behalf something is done, for the audit log.</summary>
/// <param name="RequestId">The call that does it, by the name its program gave it: any text of 1 to 255 characters.</param>
public sealed record AuditContext(string RequestId)
{
    /// <summary>Who does it and from where, as JSON text; null where nothing is known. No secret belongs here.</summary>
    public string? UserContext { get; init; }
}

/// <summary>What the audit log calls things.</summary>
public static class AuditEvents
{
    /// <summary>An analysis was ordered.</summary>
    public const string Request = "ANALYSIS_REQUEST";

    /// <summary>An analysis was ordered anew.</summary>
    public const string Regeneration = "ANALYSIS_REGENERATION_REQUEST";

    /// <summary>An analysis was looked at.</summary>
    public const string Retrieval = "ANALYSIS_RETRIEVAL";

    /// <summary>A worker's try ended.</summary>
    public const string Completion = "ANALYSIS_COMPLETION";

    /// <summary>An analysis that had failed or was stuck is tried again.</summary>
    public const string Retry = "ANALYSIS_RETRY";
}

/// <summary>How the audit log says that things ended.</summary>
public static class AuditOutcomes
{
    /// <summary>It was done.</summary>
    public const string Success = "SUCCESS";

    /// <summary>It was not.</summary>
    public const string Failure = "FAILURE";
}

/// <summary>Which entries are wanted; what is null does not matter.</summary>
public sealed record AuditFilter
{
    /// <summary>The conversation.</summary>
    public Guid? ConversationId { get; init; }

    /// <summary>The branch of the conversation.</summary>
    public string? BranchId { get; init; }

    /// <summary>The train's slug.</summary>
    public string? TrainId { get; init; }

    /// <summary>What was done; see <see cref="AuditEvents"/>.</summary>
    public string? EventType { get; init; }
}
