using Nexus.Data.Conversations.Browsing;

namespace Nexus.Data.Tests.Conversations.Browsing;

public sealed class BranchTests
{
    [TestCase("main", BranchKind.Main)]
    [TestCase("branch_20250301120000", BranchKind.Fork)]
    [TestCase("subtask_12", BranchKind.Subtask)]
    [TestCase("subtaskX", BranchKind.Fork)]
    [TestCase("Subtask_1", BranchKind.Fork)]
    [TestCase("compact_120000_2", BranchKind.Continuation)]
    [TestCase("", BranchKind.Fork)]
    public void A_branch_is_what_its_name_says(string name, BranchKind kind)
        => Assert.That(Expected([new() { Id = Guid.NewGuid(), Train = "t", Timestamp = default, Branch = name }]).Kind, Is.EqualTo(kind));

    /// <summary>The figures of a branch, request by request.</summary>
    internal static BranchStatistics Expected(List<BrowsedRequest> requests)
    {
        var latest = requests.MaxBy(request => (request.Timestamp, request.Id))!;
        return new()
        {
            BranchId = latest.BranchOrMain,
            RequestCount = requests.Count,
            MessageCount = requests.Max(request => request.Messages ?? 0),
            InputTokens = requests.Sum(request => (long)(request.Input ?? 0)),
            OutputTokens = requests.Sum(request => (long)(request.Output ?? 0)),
            CacheCreationInputTokens = requests.Sum(request => (long)(request.CacheCreation ?? 0)),
            CacheReadInputTokens = requests.Sum(request => (long)(request.CacheRead ?? 0)),
            FirstAt = requests.Min(request => request.Timestamp),
            LastAt = latest.Timestamp,
            LatestRequestId = latest.Id,
        };
    }
}
