using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Nexus.Data.Conversations;
using Nexus.Data.Requests;
using Nexus.Data.Tests.Conversations;
using Nexus.Data.Tests.Fixtures;
using Nexus.Data.Tool;

namespace Nexus.Data.Tests.Tool;

public sealed class AnalyzeConversationsCommandTests : DatabaseTest
{
    private static readonly string[] _names =
    [
        "requests", "with_hashes", "conversations", "branches", "chains", "branch_points", "orphans", "subtasks",
        "continuations", "retries", "deferred", "unlinked", "longest_chain", "largest_fan_out",
    ];

    [Test]
    public async Task The_numbers_are_those_that_the_rows_give()
    {
        await RunAsync("import", GoldenLog.PathOf("request-log.jsonl"));

        var run = await RunAsync("analyze-conversations", "--json");

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        await using var db = OpenContext();
        var requests = await db.Requests.AsNoTracking().ToListAsync();
        foreach (var train in run.Json.GetProperty("trains").EnumerateArray())
        {
            var own = requests.Where(request => request.TrainId == train.GetProperty("train_id").GetString()).ToList();
            Assert.That(
                _names.Select(name => (name, train.GetProperty(name).GetInt64())),
                Is.EqualTo(_names.Zip(Expected(own))), train.ToString());
        }

        Assert.That(
            _names.Select(name => (name, run.Json.GetProperty("total").GetProperty(name).GetInt64())),
            Is.EqualTo(_names.Zip(Expected(requests))));
    }

    [Test]
    public async Task The_rows_that_a_rebuild_would_write_are_those_that_it_writes()
    {
        await RunAsync("import", GoldenLog.PathOf("request-log.jsonl"));
        var whole = await RunAsync("analyze-conversations");
        await using var db = OpenContext();
        await db.Database.ExecuteSqlAsync(
            $"UPDATE api_requests SET conversation_id = gen_random_uuid() WHERE link_kind = 'exact'");

        var run = await RunAsync("analyze-conversations", "--json");
        var text = await RunAsync("analyze-conversations");
        var counts = await RunAsync("analyze-conversations", "--counts-only", "--json");
        var rebuild = await RunAsync("rebuild-conversations", "--execute", "--yes", "--json");

        Assert.That(Rows(run.Json.GetProperty("rebuild")), Is.EqualTo(Rows(rebuild.Json)).And.Not.Empty);
        Assert.That(text.Output, Does.Contain($"would change {Rows(rebuild.Json).Count:N0} requests"));
        Assert.That(counts.Json.GetProperty("rebuild").ValueKind, Is.EqualTo(JsonValueKind.Null));
        Assert.That(whole.Output, Does.Contain("would change nothing"));

        static List<string> Rows(JsonElement report)
            => [.. report.GetProperty("trains").EnumerateArray()
                .SelectMany(train => train.GetProperty("changes").EnumerateArray()).Select(change => JsonSerializer.Serialize(change))];
    }

    [Test]
    public async Task One_train_can_be_asked_for()
    {
        await RunAsync("import", GoldenLog.PathOf("request-log.jsonl"));

        var run = await RunAsync("analyze-conversations", "--train-id", "bus-club");
        var unknown = await RunAsync("analyze-conversations", "--train-id", "no-club");

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.That(run.Output, Does.Contain("bus-club").And.Not.Contain("rail-club"));
        Assert.That(unknown.ExitCode, Is.EqualTo(ExitCode.CheckFailed));
        Assert.That(unknown.Error, Does.Contain("no-club"));
    }

    [Test]
    public async Task An_empty_database_has_totals_of_nothing()
    {
        var run = await RunAsync("analyze-conversations");

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.That(run.Output, Does.Match(@"requests\s+0"));
    }

    [Test]
    public async Task A_database_that_is_behind_is_told_so()
    {
        await ToolRun.RunAsync("migrate", "--to", "014", "--connection", await AdministratorAsync());

        var run = await RunAsync("analyze-conversations");

        Assert.That(run.ExitCode, Is.EqualTo(ExitCode.CheckFailed));
        Assert.That(run.Error, Does.Contain("nexus-data migrate"));
    }

    private Task<ToolRun> RunAsync(params string[] arguments)
        => ToolRun.RunAsync([.. arguments, "--connection", ConnectionString]);

    private static long[] Expected(List<ApiRequest> requests)
    {
        var byId = requests.ToDictionary(request => request.RequestId);
        var linked = requests.Where(request => request.ConversationId is not null).ToList();
        var branches = linked.Select(request => (request.ConversationId, request.BranchId)).Distinct().ToList();
        var children = requests
            .Where(request => request.ParentRequestId is not null && request.RetryOfRequestId is null)
            .GroupBy(request => byId[request.ParentRequestId!.Value].RetryOfRequestId ?? request.ParentRequestId)
            .ToList();
        return
        [
            requests.Count,
            requests.Count(request => request.LinkHash is not null),
            linked.Select(request => request.ConversationId).Distinct().Count(),
            branches.Count,
            linked.Count(request => request.ParentRequestId is null && request.RetryOfRequestId is null),
            children.Count(family => family.Count(child => child.ClaimsBranch == true) > 1),
            requests.Count(request =>
                request is { ParentRequestId: null, ParentMessageHash: not null, RetryOfRequestId: null }
                && !requests.Exists(other => other.TrainId == request.TrainId
                    && other.CurrentMessageHash == request.ParentMessageHash)),
            linked.Count(request => request.LinkKind == LinkKind.Subtask),
            linked.Count(request => request.LinkKind == LinkKind.Continuation),
            requests.Count(request => request.LinkKind == LinkKind.Retry),
            requests.Count(request => request.UnlinkedBecause is not null),
            requests.Count(request => request.ConversationId is null && request.UnlinkedBecause is null),
            requests.Select(Depth).Max(),
            children.Select(family => family.Count()).DefaultIfEmpty().Max(),
        ];

        // A retry of a start is no start, nor is what hangs on it counted from there.
        int Depth(ApiRequest request)
            => request.ParentRequestId is { } parent ? Depth(byId[parent]) is > 0 and var depth ? depth + 1 : 0
                : request.RetryOfRequestId is null && request.ConversationId is not null ? 1 : 0;
    }
}
