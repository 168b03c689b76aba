namespace Nexus.Data.Conversations.Hashing;

/// <summary>What linking needs to know of a request's body, from one pass over its bytes.</summary>
public sealed class RequestHashes
{
    // What a copy has otherwise.
    private string? _current;
    private string? _parent;
    private string? _system;
    private IReadOnlyList<MessagePrefix> _prefixes = [];

    internal RequestHashes()
    {
    }

    /// <summary>Whether the body has a list of messages that is not empty.</summary>
    public bool HasMessages { get; init; }

    /// <summary>Messages in the body, whatever they are; 0 where it has no list of them.</summary>
    public int MessageCount { get; init; }

    /// <summary>The original's hash of all messages, 64 hexadecimal digits; null where it rejects them.</summary>
    public string? CurrentMessageHash
    {
        get => _current;
        init => _current = value;
    }

    /// <summary>The original's hash without the last two kept messages; null for less than three.</summary>
    public string? ParentMessageHash
    {
        get => _parent;
        init => _parent = value;
    }

    /// <summary>The original's hash without the last four kept messages; null for less than five.</summary>
    public string? GrandparentMessageHash { get; init; }

    /// <summary>The original's hash of the system prompt, 64 hexadecimal digits; null where nothing of it is left.
    /// Given also where the messages are rejected.</summary>
    public string? SystemHash
    {
        get => _system;
        init => _system = value;
    }

    /// <summary>Messages that the original keeps (it drops those that repeat a tool block); 0 where it rejects
    /// one.</summary>
    public int KeptMessages { get; init; }

    /// <summary>Why the original rejects the messages, in a sentence; null where it does not.</summary>
    public string? CompatibleError { get; init; }

    /// <summary>The link hash, 32 bytes; null where nothing counts. See <see cref="Hashing.LinkHash"/>.</summary>
    public byte[]? LinkHash { get; init; }

    /// <summary>Messages in the link hash; the answer that a client began at the end is none of them.</summary>
    public int CountedMessages { get; init; }

    /// <summary>The proper beginnings that end in a message of the user, longest first.</summary>
    public IReadOnlyList<MessagePrefix> Prefixes
    {
        get => _prefixes;
        init => _prefixes = value;
    }

    /// <summary>The link hash of the first counted message alone, 32 bytes; null where nothing counts.</summary>
    public byte[]? FirstMessageHash { get; init; }

    /// <summary>
    /// The hash of what stays of the system prompt from turn to turn, 32 bytes; null where nothing does.
    /// </summary>
    public byte[]? StableSystemHash { get; init; }

    /// <summary>Whether the system prompt is the one that summarizes conversations.</summary>
    public bool IsSummarizer { get; init; }

    /// <summary>
    /// The hash of an opening's text, 32 bytes, equal to that of a sub-task's prompt with the same text; null where the
    /// body is no opening: one counted message, of the user, text only.
    /// </summary>
    public byte[]? OpeningTextHash { get; init; }

    /// <summary>The summary of the conversation that this one goes on with; null where it names none.</summary>
    public ContinuationSummary? Continuation { get; init; }

    /// <summary>
    /// The first 16 bytes of the SHA-256 of <c>metadata.user_id</c>; null where it is absent or empty.
    /// </summary>
    public byte[]? UserIdHash { get; init; }

    /// <summary>The model that is asked; null where the body names none.</summary>
    public string? Model { get; init; }

    /// <summary>These hashes with the original's of another text of the same body: of the one that came, where secrets
    /// were masked in this one.</summary>
    internal RequestHashes WithCompatibleOf(RequestHashes came)
    {
        var isAlike = came.Prefixes.Count == Prefixes.Count;
        return WithCompatible(
            came.CurrentMessageHash, came.ParentMessageHash, came.SystemHash,
            isAlike ? [.. Prefixes.Zip(came.Prefixes, (own, other) => own with { CompatibleHash = other.CompatibleHash })]
                : Prefixes);
    }

    /// <summary>These hashes with the original's as somebody wrote them down.</summary>
    internal RequestHashes WithCompatible(string? current, string? parent, string? system)
        => WithCompatible(current, parent, system, Prefixes);

    private RequestHashes WithCompatible(
        string? current, string? parent, string? system, IReadOnlyList<MessagePrefix> prefixes)
    {
        var copy = (RequestHashes)MemberwiseClone();
        (copy._current, copy._parent, copy._system, copy._prefixes) = (current, parent, system, prefixes);
        return copy;
    }
}
