namespace Nexus.Data.Trains;

/// <summary>What a member may do on a train.</summary>
public enum TrainRole
{
    /// <summary>May read and change the train. A train keeps at least one.</summary>
    Owner,

    /// <summary>May read the train.</summary>
    Member,
}
