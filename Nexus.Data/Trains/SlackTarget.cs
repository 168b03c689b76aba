namespace Nexus.Data.Trains;

/// <summary>Where a train's notices go. Not a record: it holds a secret.</summary>
public sealed class SlackTarget
{
    /// <summary>Where Slack takes notices. A secret.</summary>
    public required string WebhookUrl { get; init; }

    /// <summary>The channel; null for the webhook's own.</summary>
    public string? Channel { get; init; }

    /// <summary>The name to show as the sender; null for the webhook's own.</summary>
    public string? Username { get; init; }

    /// <summary>The emoji to show beside the sender; null for the webhook's own.</summary>
    public string? IconEmoji { get; init; }

    /// <inheritdoc />
    public override string ToString() => $"Slack channel {Channel ?? "of the webhook"}";
}
