using Nexus.Data.Conversations.Rebuilding;

namespace Nexus.Data.Conversations;

/// <summary>What an analysis looks at.</summary>
public sealed class ConversationAnalysisOptions
{
    /// <summary>The train; null for all.</summary>
    public string? TrainId { get; set; }

    /// <summary>Whether to say what a rebuild would change. Bodies are read for it only where their hashes are not stored
    /// yet: all of them on a database that was just adopted.</summary>
    public bool ComparesWithRebuild { get; set; } = true;

    /// <summary>Told now and then how many requests were compared; null for nobody.</summary>
    public IProgress<RebuildProgress>? Progress { get; set; }
}
