namespace Nexus.Data.Trains;

/// <summary>What a member may do on a train.</summary>
public enum TrainRole
{
    /// <summary>May read the train.</summary>
    Member,

    /// <summary>May also change it. A train keeps at least one.</summary>
    Owner,
}
