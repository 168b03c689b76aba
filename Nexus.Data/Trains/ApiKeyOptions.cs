namespace Nexus.Data.Trains;

/// <summary>An API key to be made.</summary>
public sealed record ApiKeyOptions
{
    /// <summary>What the key is for, at most 255 characters; null or empty for nothing.</summary>
    public string? Name { get; init; }

    /// <summary>Who makes it: an e-mail address, where that person shall be able to revoke it; at most 255 characters.</summary>
    public string? CreatedBy { get; init; }

    /// <summary>When it ceases to count by itself; null for never.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>What it begins with: 1 to 19 letters, digits and <c>_</c>, a letter first and no <c>_</c> last.</summary>
    public string Prefix { get; init; } = "cnp_live";
}
