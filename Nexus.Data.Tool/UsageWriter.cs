using System.Globalization;
using Nexus.Data.Usage;

namespace Nexus.Data.Tool;

/// <summary>Prints usage.</summary>
internal static class UsageWriter
{
    public static Column[] Sums { get; } =
    [
        new("requests", IsNumber: true), new("failed", IsNumber: true), new("input", IsNumber: true), new("output", IsNumber: true),
        new("into cache", IsNumber: true), new("from cache", IsNumber: true), new("tools", IsNumber: true),
        new("mean ms", IsNumber: true), new("cost", IsNumber: true),
    ];

    public static Cell[] Cells(UsageSum sum) =>
    [
        $"{sum.Requests:N0}", $"{sum.Failed:N0}", $"{sum.Tokens.Input:N0}", $"{sum.Tokens.Output:N0}", $"{sum.Tokens.CacheCreation:N0}",
        $"{sum.Tokens.CacheRead:N0}", $"{sum.ToolCalls:N0}", $"{sum.MeanDurationMs:N0}", Cost(sum.Cost),
    ];

    /// <summary>The columns that a grouping has.</summary>
    public static Column[] Keys(UsageGroups groups)
        => [.. Chosen(groups, new("train", "account", "model", "type")).Select(name => new Column(name))];

    public static Cell[] Cells(UsageGroups groups, UsageKey key)
        => [.. Chosen(groups, key).Select(name => new Cell(name.Length == 0 ? "(none)" : name))];

    /// <summary>Says what the costs leave out.</summary>
    public static async Task WriteUnpricedAsync(VerbRun run, IEnumerable<UsageSum> sums)
    {
        if (run.IsJson)
        {
            return;
        }

        var costs = sums.Select(sum => sum.Cost).ToList();
        var models = costs.SelectMany(cost => cost.UnpricedModels).Distinct().Order(StringComparer.Ordinal).ToList();
        if (models.Count > 0)
        {
            await run.Host.Output.WriteLineAsync(TerminalText.Line(
                $"{costs.Sum(cost => cost.UnpricedTokens):N0} tokens have no price and are in no cost: "
                + $"{string.Join(", ", models.Select(model => model.Length == 0 ? "(no model)" : model))}."));
        }
    }

    public static string Percent(double value) => string.Create(CultureInfo.InvariantCulture, $"{value:0.#} %");

    // What is missing is marked in each line, and told below.
    private static string Cost(UsageCost cost)
        => (cost.Amount, cost.IsComplete) switch
        {
            (0, false) => "?",
            (_, false) => $"{cost.Amount:N2} + ?",
            _ => $"{cost.Amount:N2}",
        };

    private static IEnumerable<string> Chosen(UsageGroups groups, UsageKey key)
    {
        (UsageGroups Group, string? Name)[] all =
        [
            (UsageGroups.Train, key.TrainId), (UsageGroups.Account, key.AccountId), (UsageGroups.Model, key.Model),
            (UsageGroups.RequestType, key.RequestType),
        ];
        return all.Where(one => groups.HasFlag(one.Group)).Select(one => one.Name ?? "");
    }
}
