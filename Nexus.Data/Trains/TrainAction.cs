namespace Nexus.Data.Trains;

/// <summary>What a person may want to do with a train.</summary>
public enum TrainAction
{
    /// <summary>See the train, its requests, conversations, members, accounts without tokens, keys without secrets. Every
    /// member may.</summary>
    View,

    /// <summary>Order and read analyses of its conversations. Every member may.</summary>
    Analyze,

    /// <summary>Make API keys. Every member may; what becomes of a key is for owners and who made it
    /// (<see cref="TrainAccess.MayManageKeyAsync"/>).</summary>
    CreateKey,

    /// <summary>Rename and revoke any key. Owners may.</summary>
    ManageKeys,

    /// <summary>Change name, description, Slack settings, and whether the train is disabled. Owners may.</summary>
    Update,

    /// <summary>Add and remove members and change their roles. Owners may.</summary>
    ManageMembers,

    /// <summary>Link accounts and unlink them. Owners may.</summary>
    ManageAccounts,

    /// <summary>Delete the train. Owners may.</summary>
    Delete,
}
