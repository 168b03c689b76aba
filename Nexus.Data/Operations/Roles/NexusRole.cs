namespace Nexus.Data.Operations.Roles;

/// <summary>A role of the database that <see cref="RoleSetup"/> keeps.</summary>
public enum NexusRole
{
    /// <summary>Owns our tables, sequences, view, functions and types, and migrates.</summary>
    Migration,

    /// <summary>Reads and writes rows: what a service connects as.</summary>
    App,

    /// <summary>Reads, without the columns that hold secrets.</summary>
    Read,

    /// <summary>Reads everything, secrets too: what <c>pg_dump</c> connects as.</summary>
    Backup,
}
