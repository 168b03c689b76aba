namespace Nexus.Data.Analyses;

/// <summary>How far an analysis is; the enum <c>conversation_analysis_status</c> of the database.</summary>
public enum ConversationAnalysisStatus
{
    /// <summary>Waits for a worker.</summary>
    Pending,

    /// <summary>A worker is at it.</summary>
    Processing,

    /// <summary>Done, with its content.</summary>
    Completed,

    /// <summary>Given up, with its error.</summary>
    Failed,
}
