namespace Nexus.Data.Embedded;

/// <summary>What a backup leaves out.</summary>
public sealed record BackupOptions
{
    /// <summary>Whole conversations with a request since then, and whole chats with a message since then, with all that they refer to,
    /// are taken of requests and chats; other tables are taken whole. Null for everything.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Whether tokens, API keys, webhook addresses and password hashes are left out. Accounts, trains and users stay, without
    /// them.</summary>
    public bool NoSecrets { get; init; }

    internal bool IsPartial => Since is not null || NoSecrets;
}
