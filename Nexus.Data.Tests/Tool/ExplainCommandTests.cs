using Microsoft.EntityFrameworkCore;
using Nexus.Data.Tests.Conversations;
using Nexus.Data.Tests.Fixtures;
using Nexus.Data.Tool;

namespace Nexus.Data.Tests.Tool;

public sealed class ExplainCommandTests : DatabaseTest
{
    [Test]
    public async Task Each_request_of_the_golden_log_is_explained_by_its_kind()
    {
        await ImportAsync();
        (string Label, string[] Words)[] cases =
        [
            ("trip-1", ["starts its conversation"]),
            ("trip-2", ["goes on from request", "the same"]),
            ("trip-branch", ["branch_20250901080300 and not on main", "had gone on from there before"]),
            ("sys-2", ["another one"]),
            ("lost-3", ["2 answers lie between"]),
            ("task-a-1", ["sub-task", "tool use toolu_t1", "subtask_1"]),
            ("long-sum", ["the summarizer's", "claims no branch"]),
            ("long-compact-1", ["ran out of context", "compact_084300"]),
            ("count-tokens", ["takes no part", "token_count"]),
            ("retry-2", ["repeats request", "failed with status 529"]),
            ("same-again-2", ["Of 2 requests", "its answer is the one that follows"]),
            ("orphan", ["though it has 5 messages", "for no earlier request"]),
            ("pair-3", ["prompt of 2 tool uses", "each had its sub-task already"]),
        ];

        var ids = await GoldenLog.IdsAsync();
        foreach (var (label, words) in cases)
        {
            var run = await RunAsync("explain", ids[label].ToString());
            Assert.That(run.ExitCode, Is.Zero, run.Error);
            Assert.That(words.Where(word => !run.Output.Contains(word, StringComparison.Ordinal)), Is.Empty,
                $"{label}: {run.Output}");
        }
    }

    [Test]
    public async Task A_continuation_whose_summary_nobody_gave_is_a_root_and_says_so()
    {
        await ToolRun.RunAsync(
            ["import", "-", "--connection", ConnectionString],
            """
            {"request_id": "00000000-0000-0000-0000-000000000001", "train_id": "t", "timestamp": "2025-01-01T00:00Z", "body": {"messages": [{"role": "user", "content": "This session is being continued from a previous conversation that ran out of context. The conversation is summarized below:\nThe user plans a long journey along the coast, and no answer has ever said so."}]}}
            """);

        var run = await RunAsync("explain", "00000000-0000-0000-0000-000000000001");

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.That(run.Output, Does.StartWith("It starts its conversation").And.Contain("no answer of the seven days"));
    }

    [Test]
    public async Task A_deferred_request_says_why_it_waits()
    {
        await ImportAsync();
        var id = (await GoldenLog.IdsAsync())["trip-2"];
        await using var db = OpenContext();
        await db.Requests.Where(request => request.RequestId == id)
            .ExecuteUpdateAsync(row => row.SetProperty(request => request.UnlinkedBecause, "A rebuild holds the train."));

        var run = await RunAsync("explain", id.ToString(), "--json");

        Assert.That(run.Json.GetProperty("outcome").GetString(), Is.EqualTo("deferred"));
        Assert.That(run.Json.GetProperty("text").GetString(), Does.Contain("A rebuild holds the train."));
    }

    [Test]
    public async Task A_row_of_another_program_says_that_nobody_knows_why()
    {
        await ImportAsync();
        var id = (await GoldenLog.IdsAsync())["trip-2"];
        await using var db = OpenContext();
        await db.Database.ExecuteSqlAsync($"UPDATE api_requests SET link_kind = NULL WHERE request_id = {id}");

        var run = await RunAsync("explain", id.ToString());

        Assert.That(run.Output, Does.Contain("Another program put it into conversation"));
    }

    [Test]
    public async Task An_unknown_request_is_told_in_a_sentence()
    {
        var run = await RunAsync("explain", "00000000-0000-0000-0000-000000000001");

        Assert.That(run.ExitCode, Is.EqualTo(ExitCode.CheckFailed));
        Assert.That(run.Error, Does.StartWith("There is no request 00000000-0000-0000-0000-000000000001 in "));
    }

    private async Task ImportAsync()
    {
        var run = await RunAsync("import", GoldenLog.PathOf("request-log.jsonl"));
        Assert.That(run.ExitCode, Is.Zero, run.Error);
    }

    private Task<ToolRun> RunAsync(params string[] arguments)
        => ToolRun.RunAsync([.. arguments, "--connection", ConnectionString]);
}
