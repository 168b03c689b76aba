using System.Globalization;
using System.Text.Json;
using Nexus.Data.Migrations;

namespace Nexus.Data.Tests.Migrations;

/// <summary>What the steps do to rows that are there already, and that they do it once.</summary>
[NonParallelizable]
public sealed class RowTests : MigrationTest
{
    private const string Prompt = "Find 'the' bug\nin a\\nb";

    private static readonly DateTimeOffset _noon = new(2025, 6, 1, 12, 0, 0, TimeSpan.Zero);

    [Test]
    public async Task Step_003_lists_the_task_uses_of_each_answer()
    {
        await MigrateAsync(2);
        await InsertAsync("task", response: Answer(
            Text("Two of them."), Use("toolu_1", "Task", Prompt), Use("toolu_2", "Read", "no"),
            Use("toolu_3", "Task", "Second")));
        await InsertAsync("plain", response: Answer(Text("Task")));
        await InsertAsync("text", response: """{"content": "a text"}""");
        await InsertAsync("scalar", response: "[1]");
        await InsertAsync("none");

        await MigrateAsync(3);

        Assert.That(
            await ReadAsync("SELECT path, task_tool_invocation FROM api_requests ORDER BY path"),
            AreRows(
                "none|-",
                "plain|-",
                "scalar|-",
                "task|" + (await ReadAsync($"""
                    SELECT jsonb_build_array(
                        jsonb_build_object(
                            'id', 'toolu_1', 'name', 'Task', 'prompt', {Literal(Prompt)}, 'description', 'toolu_1!'),
                        jsonb_build_object(
                            'id', 'toolu_3', 'name', 'Task', 'prompt', 'Second', 'description', 'toolu_3!'))
                    """)).Single(),
                "text|-"));
    }

    [Test]
    public async Task Step_003_makes_the_first_request_with_a_tasks_prompt_its_subtask()
    {
        await MigrateAsync(2);
        await InsertAsync("task", conversation: 1,
            response: Answer(Use("toolu_1", "Task", Prompt), Use("toolu_2", "Task", "Second")));
        await InsertAsync("as a text", seconds: 5, conversation: 2, body: Opening(Prompt));
        await InsertAsync("its next turn", seconds: 6, conversation: 2, body: Opening(Prompt));
        await InsertAsync("as a block", seconds: 30, conversation: 3,
            body: OpeningBlocks("<system-reminder>x</system-reminder>", "Second"));
        await InsertAsync("too late", seconds: 30.001, conversation: 4, body: Opening(Prompt));
        await InsertAsync("too early", seconds: -1, conversation: 5, body: Opening(Prompt));
        await InsertAsync("other words", seconds: 5, conversation: 6, body: Opening("Find another bug"));
        await InsertAsync("other train", seconds: 5, conversation: 7, train: "other", body: Opening(Prompt));
        await InsertAsync("same conversation", seconds: 5, conversation: 1, body: Opening(Prompt));
        await InsertAsync("no conversation", seconds: 5, body: Opening(Prompt));

        await MigrateAsync(3);

        Assert.That(
            await ReadAsync("""
                SELECT sub.path, task.path, sub.is_subtask
                FROM api_requests AS sub LEFT JOIN api_requests AS task ON task.request_id = sub.parent_task_request_id
                WHERE sub.is_subtask OR task.path IS NOT NULL ORDER BY sub.path
                """),
            AreRows("as a block|task|True", "as a text|task|True"));
    }

    [Test]
    public async Task Step_003_takes_the_newest_of_equal_tasks()
    {
        await MigrateAsync(2);
        await InsertAsync("first task", conversation: 1, response: Answer(Use("toolu_1", "Task", Prompt)));
        await InsertAsync("second task", seconds: 2, conversation: 2, response: Answer(Use("toolu_2", "Task", Prompt)));
        await InsertAsync("later task", seconds: 9, conversation: 3, response: Answer(Use("toolu_3", "Task", Prompt)));
        await InsertAsync("opening", seconds: 5, conversation: 4, body: Opening(Prompt));

        await MigrateAsync(3);

        Assert.That(
            await ReadAsync("""
                SELECT task.path
                FROM api_requests AS sub JOIN api_requests AS task ON task.request_id = sub.parent_task_request_id
                """),
            AreRows("second task"));
    }

    [Test]
    public async Task Step_005_fills_accounts_from_the_map_where_there_are_none()
    {
        await MigrateAsync(4);
        await InsertAsync("a", train: "one.example");
        await InsertAsync("b", train: "it's $nexus$ %s");
        await InsertAsync("c", train: "unknown.example");

        await WithAccountMapAsync(
            new() { ["one.example"] = "acc_1", ["it's $nexus$ %s"] = "acc \"2\" $sql$" }, () => MigrateAsync(5));

        Assert.That(
            await ReadAsync("SELECT path, account_id FROM api_requests ORDER BY path"),
            AreRows("a|acc_1", "b|acc \"2\" $sql$", "c|-"));

        await ExecuteAsync("UPDATE api_requests SET account_id = NULL WHERE path = 'a'");
        await WithAccountMapAsync(new() { ["one.example"] = "acc_1" }, () => MigrateAgainAsync(5));
        Assert.That(await ReadAsync("SELECT account_id FROM api_requests WHERE path = 'a'"), AreRows("-"));
    }

    [Test]
    public async Task Step_005_fills_nothing_without_a_map()
    {
        await MigrateAsync(4);
        await InsertAsync("a", train: "one.example");

        await MigrateAsync(5);

        Assert.That(await ReadAsync("SELECT account_id FROM api_requests"), AreRows("-"));
    }

    [TestCase("no json")]
    [TestCase("[]")]
    [TestCase("null")]
    [TestCase("""{"domain": 1}""")]
    [TestCase("""{"domain": ""}""")]
    [TestCase("""{"domain": null}""")]
    [TestCase(null)]
    public void An_account_map_that_cannot_be_read_is_named_with_its_variable(string? json)
    {
        var path = Path.Combine(Path.GetTempPath(), $"nexus-map-{Guid.NewGuid():N}.json");
        if (json is not null)
        {
            File.WriteAllText(path, json);
        }

        try
        {
            Assert.That(
                () => AccountMap.Read(_ => path),
                Throws.InvalidOperationException.With.Message.Contains(path).And.Message.Contains("NEXUS_ACCOUNT_MAP"));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Test]
    public async Task Step_007_takes_the_newest_earlier_request_of_train_and_conversation_as_the_parent()
    {
        await MigrateAsync(6);
        await InsertAsync("root", conversation: 1, hash: "a");
        await InsertAsync("retry", seconds: 10, conversation: 1, hash: "a");
        await InsertAsync("child of root", seconds: 5, conversation: 1, hash: "b", parentHash: "a");
        await InsertAsync("child of retry", seconds: 11, conversation: 1, hash: "c", parentHash: "a");
        await InsertAsync("grandchild", seconds: 12, conversation: 1, hash: "d", parentHash: "b");
        await InsertAsync("own hash", seconds: 13, conversation: 1, hash: "e", parentHash: "e");
        await InsertAsync("same time", conversation: 1, parentHash: "a");
        await InsertAsync("earlier", seconds: -1, conversation: 1, parentHash: "a");
        await InsertAsync("other conversation", seconds: 5, conversation: 2, parentHash: "a");
        await InsertAsync("other train", seconds: 5, conversation: 1, train: "other", parentHash: "a");
        await InsertAsync("no conversation", seconds: 5, parentHash: "a");

        await MigrateAsync(7);

        var parents = """
            SELECT child.path, parent.path
            FROM api_requests AS child JOIN api_requests AS parent ON parent.request_id = child.parent_request_id
            ORDER BY 1
            """;
        Assert.That(
            await ReadAsync(parents),
            AreRows("child of retry|retry", "child of root|root", "grandchild|child of root"));

        await ExecuteAsync("UPDATE api_requests SET parent_request_id = NULL");
        await MigrateAgainAsync(7);
        Assert.That(await ReadAsync(parents), Is.Empty);
    }

    [Test]
    public async Task Step_008_moves_subtasks_to_their_parents_conversation_and_numbers_them()
    {
        await MigrateAsync(7);
        await InsertAsync("task", conversation: 1);
        await InsertAsync("other task", conversation: 1);
        await InsertAsync("late", seconds: 9, conversation: 2);
        await InsertAsync("early", seconds: 3, conversation: 3);
        await InsertAsync("early goes on", seconds: 20, conversation: 3);
        await InsertAsync("of the other", seconds: 4, conversation: 4);
        await InsertAsync("inner", seconds: 5, conversation: 5);
        await InsertAsync("no subtask", seconds: 6, conversation: 6);
        await SetSubtaskAsync("late", "task");
        await SetSubtaskAsync("early", "task");
        await SetSubtaskAsync("early goes on", "task", goesOnFrom: "early");
        await SetSubtaskAsync("of the other", "other task");
        await SetSubtaskAsync("inner", "early");

        await MigrateAsync(8);

        var places = "SELECT path, right(conversation_id::text, 1), branch_id FROM api_requests ORDER BY path";
        string[] expected =
        [
            "early goes on|1|subtask_1", "early|1|subtask_1", "inner|1|subtask_1", "late|1|subtask_2",
            "no subtask|6|main", "of the other|1|subtask_1", "other task|1|main", "task|1|main",
        ];
        Assert.That(await ReadAsync(places), Is.EquivalentTo(expected));

        await ExecuteAsync("UPDATE api_requests SET branch_id = 'kept'");
        await MigrateAgainAsync(8);
        Assert.That(await ReadAsync("SELECT DISTINCT branch_id FROM api_requests"), AreRows("kept"));
    }

    [Test]
    public async Task Step_012_renames_and_loses_nothing_and_comes_back()
    {
        await MigrateAsync(11);
        await InsertAsync("a", train: "one");
        await ExecuteAsync("""
            INSERT INTO analysis_audit_log (event_type, outcome, conversation_id, branch_id, domain, request_id)
            VALUES ('e', 'o', gen_random_uuid(), 'main', 'one', 'r')
            """);
        await ExecuteAsync("INSERT INTO conversation_analyses (conversation_id) VALUES (gen_random_uuid())");
        const string rows = """
            SELECT to_jsonb(t) - 'domain' - 'train_id'
                || jsonb_build_object('t', coalesce(to_jsonb(t) ->> 'domain', to_jsonb(t) ->> 'train_id'))
            FROM {0} AS t
            """;
        var requests = string.Format(CultureInfo.InvariantCulture, rows, "api_requests");
        var entries = string.Format(CultureInfo.InvariantCulture, rows, "analysis_audit_log");
        var before = await ReadAsync(requests + " UNION ALL " + entries);

        await MigrateAsync(12);
        Assert.That(await ReadAsync("SELECT train_id FROM api_requests"), AreRows("one"));
        Assert.That(await ReadAsync(requests + " UNION ALL " + entries), Is.EqualTo(before));

        await MigrateAsync(11);
        Assert.That(await ReadAsync(requests + " UNION ALL " + entries), Is.EqualTo(before));
    }

    [Test]
    public async Task Step_014_gives_every_train_without_members_an_owner()
    {
        await MigrateAsync(13);
        await ExecuteAsync("INSERT INTO trains (train_id, name) VALUES ('one', 'One'), ('two', 'Two')");

        await MigrateAsync(14);

        const string members = """
            SELECT trains.train_id, user_email, role, added_by
            FROM train_members JOIN trains ON trains.id = train_members.train_id ORDER BY 1
            """;
        Assert.That(
            await ReadAsync(members),
            AreRows("one|todo@localhost|owner|system", "two|todo@localhost|owner|system"));

        await ExecuteAsync("DELETE FROM train_members");
        await MigrateAgainAsync(14);
        Assert.That(await ReadAsync(members), Is.Empty);
    }

    [Test]
    public async Task A_changed_analysis_gets_its_time_from_the_trigger()
    {
        await MigrateAsync(11);
        await ExecuteAsync("""
            INSERT INTO conversation_analyses (conversation_id, updated_at) VALUES (gen_random_uuid(), '2025-01-01Z')
            """);

        await ExecuteAsync("UPDATE conversation_analyses SET updated_at = '2025-01-02Z'");

        Assert.That(
            await ReadAsync("SELECT now() - updated_at < interval '1 minute', status FROM conversation_analyses"),
            AreRows("True|pending"));
    }

    [Test]
    public async Task Rows_of_the_first_level_come_to_the_newest_one_unchanged()
    {
        await MigrateAsync(0);
        await InsertAsync("a", body: Opening(Prompt), response: Answer(Text("b")));
        await ExecuteAsync("""
            INSERT INTO streaming_chunks (request_id, chunk_index, timestamp, data)
            SELECT request_id, 0, timestamp, '{}' FROM api_requests
            """);
        const string rows =
            "SELECT request_id, body, response_body, headers, timestamp, created_at, method FROM api_requests";
        var before = await ReadAsync(rows);

        await MigrateAsync();

        Assert.That(await ReadAsync(rows), Is.EqualTo(before));
        Assert.That(await ReadAsync("SELECT count(*) FROM streaming_chunks"), AreRows("1"));
    }

    private static async Task WithAccountMapAsync(Dictionary<string, string> map, Func<Task> act)
    {
        var path = Path.Combine(Path.GetTempPath(), $"nexus-map-{Guid.NewGuid():N}.json");
        await File.WriteAllTextAsync(path, JsonSerializer.Serialize(map));
        Environment.SetEnvironmentVariable(AccountMap.Variable, path);
        try
        {
            await act();
        }
        finally
        {
            Environment.SetEnvironmentVariable(AccountMap.Variable, null);
            File.Delete(path);
        }
    }

    private static string Answer(params object[] content)
        => JsonSerializer.Serialize(new { role = "assistant", content });

    private static object Text(string text) => new { type = "text", text };

    private static object Use(string id, string name, string prompt)
        => new { type = "tool_use", id, name, input = new { prompt, description = id + "!", subagent_type = "x" } };

    private static string Opening(string text)
        => JsonSerializer.Serialize(new { messages = new[] { new { role = "user", content = text } } });

    private static string OpeningBlocks(params string[] texts)
        => JsonSerializer.Serialize(new { messages = new[] { new { role = "user", content = texts.Select(Text) } } });

    private static string Literal(string? text) => text is null ? "NULL" : $"'{text.Replace("'", "''")}'";

    // A request is told by its path.
    private async Task InsertAsync(
        string path, double seconds = 0, int? conversation = null, string train = "train", string? hash = null,
        string? parentHash = null, string? body = null, string? response = null)
    {
        var values = new Dictionary<string, string?>
        {
            ["request_id"] = "gen_random_uuid()",
            ["domain"] = Literal(train),
            ["timestamp"] = Literal(_noon.AddSeconds(seconds).ToString("O")),
            ["method"] = "'POST'",
            ["path"] = Literal(path),
            ["headers"] = "'{}'",
            ["body"] = Literal(body),
            ["response_body"] = Literal(response),
            ["conversation_id"] = conversation is null ? null : $"'00000000-0000-0000-0000-{conversation:D12}'",
            ["current_message_hash"] = hash is null ? null : Literal(hash),
            ["parent_message_hash"] = parentHash is null ? null : Literal(parentHash),
        };
        var given = values.Where(value => value.Value is not null).ToList();
        await ExecuteAsync(
            $"INSERT INTO api_requests ({string.Join(", ", given.Select(value => value.Key))}) "
            + $"VALUES ({string.Join(", ", given.Select(value => value.Value))})");
    }

    private Task SetSubtaskAsync(string path, string task, string? goesOnFrom = null) => ExecuteAsync($"""
        UPDATE api_requests SET is_subtask = true,
            parent_task_request_id = (SELECT request_id FROM api_requests WHERE path = {Literal(task)}),
            parent_request_id = (SELECT request_id FROM api_requests WHERE path = {Literal(goesOnFrom)})
        WHERE path = {Literal(path)}
        """);
}
