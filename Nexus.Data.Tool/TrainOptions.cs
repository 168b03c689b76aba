using System.CommandLine;
using Nexus.Data.Trains;

namespace Nexus.Data.Tool;

/// <summary>The options of what can be said of a train. What is not given is null; an empty text takes a value away.</summary>
internal sealed class TrainOptions
{
    private const string StandardInput = "-";

    public Option<string?> Name { get; } = new("--name") { Description = "The name that people read.", HelpName = "TEXT" };

    public Option<string?> Description { get; } = new("--description")
    {
        Description = "What the train is for.",
        HelpName = "TEXT",
    };

    public Option<bool?> SlackEnabled { get; } = new("--slack")
    {
        Description = "Whether notices go to Slack.",
        HelpName = "true|false",
    };

    public Option<string?> SlackWebhook { get; } = new("--slack-webhook")
    {
        Description = "A file with the address where Slack takes notices, - for standard input, '' for none. It is a secret.",
        HelpName = "FILE",
    };

    public Option<string?> SlackChannel { get; } = new("--slack-channel")
    {
        Description = "The channel, where it is not the webhook's own.",
        HelpName = "NAME",
    };

    public Option<string?> SlackUsername { get; } = new("--slack-username")
    {
        Description = "The name to show as the sender.",
        HelpName = "NAME",
    };

    public Option<string?> SlackIconEmoji { get; } = new("--slack-emoji")
    {
        Description = "The emoji to show beside the sender.",
        HelpName = "EMOJI",
    };

    public void AddTo(Command command)
    {
        foreach (var option in new Option[]
                 {
                     Name, Description, SlackEnabled, SlackWebhook, SlackChannel, SlackUsername, SlackIconEmoji,
                 })
        {
            command.Options.Add(option);
        }
    }

    /// <summary>The webhook's address, which no command line may hold; null where none is given.</summary>
    public async Task<string?> ReadWebhookAsync(VerbRun run, CancellationToken cancellationToken)
        => run.Result.GetValue(SlackWebhook) switch
        {
            null => null,
            "" => "",
            var file when file.Contains("://", StringComparison.Ordinal) => throw new ToolException(
                ExitCode.WrongUsage,
                "--slack-webhook takes a file, or - for standard input: an address in a command line is in the shell's history."),
            StandardInput => (await run.Host.Input.ReadToEndAsync(cancellationToken)).Trim(),
            var file => (await File.ReadAllTextAsync(file, cancellationToken)).Trim(),
        };

    public void Apply(ParseResult result, string? webhook, TrainSettings train)
    {
        train.Name = result.GetValue(Name) ?? train.Name;
        train.Description = result.GetValue(Description) ?? train.Description;
        train.SlackEnabled = result.GetValue(SlackEnabled) ?? train.SlackEnabled;
        train.SlackChannel = result.GetValue(SlackChannel) ?? train.SlackChannel;
        train.SlackUsername = result.GetValue(SlackUsername) ?? train.SlackUsername;
        train.SlackIconEmoji = result.GetValue(SlackIconEmoji) ?? train.SlackIconEmoji;
        if (webhook is not null)
        {
            train.SetSlackWebhook(webhook);
        }
    }
}
