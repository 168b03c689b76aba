namespace Nexus.Data.Credentials;

/// <summary>An account to be added.</summary>
public sealed class NewCredential
{
    /// <summary>The account's identifier, as requests name it; unique, at most 255 characters.</summary>
    public required string AccountId { get; init; }

    /// <summary>The name that people read; unique, at most 255 characters.</summary>
    public required string AccountName { get; init; }

    /// <summary>The tokens that open it.</summary>
    public required OAuthTokens Tokens { get; init; }

    /// <summary>Whether the account is on a Max plan.</summary>
    public bool IsMax { get; init; } = true;

    /// <summary>The account's identifier.</summary>
    public override string ToString() => $"Account {AccountId}";
}
