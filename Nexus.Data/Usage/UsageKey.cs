namespace Nexus.Data.Usage;

/// <summary>Whose usage it is: null where it is not told apart by that, empty where the requests do not say.</summary>
/// <param name="TrainId">The train, by its slug.</param>
/// <param name="AccountId">The account.</param>
/// <param name="Model">The model.</param>
/// <param name="RequestType">The type of the requests.</param>
public readonly record struct UsageKey(string? TrainId, string? AccountId, string? Model, string? RequestType)
{
    internal static IComparer<UsageKey> Order { get; } = Comparer<UsageKey>.Create((left, right)
        => First(
            string.CompareOrdinal(left.TrainId, right.TrainId), string.CompareOrdinal(left.AccountId, right.AccountId),
            string.CompareOrdinal(left.Model, right.Model), string.CompareOrdinal(left.RequestType, right.RequestType)));

    private static int First(params ReadOnlySpan<int> differences)
    {
        var index = differences.IndexOfAnyExcept(0);
        return index < 0 ? 0 : differences[index];
    }
}
