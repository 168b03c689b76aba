using System.Diagnostics;

namespace Nexus.Data.Trains;

/// <summary>The account that a call of a train goes to. Its text names the account, and not the token.</summary>
[DebuggerDisplay("{ToString(),nq}")]
public sealed class SelectedAccount
{
    internal SelectedAccount(string accountId, string accountName, string accessToken)
        => (AccountId, AccountName, AccessToken) = (accountId, accountName, accessToken);

    /// <summary>The account's identifier.</summary>
    public string AccountId { get; }

    /// <summary>The name that people read.</summary>
    public string AccountName { get; }

    /// <summary>The token that the call carries. A secret.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public string AccessToken { get; }

    /// <summary>The account.</summary>
    public override string ToString() => $"Account {AccountId}";
}
