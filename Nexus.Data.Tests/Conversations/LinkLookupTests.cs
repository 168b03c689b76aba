using System.Text.RegularExpressions;
using Microsoft.EntityFrameworkCore;
using Nexus.Data.Conversations;
using Nexus.Data.Requests;
using Nexus.Data.Tests.Fixtures;
using Npgsql;

namespace Nexus.Data.Tests.Conversations;

/// <summary>What linking costs: round trips, and the plans of its look-up.</summary>
public sealed class LinkLookupTests : LinkingTest
{
    // Tables are filled here by statements.
    private protected override bool KeepsTotals => false;

    [TestCase(5)]
    [TestCase(500)]
    public async Task A_next_turn_takes_one_command_at_any_length(int turns)
    {
        var parent = Bodies.Request(0, Turns(turns - 1)).Answered($"answer {turns - 1}");
        await StoreAsync(parent);

        var (request, commands) = await LinkAsync(Bodies.Request(1, Turns(turns)));

        Assert.Multiple(() =>
        {
            Assert.That(request.ParentRequestId, Is.EqualTo(parent.RequestId));
            Assert.That(commands, Has.Count.EqualTo(1));
        });
    }

    [Test]
    public async Task An_opening_takes_one_command_and_a_fork_a_sub_task_and_a_continuation_another_for_their_names()
    {
        const string Summary = "The user wants a timetable of all trains to the coast, and half of it is done by now.";
        var parent = Bodies.Request(0, "Begin").AskingFor("Find the trains");
        await StoreAsync(parent);
        await StoreAsync(Bodies.Request(1, "Begin", "Go.", "Left").Answered(Summary));

        var opening = await LinkAsync(Bodies.Request(2, "Something else"));
        var fork = await LinkAsync(Bodies.Request(2, "Begin", "Go.", "Right"));
        var subtask = await LinkAsync(Bodies.Request(2, "Find the trains"));
        var continuation = await LinkAsync(Bodies.Request(
            2,
            "This session is being continued from a previous conversation that ran out of context. "
            + $"The conversation is summarized below:\n{Summary}\nPlease continue the conversation."));

        Assert.Multiple(() =>
        {
            Assert.That((opening.Request.LinkKind, opening.Commands.Count), Is.EqualTo((LinkKind.Root, 1)));
            Assert.That((fork.Request.BranchId, fork.Commands.Count), Is.EqualTo(("branch_20250301120200", 2)));
            Assert.That((subtask.Request.BranchId, subtask.Commands.Count), Is.EqualTo(("subtask_1", 2)));
            Assert.That((continuation.Request.BranchId, continuation.Commands.Count), Is.EqualTo(("compact_120200", 2)));
        });
    }

    [Test]
    public async Task With_ten_thousand_siblings_a_fork_takes_two_commands_and_a_next_turn_one()
    {
        var parent = Bodies.Request(0, "Begin").Answered("Go.");
        await StoreAsync(parent);
        await StoreAsync(Bodies.Request(1, "Begin", "Go.", "First").Answered("Done."));
        await AdministerAsync(
            $"""
            INSERT INTO api_requests (request_id, train_id, "timestamp", method, path, headers, conversation_id, branch_id,
                                      parent_request_id, link_kind, claims_branch, link_hash, link_version)
            SELECT gen_random_uuid(), train_id, "timestamp" + n * interval '1 second', method, path, headers, conversation_id,
                   'branch_of_' || n, '{parent.RequestId}', 'exact', true, sha256(n::text::bytea), 1
            FROM api_requests, generate_series(1, 10000) n WHERE request_id = '{parent.RequestId}';
            ANALYZE api_requests;
            """);

        var fork = await LinkAsync(Bodies.Request(300, "Begin", "Go.", "Ten thousand and first"));
        var next = await LinkAsync(Bodies.Request(300, "Begin", "Go.", "First", "Done.", "Next"));

        Assert.Multiple(() =>
        {
            Assert.That(fork.Commands, Has.Count.EqualTo(2));
            Assert.That(fork.Request.BranchId, Does.StartWith("branch_2025"));
            Assert.That(next.Commands, Has.Count.EqualTo(1));
            Assert.That(next.Request.BranchId, Is.EqualTo("main"));
        });
    }

    [Test]
    public async Task Every_part_of_the_look_up_is_served_by_an_index()
    {
        await FillAsync();
        var parent = Bodies.Request(0, "Begin").Answered("Go.");
        await StoreAsync(parent, Bodies.Request(0, "Ask").AskingFor("Find the trains"));

        var (turn, _) = await PlansAsync(Bodies.Request(1, "Begin", "Go.", "On", "Further.", "And on"));
        var (opening, _) = await PlansAsync(Bodies.Request(1, "Find the trains"));
        var (continuation, _) = await PlansAsync(Bodies.Request(
            1,
            "This session is being continued from a previous conversation that ran out of context. "
            + "Summary: the user wants a timetable of all trains to the coast, half of it done."));

        Assert.Multiple(() =>
        {
            foreach (var plans in new[] { turn, opening, continuation })
            {
                Assert.That(plans, Does.Not.Contain("Seq Scan"), plans);
                Assert.That(plans, Does.Not.Contain("Bitmap"), plans);
                Assert.That(plans, Does.Contain("idx_requests_link_hash").And.Contain("idx_link_waits_key"), plans);
            }

            Assert.That(turn, Does.Contain("idx_requests_link_answer").And.Contain("idx_requests_parent_branch"));
            Assert.That(turn, Does.Not.Contain("Sort"), turn);
            Assert.That(turn, Does.Contain("idx_requests_without_links").And.Contain("idx_requests_retry_of"));
            Assert.That(opening, Does.Contain("idx_task_prompts_open"));
            Assert.That(continuation, Does.Contain("idx_summary_keys_key"));
        });
    }

    [Test]
    public async Task What_was_planned_on_an_empty_table_serves_a_full_one()
    {
        await AdministerAsync("ANALYZE api_requests, link_waits, task_prompts, summary_keys");

        var (_, full) = await PlansAsync(
            Bodies.Request(1, "Begin", "Go.", "On", "Further.", "And on"), planned: FillAsync);

        Assert.Multiple(() =>
        {
            Assert.That(full, Does.Not.Contain("Seq Scan"), full);
            Assert.That(
                Regex.Matches(full, "using ([a-z_]+) on").Select(index => index.Groups[1].Value).Distinct(),
                Is.EquivalentTo(
                [
                    "idx_requests_link_hash", "idx_requests_link_answer", "idx_requests_without_links", "idx_link_waits_key",
                    "idx_task_prompts_open",
                ]),
                full);
        });
    }

    private static string[] Turns(int count)
        => [.. Enumerable.Range(0, (2 * count) - 1).Select(i => i % 2 == 0 ? $"question {i / 2}" : $"answer {(i / 2) + 1}")];

    private async Task<(ApiRequest Request, IReadOnlyList<string> Commands)> LinkAsync(ApiRequest request)
    {
        var counter = new CommandCounter();
        await using var db = Server.Open(ConnectionString, counter);
        await using var transaction = await db.Database.BeginTransactionAsync();
        db.Add(request);
        counter.Clear();

        await new ConversationLinker(db).LinkAsync(request);

        return (request, counter.Commands);
    }

    // A hundred thousand rows of many trains, so that nobody would read the whole table.
    private Task FillAsync() => AdministerAsync(
        """
        INSERT INTO api_requests (request_id, train_id, "timestamp", method, path, headers, conversation_id, branch_id,
                                  link_kind, claims_branch, link_hash, link_version, answer_hash, current_message_hash,
                                  stable_system_hash, retry_of_request_id, model, parent_request_id)
        SELECT md5(n::text)::uuid, 'train-' || n % 5, '2025-01-01Z'::timestamptz + n * interval '1 minute', 'POST', '/', '{}',
               gen_random_uuid(), 'main', 'root', false, sha256(n::text::bytea), 1, sha256(('a' || n)::bytea),
               encode(sha256(('c' || n)::bytea), 'hex'), NULL, CASE WHEN n % 50 = 0 THEN gen_random_uuid() END, 'm',
               CASE WHEN n % 10 <> 1 THEN md5((n - 1)::text)::uuid END
        FROM generate_series(1, 100000) n;
        INSERT INTO link_waits (request_id, key, train_id, "timestamp")
        SELECT gen_random_uuid(), sha256(n::text::bytea), 'train-' || n % 5, '2025-01-01Z'::timestamptz + n * interval '1 minute'
        FROM generate_series(1, 50000) n;
        INSERT INTO task_prompts (request_id, ordinal, train_id, "timestamp", prompt_hash)
        SELECT gen_random_uuid(), 0, 'train-' || n % 5, '2025-01-01Z'::timestamptz + n * interval '1 minute', sha256(n::text::bytea)
        FROM generate_series(1, 50000) n;
        INSERT INTO summary_keys (request_id, key, train_id, "timestamp")
        SELECT gen_random_uuid(), sha256(n::text::bytea), 'train-' || n % 5, '2025-01-01Z'::timestamptz + n * interval '1 minute'
        FROM generate_series(1, 50000) n;
        ANALYZE api_requests, link_waits, task_prompts, summary_keys;
        """);

    // The plans as they were run, from the server itself: what EXPLAIN would say of a text is not what a prepared statement
    // does after its first runs, and says nothing of the statements in a function. The request is linked twice by one
    // connection, which keeps its plans.
    private async Task<(string First, string Second)> PlansAsync(ApiRequest request, Func<Task>? planned = null)
    {
        var plans = new List<string>();
        await using var db = Server.Open(await AdministratorAsync());
        await db.Database.OpenConnectionAsync();
        await db.Database.ExecuteSqlRawAsync(
            """
            LOAD 'auto_explain'; SET auto_explain.log_min_duration = 0; SET auto_explain.log_analyze = on;
            SET auto_explain.log_level = 'notice'; SET auto_explain.log_nested_statements = on
            """);
        ((NpgsqlConnection)db.Database.GetDbConnection()).Notice += (_, notice) => plans.Add(notice.Notice.MessageText);

        var first = await LinkAsync();
        await (planned?.Invoke() ?? Task.CompletedTask);
        return (first, await LinkAsync());

        async Task<string> LinkAsync()
        {
            await using var transaction = await db.Database.BeginTransactionAsync();
            db.Add(request);
            plans.Clear();
            await new ConversationLinker(db).LinkAsync(request);

            // The server tells of a statement when the next one takes its portal.
            await db.Database.ExecuteSqlRawAsync("SELECT 1");
            db.ChangeTracker.Clear();
            return string.Join("\n", plans);
        }
    }
}
