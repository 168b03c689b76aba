namespace Nexus.Data.Trains;

/// <summary>Whom an API key speaks for.</summary>
/// <param name="Id">The key, by its primary key.</param>
/// <param name="TrainId">The slug of its train.</param>
/// <param name="Name">What the key is for; null where nobody said.</param>
/// <param name="CreatedBy">Who made it; null where it is not known.</param>
/// <param name="ExpiresAt">When it ceases to count by itself; null for never.</param>
public sealed record VerifiedApiKey(Guid Id, string TrainId, string? Name, string? CreatedBy, DateTimeOffset? ExpiresAt);
