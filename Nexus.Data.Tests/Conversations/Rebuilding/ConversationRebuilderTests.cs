using System.Text.Json.Nodes;
using Nexus.Data.Tests.Fixtures;

namespace Nexus.Data.Tests.Conversations.Rebuilding;

/// <summary>What linking one by one has stored, found again by a rebuild.</summary>
public sealed class ConversationRebuilderTests : RebuildTest
{
    [TestCase(false)]
    [TestCase(true)]
    public async Task Wiped_or_scrambled_the_golden_log_gets_the_expected_links_again(bool isScrambled)
    {
        await ImportGoldenAsync();
        await ChangeRequestsAsync(isScrambled ? Scramble : Wipe);

        await RebuildAsync();

        await using var db = OpenContext();
        await GoldenLog.AssertLinksAsync(db);
    }

    [Test]
    public async Task The_golden_log_gets_the_expected_links_again_train_by_train()
    {
        await ImportGoldenAsync();
        await ChangeRequestsAsync(Wipe);

        foreach (var train in await RowsAsync("SELECT DISTINCT train_id FROM api_requests"))
        {
            var report = await RebuildAsync(options => options.TrainId = train["train_id: ".Length..]);
            Assert.That(report.Trains, Has.Count.EqualTo(1));
        }

        await using var db = OpenContext();
        await GoldenLog.AssertLinksAsync(db);
    }

    [TestCase(1)]
    [TestCase(2)]
    public async Task Wiped_traffic_is_row_for_row_as_linking_one_by_one_has_left_it(int seed)
    {
        await ImportTrafficAsync(new() { Seed = seed }, TestScale.Of(1_500, 20_000), batch: 1);
        var expected = await LinksAsync();

        await ChangeRequestsAsync(Wipe);
        await RebuildAsync();

        AssertSame(await LinksAsync(), expected);
    }

    [TestCase(1)]
    [TestCase(2)]
    public async Task What_is_written_down_of_the_bodies_is_enough_to_link_anew(int seed)
    {
        await ImportTrafficAsync(new() { Seed = seed }, TestScale.Of(1_500, 20_000));
        var expected = await LinksAsync();

        // The bodies that remain are of requests whose last turn is not stored, or which continue a summary.
        await ChangeRequestsAsync($$"""
            UPDATE api_requests SET response_body = '{}', response_body_original = NULL WHERE answer_hash IS NOT NULL
              AND request_id NOT IN (SELECT parent_request_id FROM api_requests WHERE link_kind = 'continuation');
            UPDATE api_requests SET body = '{}', body_original = NULL
            WHERE link_kind IN ('exact', 'system_changed', 'summarization') OR link_kind IN ('root', 'subtask') AND message_count = 1
              AND body::text NOT LIKE '%ran out of context%';
            {{Unplace}};
            UPDATE task_prompts SET subtask_request_id = NULL;
            TRUNCATE link_waits
            """);
        await RebuildAsync();

        AssertSame(await LinksAsync(), expected);
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task That_holds_after_two_messages_of_the_user_as_well(bool isRebuiltBefore)
    {
        var root = Bodies.Request(0, "a");
        var child = Bodies.WithBody(1, new JsonObject
        {
            ["messages"] = new JsonArray(
                new JsonObject { ["role"] = "user", ["content"] = "a" },
                new JsonObject { ["role"] = "assistant", ["content"] = "b" },
                new JsonObject { ["role"] = "user", ["content"] = "c" },
                new JsonObject { ["role"] = "user", ["content"] = "d" }),
        });
        await StoreAsync(root, child);
        var expected = await LinksAsync();
        Assert.That((await ReadAsync(child)).ParentRequestId, Is.EqualTo(root.RequestId));
        if (isRebuiltBefore)
        {
            await ChangeRequestsAsync(Wipe);
            await RebuildAsync();
        }

        await ChangeRequestsAsync($"{Unplace}; UPDATE api_requests SET body = '{{}}', body_original = NULL");
        await RebuildAsync();

        AssertSame(await LinksAsync(), expected);
    }

    [TestCase("UPDATE task_prompts SET tool_use_id = 'none' WHERE tool_use_id IS NOT NULL")]
    [TestCase("DELETE FROM task_prompts WHERE ordinal = 0")]
    [TestCase("DELETE FROM summary_keys WHERE request_id IN (SELECT request_id FROM summary_keys ORDER BY md5(request_id::text) LIMIT 9)")]
    [TestCase("UPDATE summary_keys SET key = decode(md5(key), 'hex')")]
    [TestCase("UPDATE api_requests SET answer_hash = NULL WHERE link_kind = 'exact'")]
    [TestCase("UPDATE api_requests SET link_facts = NULL WHERE link_kind = 'root'")]
    [TestCase("UPDATE api_requests SET link_version = 0 WHERE link_kind = 'exact'")]
    [TestCase("UPDATE api_requests SET system_hash = NULL WHERE link_kind = 'exact'")]
    [TestCase("UPDATE api_requests SET model = NULL, message_count = NULL WHERE link_kind = 'exact'")]
    [TestCase("DELETE FROM link_waits")]
    public async Task What_is_lost_of_that_is_read_off_the_bodies_again(string damage)
    {
        await ImportGoldenAsync();
        var expected = await LinksAsync();
        await ChangeRequestsAsync(damage);
        Assert.That(await LinksAsync(), Is.Not.EqualTo(expected));

        await RebuildAsync();

        AssertSame(
            [.. (await LinksAsync()).Select(WithoutSystemHash)], [.. expected.Select(WithoutSystemHash)]);

        // Of a body that came back from the database it may be another one, but it is there.
        static string WithoutSystemHash(string row)
            => System.Text.RegularExpressions.Regex.Replace(row, "system_hash: [0-9a-f]{64}", "system_hash: given");
    }

    [Test]
    public async Task Missing_compatible_hashes_are_filled_in_as_linking_does()
    {
        // Their values may be others: jsonb has not kept the order of keys.
        const string filled =
            """
            SELECT request_id, link_kind, current_message_hash IS NULL, system_hash IS NULL,
                   parent_message_hash IS NULL,
                   CASE link_kind WHEN 'continuation' THEN (
                       SELECT parent.current_message_hash = child.parent_message_hash FROM api_requests parent
                       WHERE parent.request_id = child.parent_request_id) END
            FROM api_requests child ORDER BY request_id
            """;
        await ImportGoldenAsync();
        var expected = await RowsAsync(filled);

        await ChangeRequestsAsync(WipeAll);
        await RebuildAsync();

        AssertSame(await RowsAsync(filled), expected);
    }

    [Test]
    public async Task What_was_stored_in_order_is_not_changed()
    {
        await ImportTrafficAsync(new() { Seed = 3 }, TestScale.Of(1_500, 20_000));
        var before = await RowsAsync("SELECT request_id, xmin, ctid FROM api_requests ORDER BY 1");

        var report = await RebuildAsync();

        Assert.That(report.ChangedRequests + report.Trains.Sum(train => train.ChangedDetails), Is.Zero);
        AssertSame(await RowsAsync("SELECT request_id, xmin, ctid FROM api_requests ORDER BY 1"), before);
    }

    [Test]
    [Category("ServerVersions")]
    public async Task A_dry_run_changes_nothing_and_names_the_very_rows_and_conversations_that_are_written()
    {
        await ImportGoldenAsync();
        await ChangeRequestsAsync("""
            UPDATE api_requests SET branch_id = 'branch_1', link_kind = 'ancestor' WHERE link_kind = 'exact' AND message_count > 4;
            UPDATE api_requests SET conversation_id = NULL WHERE link_kind = 'root' AND message_count > 2
            """);
        const string versions = "SELECT request_id, xmin, ctid FROM api_requests ORDER BY 1";
        var before = await RowsAsync(versions);

        var plan = await RebuildAsync(options => options.Execute = false);
        Assert.That(await RowsAsync(versions), Is.EqualTo(before));
        await NoteUpdatesAsync();
        var report = await RebuildAsync();

        var changes = plan.Trains.SelectMany(train => train.Changes).ToList();
        var written = (await RowsAsync(versions)).Except(before)
            .Select(row => Guid.Parse(row["request_id: ".Length..][..36])).ToHashSet();
        await using var db = OpenContext();
        var stored = db.Requests.ToDictionary(row => row.RequestId, row => (row.ConversationId, row.BranchId));
        Assert.Multiple(() =>
        {
            Assert.That(changes, Is.Not.Empty);
            Assert.That(report.Trains.SelectMany(train => train.Changes), Is.EqualTo(changes));
            Assert.That(written.SetEquals(changes.Select(change => change.RequestId)));
            Assert.That(
                changes.Select(change => (change.ConversationId, change.BranchId)),
                Is.EqualTo(changes.Select(change => stored[change.RequestId])));
        });
        Assert.That(await RowsAsync("SELECT request_id FROM updates"), Has.Count.EqualTo(changes.Count));
    }

    [TestCase(null)]
    [TestCase("bus-club")]
    public async Task A_conversation_that_several_trains_share_stays_with_the_one_in_which_it_began(string? train)
    {
        await ImportGoldenAsync();
        const string shared = "SELECT conversation_id FROM api_requests WHERE conversation_id IS NOT NULL "
            + "GROUP BY 1 HAVING count(DISTINCT train_id) > 1";
        const string first = "SELECT conversation_id FROM api_requests WHERE train_id = 'rail-club' ORDER BY \"timestamp\" LIMIT 1";
        var kept = await RowsAsync(first);
        await ChangeRequestsAsync($"UPDATE api_requests SET conversation_id = ({first}) WHERE train_id <> 'rail-club' AND link_kind = 'root'");
        Assert.That(await RowsAsync(shared), Is.Not.Empty);

        var report = await RebuildAsync(options => options.TrainId = train);
        var rest = await RebuildAsync();

        await using var db = OpenContext();
        await GoldenLog.AssertLinksAsync(db);
        Assert.That(await RowsAsync(shared), Is.Empty);
        Assert.That(await RowsAsync(first), Is.EqualTo(kept));
        Assert.That(report.ChangedRequests, Is.Positive);
        Assert.That(rest.ChangedRequests, Is.Zero);
    }

    [Test]
    public async Task A_second_rebuild_changes_nothing()
    {
        await ImportGoldenAsync();
        await ChangeRequestsAsync(Scramble);
        await RebuildAsync();
        var before = await RowsAsync("SELECT request_id, xmin FROM api_requests ORDER BY 1");

        var report = await RebuildAsync();

        Assert.That(report.ChangedRequests + report.Trains.Sum(train => train.ChangedDetails), Is.Zero);
        Assert.That(await RowsAsync("SELECT request_id, xmin FROM api_requests ORDER BY 1"), Is.EqualTo(before));
    }

    [Test]
    public async Task Only_requests_that_may_change_do()
    {
        await ImportGoldenAsync();
        await ChangeRequestsAsync("UPDATE api_requests SET branch_id = 'branch_1' WHERE conversation_id IS NOT NULL");
        var named = (await RebuildAsync(options => options.Execute = false)).Trains
            .SelectMany(train => train.Changes).Select(change => change.RequestId).Where((_, place) => place % 7 == 0).ToList();

        var some = await RebuildAsync(options => options.RequestIds = named);
        var few = await RebuildAsync(options =>
        {
            options.TrainId = "rail-club";
            options.Limit = 3;
        });

        Assert.Multiple(() =>
        {
            Assert.That(
                some.Trains.SelectMany(train => train.Changes).Select(change => change.RequestId), Is.EquivalentTo(named));
            Assert.That(few.ChangedRequests, Is.EqualTo(3));
        });
        Assert.That(
            await RowsAsync("SELECT FROM api_requests WHERE branch_id <> 'branch_1' AND conversation_id IS NOT NULL"),
            Has.Count.EqualTo(named.Count + 3));
    }

    [Test]
    public async Task Stored_link_hashes_are_believed_until_they_are_to_be_made_anew_and_compatible_ones_always()
    {
        await ImportGoldenAsync();
        var expected = await LinksAsync();
        await ChangeRequestsAsync("""
            UPDATE api_requests SET user_id_hash = decode(repeat('ab', 16), 'hex')
            WHERE request_id IN (SELECT request_id FROM api_requests WHERE link_kind = 'exact' ORDER BY 1 LIMIT 5)
            """);

        var believed = await RebuildAsync();
        var anew = await RebuildAsync(options => options.Rehash = true);

        Assert.That((believed.ChangedRequests, anew.ChangedRequests), Is.EqualTo((0, 5)));
        AssertSame(await LinksAsync(), expected);

        await ChangeRequestsAsync("UPDATE api_requests SET current_message_hash = repeat('a', 64) WHERE current_message_hash IS NOT NULL");
        var compatible = await RebuildAsync(options => options.Rehash = true);
        Assert.That(compatible.ChangedRequests, Is.Zero);
    }

    [Test]
    public async Task Analyses_go_with_branches_that_move_as_a_whole_and_the_newest_completed_one_stays()
    {
        await ImportGoldenAsync();
        await ChangeRequestsAsync("""
            INSERT INTO conversation_analyses (conversation_id, branch_id, status, completed_at, analysis_content)
            SELECT DISTINCT conversation_id, branch_id, 'completed'::conversation_analysis_status, now(), conversation_id || branch_id
            FROM api_requests WHERE conversation_id IS NOT NULL
            """);
        const string analyses =
            "SELECT conversation_id, branch_id, analysis_content FROM conversation_analyses ORDER BY 1, 2";
        var expected = await RowsAsync(analyses);

        // Branches trade names, and one conversation is split off where an older analysis waits for it.
        await ChangeRequestsAsync("""
            UPDATE conversation_analyses SET branch_id = 'moved_' || branch_id WHERE branch_id LIKE 'branch\_%';
            UPDATE api_requests SET branch_id = 'moved_' || branch_id WHERE branch_id LIKE 'branch\_%';
            INSERT INTO conversation_analyses (conversation_id, branch_id, status)
            SELECT conversation_id, substr(branch_id, 7), 'pending' FROM conversation_analyses WHERE branch_id LIKE 'moved\_%' LIMIT 1
            """);
        await RebuildAsync();

        AssertSame(await RowsAsync(analyses), expected);
    }

    // Of each update of a request a row. The server's own counts come later, and before version 15 they may be lost.
    private Task NoteUpdatesAsync()
        => AdministerAsync(
            """
            CREATE TABLE updates (request_id uuid);
            GRANT SELECT ON updates TO PUBLIC;
            CREATE FUNCTION note_update() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
            'BEGIN INSERT INTO updates VALUES (NEW.request_id); RETURN NULL; END';
            CREATE TRIGGER note_update AFTER UPDATE ON api_requests FOR EACH ROW EXECUTE FUNCTION note_update()
            """);
}
