using Nexus.Data.Chats;
using Nexus.Data.Chats.Importing;
using Nexus.Data.Tests.Fixtures;
using static Nexus.Data.Tests.Chats.Importing.OldPrograms;

namespace Nexus.Data.Tests.Chats.Importing;

/// <summary>Each reason for which a row is not carried over, or is changed.</summary>
public sealed class ChatImportReasonTests : ChatImportTest
{
    private static readonly string _long = new('x', 300);

    private static IEnumerable<TestCaseData> TeamChatCases()
    {
        yield return Case("blank name", [User(2, " \t ")], ("users", Id(2), ChatImportReason.NameEmpty));
        yield return Case("long name", [User(2, _long)], ("users", Id(2), ChatImportReason.NameTooLong));
        yield return Case("name twice", [User(2, "ADA")], ("users", Id(2), ChatImportReason.NameTaken));
        yield return Case("name twice without its spaces", [User(2, " ada ")], ("users", Id(2), ChatImportReason.NameTaken));
        yield return Case("name of one of ours", [User(2, "Ours")], ("users", Id(2), ChatImportReason.NameTaken));
        yield return Case(
            "status", ["ALTER TYPE userstatus RENAME VALUE 'DISABLED' TO 'BANNED';", User(2, "bob", "BANNED")],
            ("users", Id(2), ChatImportReason.StatusUnknown));
        yield return Case("name with spaces", [User(2, "\u00a0bob\t")], ("users", Id(2), ChatImportReason.NameTrimmed));
        yield return Case("name in two spellings", [User(2, "Zoe\u0308")], ("users", Id(2), ChatImportReason.NameTrimmed));
        yield return Case(
            "chat without kind", [$"INSERT INTO chat VALUES ('{Id(11)}', 'chat', now());", Line(100, 11, 1, "Hi", 1), Member(11, 1)],
            ("chats", Id(11), ChatImportReason.KindUnknown), ("messages", Id(100), ChatImportReason.ChatMissing),
            ("chat_members", $"{Id(11)}/{Id(1)}", ChatImportReason.ChatMissing));
        yield return Case(
            "chat of both kinds", [Group(11, "g"), $"INSERT INTO direct_message VALUES ('{Id(11)}', 'k');"],
            ("chats", Id(11), ChatImportReason.KindUnknown));
        yield return Case("chat that is a session with us", [Group(900, "g")], ("chats", Id(900), ChatImportReason.IdTaken));
        yield return Case("key without people", [Direct(11, "ada::bob")], ("chats", Id(11), ChatImportReason.PairUnreadable));
        yield return Case("key of one person", [Direct(11, 1, 1)], ("chats", Id(11), ChatImportReason.PairUnreadable));
        yield return Case("key of nobody", [Direct(11, 1, 77)], ("chats", Id(11), ChatImportReason.UserMissing));
        yield return Case(
            "pair twice",
            [
                User(2, "bob"), Direct(11, 1, 2), Direct(12, 2, 1), Member(11, 1), Member(12, 1, joined: 5), Member(12, 2, joined: 5),
                Line(100, 12, 1, "Hi", 1), Line(101, 11, 2, "Ho", 2),
            ],
            ("chats", Id(12), ChatImportReason.PairJoined));
        yield return Case(
            "pair with us", [Ours(901), Ours(902), Direct(11, 901, 902), Member(11, 901), Line(100, 11, 901, "Hi", 1)],
            ("chats", Id(11), ChatImportReason.PairJoined));
        yield return Case(
            "direct chat that somebody left", [User(2, "bob"), Direct(11, 1, 2), Member(11, 1), Line(100, 11, 2, "Bye", 1)],
            ("chat_members", $"{Id(11)}/{Id(2)}", ChatImportReason.PairCompleted));
        yield return Case("long topic", [Group(11, _long), Member(11, 1, "ADMIN")], ("chats", Id(11), ChatImportReason.TextCut));
        yield return Case(
            "empty topic", [Group(11, ""), Member(11, 1, "ADMIN")], ("chats", Id(11), ChatImportReason.TopicDropped));
        yield return Case("group of nobody", [Group(11, null)], ("chats", Id(11), ChatImportReason.NoMember));
        yield return Case(
            "times",
            [
                "ALTER TABLE \"user\" ALTER created_at DROP NOT NULL; ALTER TABLE membership ALTER joined_at DROP NOT NULL;",
                User(2, "bob"), User(3, "cy", login: 9), Member(10, 2), Line(100, 10, 1, "Hi", 1), Group(11, "g"), Member(11, 1, "ADMIN"),
                $"UPDATE \"user\" SET created_at = NULL WHERE id = '{Id(2)}';",
                $"UPDATE \"user\" SET last_login_at = '-infinity' WHERE id = '{Id(3)}';",
                $"UPDATE membership SET joined_at = NULL WHERE user_id = '{Id(2)}';",
                $"UPDATE message SET created_at = 'infinity' WHERE id = '{Id(100)}';",
                $"UPDATE chat SET created_at = '0044-03-15 BC' WHERE id = '{Id(11)}';",
            ],
            ("users", Id(2), ChatImportReason.TimeFilled), ("users", Id(3), ChatImportReason.TimeFilled),
            ("chat_members", $"{Id(10)}/{Id(2)}", ChatImportReason.TimeFilled), ("messages", Id(100), ChatImportReason.TimeFilled),
            ("chats", Id(11), ChatImportReason.TimeFilled));
        yield return Case(
            "chat, line and membership of whom was not carried over",
            [User(2, "ADA"), Direct(11, 1, 2), Member(10, 2), Line(100, 10, 2, "Hi", 1)],
            ("users", Id(2), ChatImportReason.NameTaken), ("chats", Id(11), ChatImportReason.UserMissing),
            ("messages", Id(100), ChatImportReason.UserMissing), ("chat_members", $"{Id(10)}/{Id(2)}", ChatImportReason.UserMissing));
        yield return Case(
            "third in a direct chat",
            [User(2, "bob"), User(3, "cy"), Direct(11, 1, 2), Member(11, 1), Member(11, 2), Member(11, 3)],
            ("chat_members", $"{Id(11)}/{Id(3)}", ChatImportReason.NotOfPair));
        yield return Case(
            "role", ["ALTER TYPE memberrole ADD VALUE 'OWNER'; COMMIT; BEGIN; SET LOCAL search_path = old;", User(2, "bob"), Member(10, 2, "OWNER")],
            ("chat_members", $"{Id(10)}/{Id(2)}", ChatImportReason.RoleUnknown));
        yield return Case(
            "group without admin",
            [User(2, "bob"), User(3, "cy"), Group(11, "g"), Member(11, 1, joined: 9), Member(11, 3, joined: 8), Member(11, 2, joined: 8)],
            ("chat_members", $"{Id(11)}/{Id(2)}", ChatImportReason.AdminMade));
        yield return Case("empty line", [Line(100, 10, 1, "", 1)], ("messages", Id(100), ChatImportReason.ContentEmpty));
        yield return Case(
            "keys", [
                KeyedLine(100, 10, 1, "", 1), KeyedLine(101, 10, 1, _long, 2), KeyedLine(103, 10, 1, "k", 3), KeyedLine(102, 10, 1, "k", 4),
                Group(11, "g"), Member(11, 1, "ADMIN"), KeyedLine(104, 11, 1, "k", 5),
            ],
            ("messages", Id(100), ChatImportReason.KeyDropped), ("messages", Id(101), ChatImportReason.KeyDropped),
            ("messages", Id(102), ChatImportReason.KeyDropped));
        yield return Case(
            "column", ["ALTER TABLE message ADD COLUMN reactions jsonb;"], ("messages", "message.reactions", ChatImportReason.ColumnUnknown));
    }

    private static IEnumerable<TestCaseData> SessionCases()
    {
        yield return Case(
            "no title", [Session(11, ""), Said(100, 11, "user", "Hi", 1), Snapshot(200, 11, 1)],
            ("chats", Id(11), ChatImportReason.TitleEmpty), ("messages", Id(100), ChatImportReason.ChatMissing),
            ("chat_snapshots", Id(200), ChatImportReason.ChatMissing));
        yield return Case(
            "no repository", [Session(11, "t"), $"UPDATE chats SET repository_full_name = '' WHERE id = '{Id(11)}';"],
            ("chats", Id(11), ChatImportReason.TitleEmpty));
        yield return Case(
            "long title", ["ALTER TABLE chats ALTER COLUMN title TYPE text;", Session(11, _long)], ("chats", Id(11), ChatImportReason.TextCut));
        yield return Case(
            "issue", [Session(11, "t"), $"UPDATE chats SET active_issue_title = 'i' WHERE id = '{Id(11)}';"],
            ("chats", Id(11), ChatImportReason.IssueDropped));
        yield return Case(
            "times", [
                Session(11, "t"), $"UPDATE chats SET created_at = NULL, updated_at = NULL WHERE id = '{Id(11)}';",
                Said(100, 11, "user", "Hi", null), Snapshot(200, 11, null),
            ],
            ("chats", Id(11), ChatImportReason.TimeFilled), ("messages", Id(100), ChatImportReason.TimeFilled),
            ("chat_snapshots", Id(200), ChatImportReason.TimeFilled));
        yield return Case(
            "time of a change", [Session(11, "t"), $"UPDATE chats SET updated_at = NULL WHERE id = '{Id(11)}';"],
            ("chats", Id(11), ChatImportReason.TimeFilled));
        yield return Case(
            "time of opening", [Session(11, "t"), $"UPDATE chats SET last_accessed_at = '10000-01-01' WHERE id = '{Id(11)}';"],
            ("chats", Id(11), ChatImportReason.TimeFilled));
        yield return Case("type", [Said(100, 10, "gemini", "Hi", 1)], ("messages", Id(100), ChatImportReason.TypeUnknown));
        yield return Case("empty line", [Said(100, 10, "claude", "", 1)], ("messages", Id(100), ChatImportReason.ContentEmpty));
        yield return Case("metadata", [Said(100, 10, "user", "Hi", 1, "[1]")], ("messages", Id(100), ChatImportReason.MetadataWrapped));
        yield return Case("no array", [Snapshot(200, 10, 1, """{"a": 1}""")], ("chat_snapshots", Id(200), ChatImportReason.NotArray));
        yield return Case(
            "long session", [
                "ALTER TABLE chat_snapshots ALTER COLUMN claude_session_id TYPE text;", Snapshot(200, 10, 1),
                $"UPDATE chat_snapshots SET claude_session_id = '{_long}';",
            ],
            ("chat_snapshots", Id(200), ChatImportReason.TextCut));
        yield return Case("column", ["ALTER TABLE chats ADD COLUMN owner text;"], ("chats", "chats.owner", ChatImportReason.ColumnUnknown));
    }

    [TestCaseSource(nameof(TeamChatCases))]
    public Task Of_a_team_chat_is_told(string[] rows, (string Table, string Id, ChatImportReason Reason)[] told)
        => IsToldAsync(
            [
                Opchat(Schema), "DROP INDEX ix_user_username;", User(1, "ada"), Group(10, "Rails"), Member(10, 1, "ADMIN"),
                Line(1000, 10, 1, "Stays", 90), .. rows,
            ],
            told);

    [TestCaseSource(nameof(SessionCases))]
    public Task Of_sessions_is_told(string[] rows, (string Table, string Id, ChatImportReason Reason)[] told)
        => IsToldAsync([Relay(Schema), Session(10, "Trains"), Said(1000, 10, "user", "Stays", 90), .. rows], told);

    [Test]
    public void Every_reason_has_its_case()
    {
        var told = TeamChatCases().Concat(SessionCases())
            .SelectMany(data => ((string, string, ChatImportReason Reason)[])data.Arguments[1]!).Select(one => one.Reason);

        // That one comes of what was done with us.
        Assert.That(told.Append(ChatImportReason.UserGone).Distinct(), Is.EquivalentTo(Enum.GetValues<ChatImportReason>()));
    }

    [Test]
    public async Task Changed_rows_are_as_they_are_told()
    {
        await SourceAsync(
            Opchat(Schema), User(1, "  Zoe\u0308 "), User(2, "bob"), Group(10, _long), Group(11, ""), Member(10, 2, joined: 4), Member(10, 1, joined: 3),
            KeyedLine(100, 10, 1, "k", 2), KeyedLine(101, 10, 1, "k", 1));
        await AdministerAsync(InSchema(
            "relay",
            [
                Relay("relay"), Session(20, "t"),
                $"UPDATE chats SET created_at = NULL, updated_at = NULL, active_issue_url = 'u' WHERE id = '{Id(20)}';",
                Said(200, 20, "user", "a", null, "7"), Said(201, 20, "user", "b", 1, "null"), Snapshot(300, 20, null),
            ]));

        await Import.ImportAsync(Options);
        await Import.ImportAsync(new() { SourceSchema = "relay" });

        Assert.Multiple(async () =>
        {
            await AssertRowsAsync("SELECT username FROM users ORDER BY id", "Zo\u00eb", "bob");
            await AssertRowsAsync("SELECT topic FROM chats WHERE kind = 'group' ORDER BY id", _long[..255], "-");
            await AssertRowsAsync("SELECT user_id, role FROM chat_members ORDER BY 1", $"{Id(1)}|admin", $"{Id(2)}|member");
            await AssertRowsAsync(
                $"SELECT id, idempotency_key FROM messages WHERE chat_id = '{Id(10)}' ORDER BY sequence",
                $"{Id(101)}|k", $"{Id(100)}|-");
            await AssertRowsAsync(
                $"SELECT created_at = '{At(22):O}', updated_at = created_at, active_issue_url FROM chats WHERE id = '{Id(20)}'",
                "True|True|-");
            await AssertRowsAsync(
                $"SELECT id, metadata::text, created_at = '{At(22):O}' FROM messages WHERE chat_id = '{Id(20)}' ORDER BY sequence",
                $"{Id(201)}|{{\"value\": null}}|False", $"{Id(200)}|{{\"value\": 7}}|True");
        });
    }

    // Ours are there before: a user, a session, and a direct chat of two of ours.
    private async Task IsToldAsync(string[] rows, (string Table, string Id, ChatImportReason Reason)[] told)
    {
        await AdministerAsync(
            $"""
            INSERT INTO users (id, username) VALUES ('{Id(901)}', 'ours'), ('{Id(902)}', 'others');
            INSERT INTO chats (id, kind, title, repository_name, repository_full_name, quiet_mode)
            VALUES ('{Id(900)}', 'repository', 't', 'r', 'o/r', false);
            INSERT INTO chats (kind, low_user_id, high_user_id) VALUES ('direct', '{Id(901)}', '{Id(902)}')
            """);
        await SourceAsync(rows);

        var report = await Import.ImportAsync(Options);
        var content = await ContentAsync();
        var again = await Import.ImportAsync(Options);

        Assert.Multiple(async () =>
        {
            Assert.That(
                report.Findings.Select(finding => (finding.Table, finding.Id, finding.Reason)), Is.EquivalentTo(told));
            Assert.That(report.Reasons.Sum(reason => reason.Count), Is.EqualTo(told.Length));
            Assert.That(
                report.Tables.Sum(table => table.NotCarried), Is.EqualTo(told.Count(one => one.Reason < ChatImportReason.NameTrimmed)));
            Assert.That((report.IsComplete, again.IsComplete, again.Added), Is.EqualTo((true, true, 0L)), string.Join('\n', report.Tables));
            Assert.That(
                again.Reasons.Where(reason => !reason.IsChange), Is.EqualTo(report.Reasons.Where(reason => !reason.IsChange)));
            Assert.That(again.Tables.Sum(table => table.Differs), Is.EqualTo(report.Tables.Sum(table => table.Differs)), string.Join('\n', again.Tables));
            Assert.That(await ContentAsync(), Is.EqualTo(content));
            await AssertRowsAsync($"SELECT content FROM messages WHERE id = '{Id(1000)}'", "Stays");
            Assert.That(await new UnreadMessages(new Contexts(ConnectionString)).VerifyAsync(), Is.Empty);
        });
    }

    private static string Ours(int id) => User(id, id == 902 ? "others" : "ours");

    private static TestCaseData Case(string name, string[] rows, params (string Table, object Id, ChatImportReason Reason)[] told)
        => new TestCaseData(rows, told.Select(one => (one.Table, $"{one.Id}", one.Reason)).ToArray())
            .SetName($"{{m}}({name})");
}
