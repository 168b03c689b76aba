namespace Nexus.Data.Conversations.Browsing;

/// <summary>Adds figures of parts of branches up.</summary>
internal static class BranchSums
{
    /// <summary>The branches, by the time of their first requests.</summary>
    public static IReadOnlyList<BranchStatistics> Of(IEnumerable<BranchStatistics> parts)
    {
        var branches = new Dictionary<string, BranchStatistics>(StringComparer.Ordinal);
        foreach (var part in parts)
        {
            branches[part.BranchId] = branches.TryGetValue(part.BranchId, out var sum) ? Sum(sum, part) : part;
        }

        return [.. branches.Values.OrderBy(branch => branch.FirstAt).ThenBy(branch => branch.BranchId, StringComparer.Ordinal)];
    }

    private static BranchStatistics Sum(BranchStatistics left, BranchStatistics right) => new()
    {
        BranchId = left.BranchId,
        RequestCount = left.RequestCount + right.RequestCount,
        MessageCount = Math.Max(left.MessageCount, right.MessageCount),
        InputTokens = left.InputTokens + right.InputTokens,
        OutputTokens = left.OutputTokens + right.OutputTokens,
        CacheCreationInputTokens = left.CacheCreationInputTokens + right.CacheCreationInputTokens,
        CacheReadInputTokens = left.CacheReadInputTokens + right.CacheReadInputTokens,
        FirstAt = left.FirstAt < right.FirstAt ? left.FirstAt : right.FirstAt,
        LastAt = left.LastAt > right.LastAt ? left.LastAt : right.LastAt,
        LatestRequestId = (left.LastAt, left.LatestRequestId).CompareTo((right.LastAt, right.LatestRequestId)) > 0
            ? left.LatestRequestId
            : right.LatestRequestId,
    };
}
