namespace Nexus.Data.Trains;

/// <summary>
/// What can be changed of a train, with the values it has now. Set what shall change; the rest stays. Empty texts count as
/// none. Not a record: it may hold a secret.
/// </summary>
public sealed class TrainSettings
{
    internal TrainSettings(Train train)
    {
        TrainId = train.TrainId;
        Name = train.Name;
        Description = train.Description;
        SlackEnabled = train.SlackEnabled ?? false;
        SlackChannel = train.SlackChannel;
        SlackUsername = train.SlackUsername;
        SlackIconEmoji = train.SlackIconEmoji;
        HasSlackWebhook = !string.IsNullOrEmpty(train.SlackWebhookUrl);
    }

    /// <summary>The train's slug, which stays.</summary>
    public string TrainId { get; }

    /// <summary>The name that people read, 1 to 255 characters.</summary>
    public string Name { get; set; }

    /// <summary>What the train is for.</summary>
    public string? Description { get; set; }

    /// <summary>Whether notices go to Slack; needs a webhook.</summary>
    public bool SlackEnabled { get; set; }

    /// <summary>The Slack channel, where it is not the webhook's own; at most 255 characters.</summary>
    public string? SlackChannel { get; set; }

    /// <summary>The name that Slack shows as the sender; at most 255 characters.</summary>
    public string? SlackUsername { get; set; }

    /// <summary>The emoji that Slack shows beside the sender; at most 255 characters.</summary>
    public string? SlackIconEmoji { get; set; }

    /// <summary>Whether there is an address where Slack takes notices.</summary>
    public bool HasSlackWebhook { get; private set; }

    internal string? NewSlackWebhookUrl { get; private set; }

    internal bool IsSlackWebhookNew { get; private set; }

    /// <summary>Gives the train another address where Slack takes notices, or none.</summary>
    /// <param name="url">An absolute address with https; a secret, stored protected. Null or empty for none.</param>
    public void SetSlackWebhook(string? url)
    {
        NewSlackWebhookUrl = string.IsNullOrWhiteSpace(url) ? null : url.Trim();
        HasSlackWebhook = NewSlackWebhookUrl is not null;
        IsSlackWebhookNew = true;
    }

    /// <inheritdoc />
    public override string ToString() => $"settings of train '{TrainId}'";
}
