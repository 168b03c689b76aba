namespace Nexus.Data.Credentials;

/// <summary>How far a re-encryption is.</summary>
/// <param name="Table">The table that it is at.</param>
/// <param name="Secrets">Secrets that were looked at, of all tables.</param>
/// <param name="Rewritten">Those of them that got the current key.</param>
public readonly record struct ReprotectProgress(string Table, long Secrets, long Rewritten);

/// <summary>What a re-encryption found and did.</summary>
/// <param name="Secrets">Secrets that were looked at.</param>
/// <param name="InClear">Those that were in clear.</param>
/// <param name="OtherKeys">Those that were protected by another key than the current one.</param>
/// <param name="Rewritten">Those that got the current key; none in a dry run.</param>
/// <param name="Unreadable">Those that cannot be read: they are left as they are.</param>
public sealed record ReprotectReport(
    long Secrets, long InClear, long OtherKeys, long Rewritten, IReadOnlyList<UnreadableSecret> Unreadable);

/// <summary>A stored secret that cannot be read.</summary>
/// <param name="Table">Its table.</param>
/// <param name="Id">The row's primary key.</param>
/// <param name="Column">Its column.</param>
/// <param name="KeyId">The key that it names; null where it names none of ours.</param>
/// <param name="Reason">Why it cannot be read, with no piece of it.</param>
public sealed record UnreadableSecret(string Table, Guid Id, string Column, string? KeyId, string Reason);

/// <summary>What a purge left.</summary>
/// <param name="Purged">Tables whose files are new.</param>
/// <param name="Skipped">Tables that this user may not rewrite, that others use all the time, or of which it is not known.</param>
/// <param name="RowsKept">Old versions of rows that were copied along, for some transaction still sees them.</param>
/// <param name="Remedy">What is to be done yet; null where nothing is.</param>
public sealed record PurgeReport(
    IReadOnlyList<string> Purged, IReadOnlyList<string> Skipped, long RowsKept, string? Remedy)
{
    /// <summary>Whether nothing is left to do.</summary>
    public bool IsComplete => Remedy is null;
}
