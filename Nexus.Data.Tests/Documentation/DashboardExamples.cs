using Nexus.Data.Conversations.Browsing;
using Nexus.Data.Usage;

namespace Nexus.Data.Tests.Documentation;

/// <summary>The examples of docs/dashboards.md.</summary>
internal static class DashboardExamples
{
    public static async Task<string?> ListAsync(
        ConversationQueries conversations, string? cursor, CancellationToken cancellationToken)
    {
        // doc:conversations
        var page = await conversations.ListAsync(
            new() { TrainId = "rail-club", HasSubtasks = true }, cursor, limit: 50, cancellationToken);
        foreach (var conversation in page.Items)
        {
            Console.WriteLine($"{conversation.ConversationId} {conversation.RequestCount} requests on {conversation.Branches.Count} branches");
        }

        return page.Next;
        // doc:end
    }

    public static async Task SearchAsync(ConversationQueries conversations, CancellationToken cancellationToken)
    {
        // doc:search
        var hits = await conversations.SearchAsync(
            "\"lost wagon\" or derailed -exercise", new() { TrainId = "rail-club" }, limit: 20, cancellationToken: cancellationToken);
        foreach (var hit in hits.Items)
        {
            var passage = string.Concat(hit.Excerpt.Select(part => part.IsMatch ? part.Text.ToUpperInvariant() : part.Text));
            Console.WriteLine($"{hit.Timestamp:u} {hit.ConversationId} {passage}");
        }
        // doc:end
    }

    public static async Task<long> UseAsync(UsageQueries usage, CancellationToken cancellationToken)
    {
        // doc:usage
        var window = await usage.WindowAsync(new() { AccountId = "acc-1" }, TimeSpan.FromHours(5), cancellationToken: cancellationToken);
        var days = await usage.DailyAsync(
            new() { TrainId = "rail-club" }, new DateOnly(2026, 3, 1), new DateOnly(2026, 3, 31), "Europe/Berlin", UsageGroups.Model,
            cancellationToken);
        return window.Usage.Tokens.Total + days.Sum(day => day.Usage.Tokens.Total);
        // doc:end
    }
}
