using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Nexus.Data.Usage;

namespace Nexus.Data.Tool;

/// <summary>What verbs of usage take.</summary>
internal sealed class UsageOptions
{
    public Option<string?> TrainId { get; } = new("--train-id") { Description = "Only this train.", HelpName = "SLUG" };

    public Option<string?> Account { get; } = new("--account")
    {
        Description = "Only this account; '' for requests without one.",
        HelpName = "ACCOUNT",
    };

    public Option<string?> Model { get; } = new("--model") { Description = "Only this model.", HelpName = "MODEL" };

    public Option<string?> Type { get; } = new("--type") { Description = "Only requests of this type.", HelpName = "TYPE" };

    public Option<string[]> By { get; } = CreateBy();

    public Option<string> TimeZone { get; } = new("--time-zone")
    {
        Description = "Whose days, such as Europe/Berlin.",
        HelpName = "ZONE",
        DefaultValueFactory = _ => "UTC",
    };

    public Option<TimeSpan?> Window { get; } = TimeOption.CreateLength("--window", "How long, such as 90m or 7d; 5h without it.");

    public Option<DateTimeOffset?> Until { get; } = TimeOption.Create("--until", "Until when; now without it.");

    public Option<string?> Chart { get; } = ChartFile.Option();

    public Option<long> Limit { get; } = new("--limit")
    {
        Description = "Output tokens that the window may hold.",
        HelpName = "TOKENS",
        DefaultValueFactory = _ => 140_000,
    };

    public void AddFilter(Command command)
    {
        foreach (var option in (Option[])[TrainId, Account, Model, Type])
        {
            command.Options.Add(option);
        }
    }

    public UsageFilter Filter(ParseResult result) => new()
    {
        TrainId = result.GetValue(TrainId),
        AccountId = result.GetValue(Account),
        Model = result.GetValue(Model),
        RequestType = result.GetValue(Type),
    };

    public UsageGroups Groups(ParseResult result)
        => (result.GetValue(By) ?? []).Aggregate(UsageGroups.None, (groups, word) => groups | JsonOutput.Value<UsageGroups>(Word(word)));

    /// <summary>A number with its bounds.</summary>
    public static Option<int> Number(string name, string description, int usual, int max)
    {
        var option = new Option<int>(name)
        {
            Description = string.Create(CultureInfo.InvariantCulture, $"{description}, 1 to {max}."),
            HelpName = "COUNT",
            DefaultValueFactory = _ => usual,
        };
        option.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var text }] && (!int.TryParse(text, out var count) || count < 1 || count > max))
            {
                result.AddError(string.Create(CultureInfo.InvariantCulture, $"{name} takes a number from 1 to {max}."));
            }
        });
        return option;
    }

    /// <summary>A day of a calendar.</summary>
    public static Option<DateOnly?> Day(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "DAY",
        CustomParser = result =>
        {
            if (ParseDay(result.Tokens[0].Value) is { } day)
            {
                return day;
            }

            result.AddError($"{name} takes a day such as 2025-09-01.");
            return null;
        },
    };

    private static DateOnly? ParseDay(string text)
        => DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) ? day : null;

    private static Option<string[]> CreateBy()
    {
        var option = new Option<string[]>("--by")
        {
            Description = "What it is told apart by: train, account, model, type; several with commas.",
            HelpName = "WHAT",
            CustomParser = result => [.. Words(result)],
        };
        option.Validators.Add(result =>
        {
            if (Words(result).FirstOrDefault(word => word is not ("train" or "account" or "model" or "type")) is { } unknown)
            {
                result.AddError($"--by takes train, account, model and type, not '{unknown}'.");
            }
        });
        return option;
    }

    private static IEnumerable<string> Words(SymbolResult result)
        => result.Tokens.SelectMany(token => token.Value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));

    private static string Word(string word) => word == "type" ? "request_type" : word;
}
