namespace Nexus.Data.Trains;

/// <summary>An API key, to show: without what would let anybody in.</summary>
/// <param name="Id">Primary key.</param>
/// <param name="TrainId">The slug of its train.</param>
/// <param name="Preview">Its first and last characters.</param>
/// <param name="Name">What it is for; null where nobody said.</param>
/// <param name="State">Whether it counts.</param>
/// <param name="CreatedBy">Who made it; null where it is not known.</param>
/// <param name="CreatedAt">When it was made; null where it is not known.</param>
/// <param name="LastUsedAt">When it was last used, to the minute; null until then.</param>
/// <param name="ExpiresAt">When it ceases to count by itself; null for never.</param>
/// <param name="RevokedAt">When it was revoked; null where it was not.</param>
/// <param name="RevokedBy">Who revoked it; null where it is not known.</param>
public sealed record ApiKeyInfo(
    Guid Id,
    string TrainId,
    string Preview,
    string? Name,
    ApiKeyState State,
    string? CreatedBy,
    DateTimeOffset? CreatedAt,
    DateTimeOffset? LastUsedAt,
    DateTimeOffset? ExpiresAt,
    DateTimeOffset? RevokedAt,
    string? RevokedBy);

/// <summary>Whether an API key counts.</summary>
public enum ApiKeyState
{
    /// <summary>It counts.</summary>
    Active,

    /// <summary>Its time is over.</summary>
    Expired,

    /// <summary>It was revoked.</summary>
    Revoked,
}

/// <summary>What became of the deletion of an API key.</summary>
public enum ApiKeyDeletion
{
    /// <summary>It is gone.</summary>
    Deleted,

    /// <summary>It still counts, or has only expired: only revoked keys are deleted. Nothing was written.</summary>
    NotRevoked,

    /// <summary>There is no such key.</summary>
    NotFound,
}
