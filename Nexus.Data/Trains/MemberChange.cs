namespace Nexus.Data.Trains;

/// <summary>What became of a change of a train's members.</summary>
public enum MemberChange
{
    /// <summary>It was made.</summary>
    Done,

    /// <summary>It was so already: nothing was written.</summary>
    Unchanged,

    /// <summary>The person is no member of the train, or no longer.</summary>
    NotAMember,

    /// <summary>It would leave the train without an owner: nothing was written.</summary>
    LastOwner,
}
