namespace Nexus.Data.Usage;

/// <summary>By what usage is told apart, beside the time.</summary>
[Flags]
public enum UsageGroups
{
    /// <summary>By nothing: one sum for each time.</summary>
    None = 0,

    /// <summary>By train.</summary>
    Train = 1,

    /// <summary>By account.</summary>
    Account = 2,

    /// <summary>By model.</summary>
    Model = 4,

    /// <summary>By type of the requests.</summary>
    RequestType = 8,
}
