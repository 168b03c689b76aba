namespace Nexus.Data.Conversations;

/// <summary>What the look-up found for one request.</summary>
internal sealed class FoundLinks
{
    public LinkCandidate? Parent { get; set; }

    /// <summary>The first of those that the request repeats after a known failure, or whatever was its answer.</summary>
    public LinkCandidate? FailedRetry { get; set; }

    /// <summary>The first of those that the opening repeats without knowing their answer.</summary>
    public LinkCandidate? SilentRetry { get; set; }

    /// <summary>Requests whose answers hold tool uses with this prompt, each with the tool use's ordinal.</summary>
    public List<(LinkCandidate Request, int Ordinal)> Tasks { get; } = [];

    /// <summary>Answers that begin like the request's summary, newest first, with their bodies.</summary>
    public List<(LinkCandidate Request, byte[]? Answer)> Summaries { get; } = [];

    /// <summary>Who waits for what the request shows, and why.</summary>
    public List<(LinkCandidate Request, WaitReason Reason)> Waiting { get; } = [];

    /// <summary>Who sent the same again soon after.</summary>
    public List<LinkCandidate> Again { get; } = [];
}
