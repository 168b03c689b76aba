namespace Nexus.Data.Conversations.Rebuilding;

/// <summary>What a rebuild keeps of a request: what linking asks for, where it stands, and a digest of where it stood.
/// Other requests are named by their place in the order of times, and -1 is none.</summary>
internal struct TrainRow
{
    public Guid Id;

    /// <summary>What is stored of the link.</summary>
    public long StoredLink;

    /// <summary>The link hash; none where nothing counts.</summary>
    public Digest Messages;

    /// <summary>The hash of the messages with their answer; none while there is none.</summary>
    public Digest Answered;

    /// <summary>Microseconds, as PostgreSQL counts them.</summary>
    public long Time;

    /// <summary>When the outcome was known; the end of time while there is none.</summary>
    public long AnsweredAt;

    /// <summary>Sums of what the request waits for unless it is a retry, and of the keys of its answer.</summary>
    public ulong Waits;
    public ulong Keys;

    /// <summary>Where the hashes are kept that have to be written; 0 for none.</summary>
    public long Hashes;

    /// <summary>Where the keys are kept that have to be written; 0 for none.</summary>
    public long Details;

    /// <summary>Where the link facts with all beginnings are kept; 0 where the longest is enough.</summary>
    public long WholeFacts;

    /// <summary>The version of the row that was read.</summary>
    public uint Version;

    /// <summary>The conversation and the branch that are stored.</summary>
    public int StoredConversation;
    public int StoredBranch;

    public int Counted;
    public int System;
    public int Model;
    public int User;

    /// <summary>The text of an opening, among those of the train.</summary>
    public int Opening;

    /// <summary>The continued summary, among those of the train.</summary>
    public int Summary;

    /// <summary>The parent by messages, which is not yet the parent.</summary>
    public int Beginning;
    public int Distance;
    public int Candidates;

    /// <summary>The one before with the same messages, and the one before with the same messages and answer.</summary>
    public int Same;
    public int SameAnswered;

    /// <summary>How many have these messages, up to here.</summary>
    public int Count;

    // What linking gives.
    public int Conversation;
    public int Branch;
    public int Parent;
    public int ParentTask;
    public int RetryOf;
    public LinkKind? Kind;
    public RowTraits Traits;
}

[Flags]
internal enum RowTraits
{
    None = 0,

    /// <summary>It takes part and has messages.</summary>
    Linked = 1,

    Failed = 2,

    Summarizer = 4,

    /// <summary>The parent by messages has the same stable system prompt.</summary>
    SameSystem = 8,

    /// <summary>It has a compatible hash of all messages, stored or computed.</summary>
    HasCompatibleHash = 16,

    /// <summary>A parent_message_hash is stored.</summary>
    HasParentHash = 32,

    /// <summary>A parent_message_hash was computed.</summary>
    ComputedParentHash = 64,

    /// <summary>Something stored says that it has a place.</summary>
    StoredPlace = 128,

    /// <summary>Its beginning was stored as unknown.</summary>
    StoredOrphan = 256,

    /// <summary>Hashes or what else the body tells have to be written.</summary>
    HashesDiffer = 512,

    IsSubtask = 1024,

    /// <summary>A request of its kind has a child on its branch.</summary>
    BranchTaken = 2048,

    /// <summary>A system_hash is stored, or was computed.</summary>
    HasSystemHash = 4096,
}
