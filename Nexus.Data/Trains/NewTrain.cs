namespace Nexus.Data.Trains;

/// <summary>A train to be made. Empty texts count as none. Not a record: it may hold a secret.</summary>
public sealed class NewTrain
{
    /// <summary>The slug, as requests will name the train: 1 to 255 letters, digits and <c>. _ : -</c>, a letter or digit
    /// first. It cannot be changed later.</summary>
    public required string TrainId { get; init; }

    /// <summary>The name that people read, 1 to 255 characters.</summary>
    public required string Name { get; init; }

    /// <summary>What the train is for.</summary>
    public string? Description { get; init; }

    /// <summary>Whether notices go to Slack; needs <see cref="SlackWebhookUrl"/>.</summary>
    public bool SlackEnabled { get; init; }

    /// <summary>Where Slack takes notices: an absolute address with https. A secret, stored protected.</summary>
    public string? SlackWebhookUrl { get; init; }

    /// <summary>The Slack channel, where it is not the webhook's own; at most 255 characters.</summary>
    public string? SlackChannel { get; init; }

    /// <summary>The name that Slack shows as the sender; at most 255 characters.</summary>
    public string? SlackUsername { get; init; }

    /// <summary>The emoji that Slack shows beside the sender; at most 255 characters.</summary>
    public string? SlackIconEmoji { get; init; }

    /// <inheritdoc />
    public override string ToString() => $"train '{TrainId}'";
}
