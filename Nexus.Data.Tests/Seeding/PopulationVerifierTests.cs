using Nexus.Data.Seeding.Populations;
using Nexus.Data.Tests.Conversations;
using Nexus.Data.Tests.Fixtures;
using Nexus.Data.Tests.Tool;

namespace Nexus.Data.Tests.Seeding;

public sealed class PopulationVerifierTests : ServiceTest
{
    private const string Pair = "c0cb794e-4c88-badf-a230-e86bcca07bcb";
    private const string Planning = "91f8b74b-6f83-ccef-925b-a32648e0dc15";
    private const string Eve = "(SELECT id FROM users WHERE username = 'eve')";
    private const string Session =
        "INSERT INTO chats (id, kind, title, repository_name, repository_full_name, quiet_mode) "
        + "VALUES ('00000000-0000-0000-0000-000000000001', 'repository', 't', 'r', 'o/r', false);";

    // What harms a small population so that one check has something to say, and what the server has to be brought to for it.
    private static readonly Dictionary<string, string> _harms = new()
    {
        ["people"] = "TRUNCATE users CASCADE",
        ["names"] = "ALTER TABLE users DROP CONSTRAINT users_username_check; UPDATE users SET username = ' eve' WHERE username = 'eve'",
        ["names-unique"] = "DROP INDEX users_username_key; UPDATE users SET username = 'ALICE' WHERE username = 'eve'",
        ["passwords"] = "UPDATE users SET password_hash = '$2b$12$abcdefghijklmnopqrstuv' WHERE username = 'eve'",
        ["kinds"] = "ALTER TABLE chats DROP CONSTRAINT chats_shape_check; UPDATE chats SET topic = 'two' WHERE kind = 'direct'",
        ["direct-chats-unique"] =
            $"""
            DROP INDEX chats_direct_pair_key;
            INSERT INTO chats (id, kind, low_user_id, high_user_id)
            SELECT '00000000-0000-0000-0000-000000000001', kind, low_user_id, high_user_id FROM chats WHERE id = '{Pair}';
            INSERT INTO chat_members (chat_id, user_id) SELECT '00000000-0000-0000-0000-000000000001', user_id FROM chat_members WHERE chat_id = '{Pair}'
            """,
        ["direct-chats-members"] = $"INSERT INTO chat_members (chat_id, user_id) VALUES ('{Pair}', {Eve})",
        ["members-unique"] =
            $"ALTER TABLE chat_members DROP CONSTRAINT chat_members_pkey; INSERT INTO chat_members SELECT * FROM chat_members WHERE user_id = {Eve}",
        ["members-of-rooms"] = $"{Session} INSERT INTO chat_members (chat_id, user_id) VALUES ('00000000-0000-0000-0000-000000000001', {Eve})",
        ["admins"] = $"UPDATE chat_members SET role = 'member' WHERE chat_id = '{Planning}'",
        ["contents"] = "ALTER TABLE messages DROP CONSTRAINT messages_content_check; UPDATE messages SET content = '' WHERE sequence = 1",
        ["senders"] = $"DELETE FROM chat_members WHERE user_id = {Eve}",
        ["references"] = "SET session_replication_role = replica; DELETE FROM users WHERE username = 'eve'",
        ["message-keys"] = "DROP INDEX messages_idempotency_key; UPDATE messages SET idempotency_key = 'k'",
        ["message-numbers"] =
            "ALTER TABLE messages DROP CONSTRAINT messages_sequence_check; UPDATE messages SET sequence = 0 WHERE sequence = 1",
        ["message-order"] = $"UPDATE messages SET created_at = created_at + '6 minutes' WHERE sequence = 1 AND chat_id = '{Pair}'",
        ["members-late"] = "UPDATE chat_members SET joined_at = joined_at - '1 year'::interval",
        ["messages-late"] = $"UPDATE messages SET created_at = created_at - '30 minutes'::interval WHERE sequence = 1 AND chat_id = '{Pair}'",
        ["future"] = "UPDATE chats SET last_accessed_at = now() + '1 day'",
        ["last-written"] = "UPDATE chats SET last_accessed_at = created_at",
        ["snapshots"] =
            $"{Session} INSERT INTO chat_snapshots (chat_id, version) VALUES ('00000000-0000-0000-0000-000000000001', 1), ('00000000-0000-0000-0000-000000000001', 3)",
        ["requests-linked"] = "UPDATE api_requests SET unlinked_because = 'deferred' WHERE request_id = (SELECT min(request_id::text)::uuid FROM api_requests)",
        ["unread"] = "UPDATE chat_members SET last_read_sequence = 0, unread_gaps = 2",
        ["totals"] = "DELETE FROM hourly_totals",
    };

    [TestCaseSource(nameof(Names))]
    public async Task Each_check_tells_of_a_database_that_was_damaged_for_it_and_no_other_does(string name)
    {
        await PopulateAsync();
        var before = await VerifyAsync();

        await AdministerAsync(_harms[name]);

        var after = await VerifyAsync();
        Assert.Multiple(() =>
        {
            Assert.That(before.Checks.Where(check => check.Violations > 0).Select(check => (check.Name, check.Examples)), Is.Empty);
            Assert.That(before.IsRight);
            Assert.That(after.Checks.Where(check => check.Violations > 0).Select(check => check.Name), Is.EqualTo([name]));
            Assert.That(after.Checks.Single(check => check.Name == name).Examples, Has.Count.InRange(1, 5));
            Assert.That(after.IsRight, Is.False);
        });
    }

    [Test]
    public async Task Every_check_is_seen_to_fail()
        => Assert.That((await VerifyAsync()).Checks.Select(check => check.Name), Is.EquivalentTo(Names));

    [Test]
    public async Task A_request_in_the_future_is_told_of()
    {
        await PopulateAsync();
        await AdministerAsync("UPDATE api_requests SET \"timestamp\" = now() + '1 day' WHERE request_id = (SELECT min(request_id::text)::uuid FROM api_requests)");

        var future = (await VerifyAsync()).Checks.Single(check => check.Name == "future");

        Assert.That((future.Violations, future.Examples.Single()[..8]), Is.EqualTo((1L, "request ")));
    }

    [Test]
    public async Task Every_check_holds_for_a_large_population_and_counts_are_right()
    {
        await PopulateAsync();
        await new PopulationStore(Contexts()).CopyAsync(new() { Until = DateTimeOffset.UtcNow.Date, Messages = 3_000 });

        var verdict = await VerifyAsync();

        Assert.Multiple(() =>
        {
            Assert.That(verdict.Checks.Where(check => check.Violations > 0).Select(check => (check.Name, check.Examples)), Is.Empty);
            Assert.That(verdict.Tables.Single(table => table.Table == "users").Rows, Is.EqualTo(205));
            Assert.That(verdict.Tables.Single(table => table.Table == "messages").Rows, Is.EqualTo(3_016));
            Assert.That(verdict.Rooms, Has.Count.EqualTo(10));
            Assert.That(verdict.Lines, Has.Count.EqualTo(10));
        });
    }

    [Test]
    public async Task Members_and_messages_are_counted_each_by_themselves()
    {
        await new PopulationStore(Contexts()).PutAsync(SmallPopulation.Read());

        var verdict = await VerifyAsync();

        Assert.Multiple(() =>
        {
            Assert.That(
                verdict.Rooms.Select(room => (room.Title, room.Members, room.Messages)),
                Is.EquivalentTo(new (string?, long, long)[]
                {
                    ("alice, bob", 2, 3), ("charlie, diana", 2, 4), ("Development Team", 3, 4), ("Product Planning", 3, 5),
                }));
            Assert.That(verdict.People.Select(person => person.Username), Is.EquivalentTo(["alice", "bob", "charlie", "diana", "eve"]));
            Assert.That(verdict.Lines[0].Sender, Is.EqualTo("eve"));
            Assert.That(verdict.Lines.Select(line => line.Content), Is.All.Length.LessThanOrEqualTo(51));
        });
    }

    private static IEnumerable<string> Names => _harms.Keys;

    // Chats, and requests with their links and totals.
    private async Task PopulateAsync()
    {
        await new PopulationStore(Contexts()).PutAsync(SmallPopulation.Read());
        var import = await ToolRun.RunAsync("import", GoldenLog.PathOf("request-log.jsonl"), "--connection", ConnectionString);
        Assert.That(import.ExitCode, Is.Zero, import.All);
    }

    private Task<PopulationVerdict> VerifyAsync() => new PopulationVerifier(Contexts()).VerifyAsync();
}
