namespace Nexus.Data.Operations;

/// <summary>Whose database it is, by what is in it.</summary>
public enum DatabaseOrigin
{
    /// <summary>There is no table.</summary>
    Empty,

    /// <summary>Our migrations were applied to it.</summary>
    Ours,

    /// <summary>The original program's scripts made it: its tables are there, and no history of ours.</summary>
    Original,

    /// <summary>The original program made it by its bootstrap file, which names and types some things otherwise.</summary>
    Bootstrap,

    /// <summary>It holds tables that only our migrations make, and their history is gone.</summary>
    OursWithoutHistory,

    /// <summary>It holds tables, and none that we know.</summary>
    Foreign,

    /// <summary>It cannot be told while somebody migrates.</summary>
    Unknown,
}

/// <summary>What a database is, how far its schema is, and how much is in it.</summary>
public sealed record DatabaseStatus
{
    /// <summary>The server's version, as it says it.</summary>
    public required string ServerVersion { get; init; }

    /// <summary>The database's name.</summary>
    public required string Database { get; init; }

    /// <summary>Whose it is.</summary>
    public required DatabaseOrigin Origin { get; init; }

    /// <summary>Whether somebody migrates it at this moment; what could not be read without waiting is left out.</summary>
    public required bool IsMigrating { get; init; }

    /// <summary>Ids of the migrations that were applied, in their order.</summary>
    public required IReadOnlyList<string> Applied { get; init; }

    /// <summary>Ids of the migrations that this version has and the database has not.</summary>
    public required IReadOnlyList<string> Pending { get; init; }

    /// <summary>Ids of migrations that the database has and this version does not know: it is newer.</summary>
    public required IReadOnlyList<string> Unknown { get; init; }

    /// <summary>Bytes of the database; null where it could not be read.</summary>
    public long? Bytes { get; init; }

    /// <summary>The tables of the schema, the largest first; empty where they could not be read.</summary>
    public IReadOnlyList<TableStatus> Tables { get; init; } = [];

    /// <summary>Requests that wait to be linked; null where it could not be read.</summary>
    public long? Unlinked { get; init; }

    /// <summary>How much of the original's sequence is there; null where the original did not make the database.</summary>
    public OriginalSchema? Original { get; init; }

    /// <summary>What the pending migrations would find to do, in their order, without those that find nothing. Empty where it
    /// could not be read, and for an empty database, which gets everything.</summary>
    public IReadOnlyList<MigrationForecast> Forecast { get; init; } = [];

    /// <summary>What no migration knows and none touches: tables, views, columns and indexes of another maker.</summary>
    public IReadOnlyList<string> Kept { get; init; } = [];

    /// <summary>Why a migration would refuse to begin, and what to do; null where nothing is in the way.</summary>
    public string? Obstacle { get; init; }

    /// <summary>API keys that are stored in clear, revoked ones among them; null where none can be, or somebody holds the table.</summary>
    public long? ClearKeys { get; init; }

    /// <summary>Whether the schema is that of this version.</summary>
    public bool IsCurrent => Origin == DatabaseOrigin.Ours && !IsMigrating && Pending.Count == 0;
}

/// <summary>A table and its size.</summary>
/// <param name="Name">The table.</param>
/// <param name="Rows">Its rows by the server's statistics, which may be old; nothing was counted.</param>
/// <param name="Bytes">Its bytes, with indexes and what is stored apart.</param>
public sealed record TableStatus(string Name, long Rows, long Bytes);
