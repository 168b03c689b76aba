using System.Data.Common;
using Nexus.Data.Persistence;

namespace Nexus.Data.Conversations.Browsing;

/// <summary>What one account and model did on one branch of a listed conversation.</summary>
internal sealed record ConversationPart(
    string TrainId, Guid ConversationId, DateTimeOffset OrderedAt, string AccountId, string Model, int SubtaskCount,
    int RetryCount, int FailedCount, long ToolCallCount, long? ContextTokens, BranchStatistics Branch)
{
    /// <summary>A row of the list's statement.</summary>
    public static ConversationPart Read(DbDataReader row) => new(
        row.GetString(0), row.GetGuid(1), row.GetFieldValue<DateTimeOffset>(2), row.GetString(4), row.GetString(5),
        row.GetInt32(7), row.GetInt32(8), row.GetInt32(9), row.GetInt64(15), row.ValueOrNull<long>(19),
        new()
        {
            BranchId = row.GetString(3),
            RequestCount = row.GetInt32(6),
            MessageCount = row.GetInt32(10),
            InputTokens = row.GetInt64(11),
            OutputTokens = row.GetInt64(12),
            CacheCreationInputTokens = row.GetInt64(13),
            CacheReadInputTokens = row.GetInt64(14),
            FirstAt = row.GetFieldValue<DateTimeOffset>(16),
            LastAt = row.GetFieldValue<DateTimeOffset>(17),
            LatestRequestId = row.GetGuid(18),
        });

    /// <summary>The conversations of a page, in its order: the parts of each stand together, the latest first.</summary>
    public static List<ConversationOverview> ByConversation(List<ConversationPart> parts)
    {
        var conversations = new List<ConversationOverview>();
        for (var from = 0; from < parts.Count;)
        {
            var to = from + 1;
            while (to < parts.Count && parts[to].IsOfSameAs(parts[from]))
            {
                to++;
            }

            conversations.Add(Overview(parts[from..to]));
            from = to;
        }

        return conversations;
    }

    private bool IsOfSameAs(ConversationPart other)
        => ConversationId == other.ConversationId && TrainId == other.TrainId;

    private static ConversationOverview Overview(List<ConversationPart> parts)
    {
        var latest = parts[0];
        var branches = BranchSums.Of(parts.Select(part => part.Branch));
        return new()
        {
            TrainId = latest.TrainId,
            ConversationId = latest.ConversationId,
            FirstAt = branches[0].FirstAt,
            LastAt = latest.Branch.LastAt,
            OrderedAt = latest.OrderedAt,
            RequestCount = branches.Sum(branch => branch.RequestCount),
            FailedCount = parts.Sum(part => part.FailedCount),
            RetryCount = parts.Sum(part => part.RetryCount),
            SubtaskRequestCount = parts.Sum(part => part.SubtaskCount),
            InputTokens = branches.Sum(branch => branch.InputTokens),
            OutputTokens = branches.Sum(branch => branch.OutputTokens),
            CacheCreationInputTokens = branches.Sum(branch => branch.CacheCreationInputTokens),
            CacheReadInputTokens = branches.Sum(branch => branch.CacheReadInputTokens),
            ToolCallCount = parts.Sum(part => part.ToolCallCount),
            Models = Names(parts.Select(part => part.Model)),
            Accounts = Names(parts.Select(part => part.AccountId)),
            Branches = branches,
            LatestRequestId = latest.Branch.LatestRequestId,
            LatestModel = latest.Model.Length == 0 ? null : latest.Model,
            LatestContextTokens = latest.ContextTokens,
        };
    }

    private static string[] Names(IEnumerable<string> names)
        => [.. names.Where(name => name.Length > 0).Distinct().Order(StringComparer.Ordinal)];
}
