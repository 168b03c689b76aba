namespace Nexus.Data.Usage;

/// <summary>What tokens cost by the prices of their days, as far as there are prices.</summary>
/// <param name="Amount">The cost of the tokens that have a price, exactly, in the currency of the price table.</param>
/// <param name="UnpricedTokens">Tokens of all kinds that have none: they are in no amount.</param>
/// <param name="UnpricedModels">Their models, in order; empty for the requests that name none.</param>
public sealed record UsageCost(decimal Amount, long UnpricedTokens, IReadOnlyList<string> UnpricedModels)
{
    /// <summary>Whether the amount is that of all tokens.</summary>
    public bool IsComplete => UnpricedTokens == 0;
}
