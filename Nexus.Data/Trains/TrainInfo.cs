namespace Nexus.Data.Trains;

/// <summary>A train, to show: without secrets.</summary>
/// <param name="Id">Primary key.</param>
/// <param name="TrainId">The slug, as requests name the train.</param>
/// <param name="Name">The name that people read.</param>
/// <param name="Description">What the train is for; null where nobody said.</param>
/// <param name="DisabledAt">When it ceased to take part; null while it does.</param>
/// <param name="Slack">Where its notices go.</param>
/// <param name="CreatedAt">When it was made; null where it is not known.</param>
/// <param name="UpdatedAt">When it was last changed; null where it is not known.</param>
/// <param name="Accounts">The accounts it may use, by name.</param>
/// <param name="Members">Its members, owners first, then by address.</param>
public sealed record TrainInfo(
    Guid Id,
    string TrainId,
    string Name,
    string? Description,
    DateTimeOffset? DisabledAt,
    SlackInfo Slack,
    DateTimeOffset? CreatedAt,
    DateTimeOffset? UpdatedAt,
    IReadOnlyList<LinkedAccount> Accounts,
    IReadOnlyList<TrainMemberInfo> Members);

/// <summary>Where a train's notices go, without the address.</summary>
/// <param name="IsEnabled">Whether they go to Slack.</param>
/// <param name="HasWebhook">Whether there is an address where Slack takes them.</param>
/// <param name="Channel">The channel; null for the webhook's own.</param>
/// <param name="Username">The name to show as the sender; null for the webhook's own.</param>
/// <param name="IconEmoji">The emoji to show beside the sender; null for the webhook's own.</param>
public sealed record SlackInfo(bool IsEnabled, bool HasWebhook, string? Channel, string? Username, string? IconEmoji);

/// <summary>An account that a train may use.</summary>
/// <param name="AccountId">The account's identifier, as requests name it.</param>
/// <param name="AccountName">The name that people read.</param>
/// <param name="TokenSuffix">The access token's last characters; null where it is too short to show any.</param>
/// <param name="ExpiresAt">When the access token ceases to be taken.</param>
public sealed record LinkedAccount(string AccountId, string AccountName, string? TokenSuffix, DateTimeOffset ExpiresAt);
