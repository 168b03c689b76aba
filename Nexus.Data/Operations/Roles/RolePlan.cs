namespace Nexus.Data.Operations.Roles;

/// <summary>What it takes to set up the roles of a database.</summary>
public sealed record RolePlan
{
    /// <summary>The database.</summary>
    public required string Database { get; init; }

    /// <summary>The schema that holds our tables.</summary>
    public required string Schema { get; init; }

    /// <summary>What passes to the migration role, and from whom.</summary>
    public required IReadOnlyList<Handover> Handovers { get; init; }

    /// <summary>Every change, handing over included, in the order in which it is made.</summary>
    public required IReadOnlyList<RoleChange> Changes { get; init; }

    /// <summary>What the connected user may not do, and who may: a sentence for each. The plan can be applied only where
    /// there is none.</summary>
    public required IReadOnlyList<string> Obstacles { get; init; }

    /// <summary>Roles that are made without a password, for none was given.</summary>
    public required IReadOnlyList<NexusRole> WithoutPassword { get; init; }

    /// <summary>Whether everything is as it should be.</summary>
    public bool IsEmpty => Changes.Count == 0;

    internal RoleSetupOptions Options { get; init; } = new();

    /// <summary>How many of the changes, the first ones, are about the roles themselves.</summary>
    internal int RoleChanges { get; init; }
}

/// <summary>Something of ours that changes its owner.</summary>
/// <param name="Thing">What it is, such as <c>table api_requests</c>.</param>
/// <param name="From">The owner by now.</param>
/// <param name="TakesRights">Whether the owner by now loses rights with it: it is no superuser.</param>
public sealed record Handover(string Thing, string From, bool TakesRights);

/// <summary>One change to roles or rights.</summary>
/// <param name="Statement">The SQL; of a password, stars stand in place of what is sent.</param>
public sealed record RoleChange(string Statement)
{
    // Whether somebody may less by it; else it gives or makes something.
    internal bool TakesAway { get; init; }

    // Sent as a parameter, so that no log of statements holds it. No public member: nothing prints it.
    internal (string Role, string Verifier)? Password { get; init; }
}
