using Nexus.Data.Requests;

namespace Nexus.Data.Conversations;

/// <summary>What became of a request that was to be linked.</summary>
public enum LinkOutcome
{
    /// <summary>It has its conversation, branch and parent.</summary>
    Linked,

    /// <summary>It takes no part: its type is excluded, or its body has no messages.</summary>
    TakesNoPart,

    /// <summary>It is marked, with the reason, and will be linked by the sweep or by a rebuild.</summary>
    Deferred,
}

/// <summary>A request and what became of it.</summary>
/// <param name="Request">The request, as tracked by the context.</param>
/// <param name="Outcome">What became of it.</param>
public sealed record LinkResult(ApiRequest Request, LinkOutcome Outcome);
