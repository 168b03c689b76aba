namespace Nexus.Data.Embedded;

/// <summary>What a <see cref="DatabaseReset"/> empties.</summary>
public sealed record DatabaseResetOptions
{
    /// <summary>The schemas whose tables are emptied.</summary>
    public IReadOnlyCollection<string> Schemas { get; init; } = ["public"];

    /// <summary>Tables that keep their rows, by name, with the schema where it is another one than <c>public</c>: those that a migration has
    /// filled. EF's history of migrations, and what belongs to an extension, is always kept.</summary>
    public IReadOnlyCollection<string> Keep { get; init; } = [];

    /// <summary>Whether numbers that the server counts up begin anew: some microseconds for each sequence that was used.</summary>
    public bool RestartsIdentities { get; init; }

    /// <summary>How long others who use a table are waited for. A millisecond or more.</summary>
    public TimeSpan LockTimeout { get; init; } = TimeSpan.FromSeconds(10);
}
