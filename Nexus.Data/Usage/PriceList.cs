namespace Nexus.Data.Usage;

/// <summary>Which price counts for a model on a day.</summary>
/// <param name="prices">All prices there are.</param>
internal sealed class PriceList(IReadOnlyList<ModelPrice> prices)
{
    private readonly Dictionary<(string, DateOnly), ModelPrice?> _found = [];

    /// <summary>That of the model's own name, else of the longest beginning; of several the newest that holds on the day. Null
    /// where there is none.</summary>
    public ModelPrice? Find(string model, DateOnly day)
    {
        if (!_found.TryGetValue((model, day), out var price))
        {
            price = prices
                .Where(price => price.ValidFrom <= day && Fits(price.Model, model))
                .OrderByDescending(price => price.Model == model)
                .ThenByDescending(price => price.Model.Length)
                .ThenByDescending(price => price.ValidFrom)
                .FirstOrDefault();
            _found.Add((model, day), price);
        }

        return price;
    }

    /// <summary>What tokens cost.</summary>
    public static decimal Cost(ModelPrice price, TokenCounts tokens)
        => ((tokens.Input * price.InputPrice) + (tokens.Output * price.OutputPrice)
            + (tokens.CacheCreation * price.CacheCreationPrice) + (tokens.CacheRead * price.CacheReadPrice)) / 1_000_000m;

    private static bool Fits(string name, string model)
        => name == model || (name.EndsWith('*') && model.StartsWith(name[..^1], StringComparison.Ordinal));
}
