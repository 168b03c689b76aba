namespace Nexus.Data.Usage;

/// <summary>Adds rows up.</summary>
/// <param name="prices">What tokens cost.</param>
internal sealed class UsageTally(PriceList prices)
{
    private readonly SortedSet<string> _unpricedModels = new(StringComparer.Ordinal);
    private long _requests;
    private long _failed;
    private TokenCounts _tokens;
    private long _toolCalls;
    private long _durationMs;
    private long _timed;
    private decimal _cost;
    private long _unpriced;

    public static UsageSum Sum(PriceList prices, IEnumerable<UsageRow> rows)
    {
        var tally = new UsageTally(prices);
        foreach (var row in rows)
        {
            tally.Add(row);
        }

        return tally.ToSum();
    }

    public void Add(in UsageRow row)
    {
        _requests += row.Requests;
        _failed += row.Failed;
        _tokens += row.Tokens;
        _toolCalls += row.ToolCalls;
        _durationMs += row.DurationMs;
        _timed += row.Timed;
        if (row.Tokens.Total == 0)
        {
            return;
        }

        if (row.PricedFrom is { } day && prices.Find(row.Model, day) is { } price)
        {
            _cost += PriceList.Cost(price, row.Tokens);
        }
        else
        {
            _unpriced += row.Tokens.Total;
            _unpricedModels.Add(row.Model);
        }
    }

    public UsageSum ToSum() => new(
        _requests, _failed, _tokens, _toolCalls, _timed == 0 ? null : (double)_durationMs / _timed,
        new(_cost, _unpriced, [.. _unpricedModels]));
}
