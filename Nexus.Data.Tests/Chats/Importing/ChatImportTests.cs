using Microsoft.EntityFrameworkCore;
using Nexus.Data.Chats;
using Nexus.Data.Chats.Importing;
using Nexus.Data.Tests.Fixtures;
using Npgsql;
using static Nexus.Data.Tests.Chats.Importing.OldPrograms;

namespace Nexus.Data.Tests.Chats.Importing;

public sealed class ChatImportTests : ChatImportTest
{
    [Test]
    public async Task A_team_chat_comes_whole()
    {
        await SourceAsync(TeamChat());

        var report = await Import.ImportAsync(Options);

        await using var db = OpenContext();
        Assert.Multiple(async () =>
        {
            Assert.That((report.Kind, report.IsComplete, report.Added), Is.EqualTo((ChatSourceKind.Opchat, true, 16L)));
            Assert.That(Counts(report), Is.EqualTo(new (string, long, long, long, long, long)[]
            {
                ("users", 3, 3, 0, 0, 0), ("chats", 2, 2, 0, 0, 0), ("chat_members", 5, 5, 0, 0, 0), ("messages", 6, 6, 0, 0, 0),
            }));
            Assert.That((report.Reasons, report.Findings), Is.EqualTo((Array.Empty<ChatImportReasonCount>(), Array.Empty<ChatImportFinding>())));
            Assert.That(
                (await db.Users.OrderBy(user => user.Id).ToListAsync()).Select(user => (
                    user.Id, user.Username, user.PasswordHash, user.Status, user.LastLoginAt, user.CreatedAt, user.AnonymizedAt)),
                Is.EqualTo(new (Guid, string, string, UserStatus, DateTimeOffset?, DateTimeOffset, DateTimeOffset?)[]
                {
                    (Id(1), "ada", "$2b$12$hash-of-1", UserStatus.Active, At(50), At(1), null),
                    (Id(2), "bob", "$2b$12$hash-of-2", UserStatus.Disabled, null, At(2), null),
                    (Id(3), "Cy Ünal", "$2b$12$hash-of-3", UserStatus.Active, null, At(3), null),
                }));
            Assert.That(
                (await db.Chats.OfType<DirectChat>().ToListAsync()).Select(chat => (
                    chat.Id, chat.LowUserId, chat.HighUserId, chat.LastSequence, chat.CreatedAt, chat.UpdatedAt, chat.LastAccessedAt)),
                Is.EqualTo(new[] { (Id(10), Id(1), Id(2), 2L, At(10), At(10), At(21)) }));
            Assert.That(
                (await db.Chats.OfType<GroupChat>().ToListAsync()).Select(chat => (
                    chat.Id, chat.Topic, chat.CreatedByUserId, chat.LastSequence, chat.CreatedAt, chat.UpdatedAt, chat.LastAccessedAt)),
                Is.EqualTo(new (Guid, string?, Guid?, long, DateTimeOffset, DateTimeOffset, DateTimeOffset)[]
                {
                    (Id(11), "Rails", null, 4, At(11), At(11), At(32)),
                }));
            Assert.That(
                (await db.ChatMembers.OrderBy(member => member.ChatId).ThenBy(member => member.UserId).ToListAsync()).Select(member => (
                    member.ChatId, member.UserId, member.Role, member.JoinedAt, member.LastReadSequence, member.UnreadGaps)),
                Is.EqualTo(new[]
                {
                    (Id(10), Id(1), ChatRole.Member, At(12), 2L, 0), (Id(10), Id(2), ChatRole.Member, At(12), 2L, 0),
                    (Id(11), Id(1), ChatRole.Member, At(14), 4L, 0), (Id(11), Id(2), ChatRole.Member, At(13), 4L, 0),
                    (Id(11), Id(3), ChatRole.Admin, At(15), 4L, 0),
                }));
            Assert.That(
                (await db.Messages.OrderBy(message => message.ChatId).ThenBy(message => message.Sequence).ToListAsync())
                .Select(message => (
                    message.Id, message.Sequence, message.Type, message.Content, message.SenderId, message.IdempotencyKey,
                    message.CreatedAt, message.Metadata, message.RequestId)),
                Is.EqualTo(new (Guid, long, MessageType, string, Guid?, string?, DateTimeOffset, string?, Guid?)[]
                {
                    (Id(101), 1, MessageType.User, "Hello, 'Bob' 🚂", Id(1), null, At(20), null, null),
                    (Id(100), 2, MessageType.User, "Hello\nback", Id(2), null, At(21), null, null),
                    (Id(103), 1, MessageType.User, "First", Id(3), null, At(30), null, null),
                    (Id(104), 2, MessageType.User, "Line 104", Id(1), "key-1", At(31), null, null),
                    (Id(105), 3, MessageType.User, "At one time", Id(2), null, At(32), null, null),
                    (Id(106), 4, MessageType.User, "with this", Id(1), null, At(32), null, null),
                }));
        });
    }

    [Test]
    public async Task Sessions_of_the_coding_assistant_come_whole()
    {
        await SourceAsync(Sessions());

        var report = await Import.ImportAsync(Options);

        await using var db = OpenContext();
        Assert.Multiple(async () =>
        {
            Assert.That((report.Kind, report.IsComplete), Is.EqualTo((ChatSourceKind.Relay, true)));
            Assert.That(Counts(report), Is.EqualTo(new (string, long, long, long, long, long)[]
            {
                ("chats", 2, 2, 0, 0, 0), ("messages", 3, 3, 0, 0, 0), ("chat_snapshots", 3, 3, 0, 0, 0),
            }));
            Assert.That(report.Findings, Is.Empty);
            Assert.That(
                (await db.Chats.OfType<RepositoryChat>().OrderBy(chat => chat.Id).ToListAsync()).Select(chat => (
                    chat.Id, chat.Title, chat.RepositoryName, chat.RepositoryFullName, chat.ActiveIssueNumber, chat.ActiveIssueTitle,
                    chat.ActiveIssueUrl, chat.QuietMode)),
                Is.EqualTo(new (Guid, string, string, string, int?, string?, string?, bool)[]
                {
                    (Id(1), "Trains", "nexus", "octo/nexus", null, null, null, false),
                    (Id(5), "Rails", "rails", "octo/rails", 7, "It leaks", "https://example.org/7", true),
                }));
            Assert.That(
                (await db.Chats.OrderBy(chat => chat.Id).ToListAsync()).Select(chat => (
                    chat.LastSequence, chat.CreatedAt, chat.UpdatedAt, chat.LastAccessedAt)),
                Is.EqualTo(new[] { (3L, At(1), At(2), At(3)), (0L, At(5), At(6), At(7)) }));
            Assert.That(
                (await db.Messages.OrderBy(message => message.Sequence).ToListAsync()).Select(message => (
                    message.Id, message.ChatId, message.Sequence, message.Type, message.Content, message.Metadata, message.SenderId,
                    message.CreatedAt)),
                Is.EqualTo(new (Guid, Guid, long, MessageType, string, string?, Guid?, DateTimeOffset)[]
                {
                    (Id(11), Id(1), 1, MessageType.User, "Build it", """{"source": "text"}""", null, At(20)),
                    (Id(10), Id(1), 2, MessageType.ClaudeStreaming, "Well", null, null, At(21)),
                    (Id(12), Id(1), 3, MessageType.System, "Stopped", """{"a": {"b": [1, null]}}""", null, At(22)),
                }));
            Assert.That(
                (await db.ChatSnapshots.OrderBy(snapshot => snapshot.ChatId).ThenBy(snapshot => snapshot.Version).ToListAsync())
                .Select(snapshot => (
                    snapshot.Id, snapshot.ChatId, snapshot.Version, snapshot.Transcriptions, snapshot.FunctionResults,
                    snapshot.ClaudeTodoWrites, snapshot.ClaudeSessionId, snapshot.CreatedAt)),
                Is.EqualTo(new (Guid, Guid, int, string, string, string, string?, DateTimeOffset)[]
                {
                    (Id(21), Id(1), 1, """[{"text": "Build it"}]""", "[]", "[]", null, At(30)),
                    (Id(20), Id(1), 2, "[]", """[{"result": [1]}]""", """[{"todos": []}]""", "session-1", At(31)),
                    (Id(22), Id(5), 1, "[]", "[]", "[]", null, At(30)),
                }));
        });
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task A_second_run_adds_nothing_and_changes_nothing(bool isTeamChat)
    {
        await SourceAsync(isTeamChat ? TeamChat() : Sessions());
        var first = await Import.ImportAsync(Options);
        var content = await ContentAsync();

        var second = await Import.ImportAsync(Options);

        Assert.That(await ContentAsync(), Is.EqualTo(content));
        Assert.That((second.Added, second.IsComplete), Is.EqualTo((0L, true)));
        Assert.That(
            Counts(second),
            Is.EqualTo(first.Tables.Select(table => (table.Table, table.Source, 0L, table.Added, 0L, 0L))));
    }

    [Test]
    public async Task What_is_new_at_a_second_run_goes_behind_what_is_there_and_is_unread()
    {
        await SourceAsync(TeamChat());
        await Import.ImportAsync(Options);
        await AdministerAsync(
            $"""
            INSERT INTO messages (id, chat_id, type, content, sender_id, sequence)
            VALUES ('{Id(900)}', '{Id(11)}', 'user', 'Written with us', '{Id(1)}', 5);
            UPDATE chats SET last_sequence = 5 WHERE id = '{Id(11)}'
            """);
        await SourceAsync(
            User(4, "dora"), Member(11, 4, joined: 60), Line(110, 11, 3, "Later", 61), Line(111, 11, 4, "Earlier than what is there", 5));

        var report = await Import.ImportAsync(Options);

        Assert.That(report.Tables.Select(table => (table.Added, table.IsComplete)), Is.EqualTo(new[] { (1L, true), (0, true), (1, true), (2, true) }));
        await AssertRowsAsync(
            $"SELECT sequence::int, id FROM messages WHERE chat_id = '{Id(11)}' AND sequence > 4 ORDER BY sequence",
            $"5|{Id(900)}", $"6|{Id(111)}", $"7|{Id(110)}");
        await AssertRowsAsync(
            $"SELECT user_id, last_read_sequence FROM chat_members WHERE chat_id = '{Id(11)}' ORDER BY user_id",
            $"{Id(1)}|4", $"{Id(2)}|4", $"{Id(3)}|4", $"{Id(4)}|7");
        await using var db = OpenContext();
        var chat = await db.Chats.SingleAsync(chat => chat.Id == Id(11));
        Assert.That((chat.LastSequence, chat.LastAccessedAt), Is.EqualTo((7L, At(61))));
    }

    [Test]
    public async Task People_go_on_where_the_import_ended_and_are_told_of_the_next()
    {
        await SourceAsync(TeamChat());
        await Import.ImportAsync(Options);
        var contexts = new Contexts(ConnectionString);
        var unread = new UnreadMessages(contexts);
        await using var listener = new NpgsqlConnection(ConnectionString);
        await listener.OpenAsync();
        await using (var command = new NpgsqlCommand("LISTEN nexus_messages", listener))
        {
            await command.ExecuteNonQueryAsync();
        }

        await Import.ImportAsync(Options);
        var none = await listener.WaitAsync(TimeSpan.FromSeconds(1));
        var posted = await new Messages(contexts).PostAsync(new() { ChatId = Id(11), SenderId = Id(1), Content = "With us" });
        var ours = await listener.WaitAsync(TimeSpan.FromSeconds(10));
        await SourceAsync(Line(110, 11, 3, "Later", 61), Line(111, 11, 3, "And later", 62));
        await Import.ImportAsync(Options);
        var theirs = await listener.WaitAsync(TimeSpan.FromSeconds(10));

        Assert.That((posted.Message.Sequence, none, ours, theirs), Is.EqualTo((5L, false, true, true)));
        Assert.That(
            (await unread.CountAsync(Id(11), Id(1)), await unread.CountAsync(Id(11), Id(2)), await unread.CountAsync(Id(10), Id(1))),
            Is.EqualTo((2L, 3L, 0L)));
        Assert.That(await unread.VerifyAsync(), Is.Empty);
    }

    [Test]
    public async Task Snapshots_go_behind_those_that_were_stored_meanwhile()
    {
        await SourceAsync(Sessions());
        await Import.ImportAsync(Options);
        await new Snapshots(new Contexts(ConnectionString)).SaveAsync(Id(1), new() { ClaudeSessionId = "ours", FunctionResults = "[1]" });
        await SourceAsync(Snapshot(30, 1, 90), Snapshot(31, 1, 5), Said(40, 1, "claude", "Again", 95));

        await Import.ImportAsync(Options);

        await AssertRowsAsync(
            $"SELECT version, id FROM chat_snapshots WHERE chat_id = '{Id(1)}' AND version > 3 ORDER BY version",
            $"4|{Id(31)}", $"5|{Id(30)}");
        await using var db = OpenContext();
        Assert.That((await db.Chats.SingleAsync(chat => chat.Id == Id(1))).LastAccessedAt, Is.EqualTo(At(95)));
    }

    [Test]
    public async Task What_was_changed_with_us_differs_and_is_left_as_it_is()
    {
        await SourceAsync(TeamChat());
        await Import.ImportAsync(Options);
        await AdministerAsync(
            $"""
            UPDATE users SET username = 'Ada' WHERE id = '{Id(1)}';
            UPDATE chats SET topic = 'Signals' WHERE id = '{Id(11)}';
            UPDATE chat_members SET role = 'admin' WHERE user_id = '{Id(1)}' AND chat_id = '{Id(11)}';
            UPDATE messages SET content = 'Edited' WHERE id = '{Id(100)}'
            """);
        var content = await ContentAsync();

        var report = await Import.ImportAsync(Options);

        Assert.That(await ContentAsync(), Is.EqualTo(content));
        Assert.That(report.Tables.Select(table => (table.Differs, table.IsComplete)), Is.All.EqualTo((1L, true)));
    }

    [Test]
    public async Task What_fails_in_the_middle_leaves_nothing_and_can_be_done_again()
    {
        await SourceAsync(Sessions());
        await AdministerAsync("ALTER TABLE chat_snapshots ADD CONSTRAINT no_session CHECK (claude_session_id IS NULL)");

        Assert.That(() => Import.ImportAsync(Options), Throws.InstanceOf<PostgresException>());

        Assert.That(await ContentAsync(), Is.Empty);
        await AdministerAsync("ALTER TABLE chat_snapshots DROP CONSTRAINT no_session");
        Assert.That((await Import.ImportAsync(Options)).Added, Is.EqualTo(8));
    }

    [Test]
    public async Task A_row_of_the_source_that_cannot_be_read_leaves_nothing()
    {
        await SourceAsync(Sessions());
        await SourceAsync(
            "ALTER TABLE chat_snapshots ALTER COLUMN repository_issues TYPE text; "
            + $"UPDATE chat_snapshots SET repository_issues = 'no JSON' WHERE id = '{Id(22)}';");

        Assert.That(
            () => Import.ImportAsync(Options), Throws.InstanceOf<PostgresException>().With.Property("SqlState").EqualTo("22P02"));

        Assert.That(await ContentAsync(), Is.Empty);
    }

    [Test]
    public async Task Stopped_it_leaves_nothing()
    {
        await SourceAsync(TeamChat());
        await using var holder = new NpgsqlConnection(await AdministratorAsync());
        await holder.OpenAsync();
        await using var transaction = await holder.BeginTransactionAsync();
        await using var command = new NpgsqlCommand($"LOCK TABLE {Schema}.message", holder);
        await command.ExecuteNonQueryAsync();
        using var stopping = new CancellationTokenSource();

        var import = Import.ImportAsync(Options, stopping.Token);
        await Server.WaitForAsync(ConnectionString, "wait_event_type = 'Lock'", () => import.IsCompleted);
        await stopping.CancelAsync();

        Assert.That(() => import, Throws.InstanceOf<OperationCanceledException>());
        Assert.That(await ContentAsync(), Is.Empty);
    }

    [Test]
    public async Task The_source_may_be_another_database()
    {
        var source = await Server.CreateEmptyAsync();
        try
        {
            await ExecuteAsync(source, InSchema("public", TeamChat("public")));

            var report = await Import.ImportAsync(new() { SourceConnection = source });
            var again = await Import.ImportAsync(new() { SourceConnection = source, Kind = ChatSourceKind.Opchat });

            Assert.That((report.Added, report.IsComplete, again.Added, again.IsComplete), Is.EqualTo((16L, true, 0L, true)));
        }
        finally
        {
            await Server.DropAsync(source);
        }
    }

    [Test]
    public async Task Imports_that_are_started_at_once_bring_each_row_once()
    {
        await SourceAsync(TeamChat());

        var reports = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Import.ImportAsync(Options)));

        Assert.That(reports.Select(report => report.Added).Order(), Is.EqualTo(new[] { 0L, 0, 0, 16 }));
        Assert.That(reports.Select(report => report.IsComplete), Is.All.True);
    }

    [Test]
    public async Task Both_programs_can_be_brought_along()
    {
        await SourceAsync(TeamChat());
        await AdministerAsync(InSchema("relay", [Relay("relay"), .. SessionRows(500)]));

        var team = await Import.ImportAsync(Options);
        var sessions = await Import.ImportAsync(new() { SourceSchema = "relay" });

        Assert.That((team.Added, sessions.Added), Is.EqualTo((16L, 8L)));
        await using var db = OpenContext();
        Assert.That(await db.Chats.CountAsync(), Is.EqualTo(4));
    }

    [Test]
    public async Task A_caller_s_transaction_is_joined_also_twice()
    {
        await SourceAsync(TeamChat());
        await using (var db = OpenContext())
        {
            await using var transaction = await db.Database.BeginTransactionAsync();
            var first = await Import.In(db).ImportAsync(Options);
            var second = await Import.In(db).ImportAsync(Options);
            await transaction.RollbackAsync();

            Assert.That((first.Added, second.Added), Is.EqualTo((16L, 0L)));
        }

        Assert.That(await ContentAsync(), Is.Empty);
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Columns_that_came_late_may_be_missing(bool isTeamChat)
    {
        await SourceAsync(isTeamChat
            ? [Opchat(Schema, hasKeys: false), User(1, "ada"), Group(10, null), Member(10, 1, "ADMIN"), Line(100, 10, 1, "Hi", 20)]
            : [Relay(Schema, hasSessions: false), Session(1, "Trains"), Snapshot(20, 1, 30)]);

        var report = await Import.ImportAsync(Options);

        Assert.That((report.Added, report.IsComplete, report.Findings.Count), Is.EqualTo((isTeamChat ? 4L : 2L, true, 0)));
    }

    [Test]
    public async Task Whoever_posts_meanwhile_is_waited_for_and_the_numbers_go_on_behind()
    {
        await SourceAsync(TeamChat());
        await Import.ImportAsync(Options);
        await SourceAsync(Line(110, 11, 3, "Later", 61));
        await using var db = OpenContext();
        await using var transaction = await db.Database.BeginTransactionAsync();
        await db.Database.ExecuteSqlAsync($"SELECT id FROM chats WHERE id = {Id(11)} FOR NO KEY UPDATE");

        var import = Import.ImportAsync(Options);
        await Server.WaitForAsync(ConnectionString, "wait_event_type = 'Lock'", () => import.IsCompleted);
        await db.Database.ExecuteSqlAsync(
            $"INSERT INTO messages (chat_id, type, content, sender_id, sequence) VALUES ({Id(11)}, 'user', 'Meanwhile', {Id(1)}, 5)");
        await db.Database.ExecuteSqlAsync($"UPDATE chats SET last_sequence = 5 WHERE id = {Id(11)}");
        await transaction.CommitAsync();

        Assert.That((await import).Added, Is.EqualTo(1));
        await AssertRowsAsync($"SELECT sequence::int FROM messages WHERE id = '{Id(110)}'", "6");
    }

    [Test]
    public async Task A_name_that_somebody_takes_meanwhile_is_his()
    {
        await SourceAsync(TeamChat());
        await using var db = OpenContext();
        await using var transaction = await db.Database.BeginTransactionAsync();
        await db.Database.ExecuteSqlAsync($"INSERT INTO users (id, username) VALUES ({Id(800)}, 'CY ÜNAL')");

        var import = Import.ImportAsync(Options);
        await Server.WaitForAsync(ConnectionString, "wait_event_type = 'Lock'", () => import.IsCompleted);
        await transaction.CommitAsync();

        var report = await import;
        Assert.That(
            report.Findings.Where(finding => finding.Table == "users").Select(finding => (finding.Id, finding.Reason)),
            Is.EqualTo(new[] { ($"{Id(3)}", ChatImportReason.NameTaken) }));
        Assert.That(report.IsComplete);
    }

    [Test]
    public async Task A_chat_of_a_pair_that_is_begun_meanwhile_is_theirs()
    {
        await SourceAsync(TeamChat());
        await AdministerAsync($"INSERT INTO users (id, username) VALUES ('{Id(1)}', 'ada'), ('{Id(2)}', 'bob')");
        await using var db = OpenContext();
        await using var transaction = await db.Database.BeginTransactionAsync();
        await db.Database.ExecuteSqlAsync(
            $"INSERT INTO chats (id, kind, low_user_id, high_user_id) VALUES ({Id(800)}, 'direct', {Id(1)}, {Id(2)})");

        var import = Import.ImportAsync(Options);
        await Server.WaitForAsync(ConnectionString, "wait_event_type = 'Lock'", () => import.IsCompleted);
        await transaction.CommitAsync();

        var report = await import;
        Assert.That(
            report.Reasons.Select(reason => (reason.Table, reason.Reason, reason.Count)),
            Is.EqualTo(new[]
            {
                ("chats", ChatImportReason.PairJoined, 1L),
            }));
        Assert.That(report.IsComplete);
        await AssertRowsAsync(
            $"SELECT id, sequence::int FROM messages WHERE chat_id = '{Id(800)}' ORDER BY sequence", $"{Id(101)}|1", $"{Id(100)}|2");
    }

    [Test]
    public async Task What_two_wrote_there_goes_to_their_chat_here()
    {
        await SourceAsync(TeamChat());
        await AdministerAsync($"INSERT INTO users (id, username) VALUES ('{Id(1)}', 'ada'), ('{Id(2)}', 'bob')");
        var contexts = new Contexts(ConnectionString);
        var (messages, unread) = (new Messages(contexts), new UnreadMessages(contexts));
        var room = await new ChatRooms(contexts).OpenDirectAsync(Id(1), Id(2));
        await messages.PostAsync(new() { ChatId = room.Id, SenderId = Id(1), Content = "Here", IdempotencyKey = "k" });
        await SourceAsync(KeyedLine(120, 10, 2, "k", 90));

        var report = await Import.ImportAsync(Options);
        var content = await ContentAsync();
        var again = await Import.ImportAsync(Options);

        Assert.Multiple(async () =>
        {
            Assert.That(await ContentAsync(), Is.EqualTo(content));
            Assert.That((report.IsComplete, again.IsComplete, again.Added), Is.EqualTo((true, true, 0L)));
            Assert.That(
                report.Findings.Select(finding => (finding.Table, finding.Id, finding.Reason, finding.Detail)),
                Is.EqualTo(new (string, string, ChatImportReason, string?)[]
                {
                    ("chats", $"{Id(10)}", ChatImportReason.PairJoined, $"{room.Id}"), ("messages", $"{Id(120)}", ChatImportReason.KeyDropped, null),
                }));
            Assert.That(
                again.Tables.Select(table => (table.Table, table.Known, table.Differs)),
                Is.EqualTo(new[] { ("users", 3L, 2L), ("chats", 2, 0), ("chat_members", 5, 0), ("messages", 7, 0) }));
            await AssertRowsAsync(
                $"SELECT content, sequence::int FROM messages WHERE chat_id = '{room.Id}' ORDER BY sequence",
                "Here|1", "Hello, 'Bob' 🚂|2", "Hello\nback|3", "Line 120|4");
            await AssertRowsAsync(
                $"SELECT user_id, last_read_sequence FROM chat_members WHERE chat_id = '{room.Id}' ORDER BY 1", $"{Id(1)}|1", $"{Id(2)}|0");
            Assert.That((await unread.CountAsync(room.Id, Id(1)), await unread.CountAsync(room.Id, Id(2))), Is.EqualTo((3L, 4L)));
            Assert.That(await unread.VerifyAsync(), Is.Empty);
            Assert.That(
                (await messages.PostAsync(new() { ChatId = room.Id, SenderId = Id(2), Content = "On" })).Message.Sequence, Is.EqualTo(5));
        });
    }

    [Test]
    public async Task Two_chats_of_a_pair_become_one()
    {
        await SourceAsync(
            Opchat(Schema), User(1, "ada"), User(2, "bob"), Direct(11, 2, 1), Direct(10, 1, 2), Member(10, 1), Member(11, 1), Member(11, 2),
            Line(100, 10, 1, "First", 1), Line(101, 11, 2, "Second", 2), Line(102, 10, 1, "Third", 3));

        var report = await Import.ImportAsync(Options);

        Assert.That(report.Tables.Select(table => (table.Added, table.Known, table.IsComplete)), Is.EqualTo(new[]
        {
            (2L, 0L, true), (1, 1, true), (2, 1, true), (3, 0, true),
        }));
        await AssertRowsAsync(
            "SELECT chat_id, content FROM messages ORDER BY sequence", $"{Id(10)}|First", $"{Id(10)}|Second", $"{Id(10)}|Third");
        await AssertRowsAsync("SELECT user_id, last_read_sequence FROM chat_members ORDER BY 1", $"{Id(1)}|3", $"{Id(2)}|3");
    }

    [Test]
    public async Task Whoever_left_a_direct_chat_there_takes_part_here()
    {
        await SourceAsync(
            Opchat(Schema), User(1, "ada"), User(2, "bob"), User(3, "cy"), Direct(10, 1, 2), Direct(11, 1, 3), Direct(12, 2, 3),
            Member(10, 1), Line(100, 10, 2, "Bye", 20), Line(101, 10, 1, "Oh", 21));
        await AdministerAsync(
            $"INSERT INTO users (id, username, status, anonymized_at) VALUES ('{Id(3)}', 'gone-3', 'disabled', now())");

        var report = await Import.ImportAsync(Options);
        var again = await Import.ImportAsync(Options);

        Assert.Multiple(async () =>
        {
            Assert.That((report.IsComplete, again.IsComplete, again.Added, again.Reasons.Count), Is.EqualTo((true, true, 0L, 0)));
            Assert.That(
                report.Findings.Select(finding => (finding.Table, finding.Id, finding.Reason)),
                Is.EqualTo(new[] { $"{Id(10)}/{Id(2)}", $"{Id(11)}/{Id(1)}", $"{Id(12)}/{Id(2)}" }
                    .Select(id => ("chat_members", id, ChatImportReason.PairCompleted))));
            await AssertRowsAsync(
                "SELECT chat_id, user_id, role, last_read_sequence FROM chat_members ORDER BY 1, 2",
                $"{Id(10)}|{Id(1)}|member|2", $"{Id(10)}|{Id(2)}|member|2", $"{Id(11)}|{Id(1)}|member|0", $"{Id(12)}|{Id(2)}|member|0");
            var posted = await new Messages(new Contexts(ConnectionString)).PostAsync(
                new() { ChatId = Id(10), SenderId = Id(2), Content = "Here again" });
            Assert.That(posted.Message.Sequence, Is.EqualTo(3));
            Assert.That(await new UnreadMessages(new Contexts(ConnectionString)).VerifyAsync(), Is.Empty);
        });
    }

    // Other programs gave 7, and 9, and noted neither.
    [Test]
    public async Task What_comes_goes_behind_numbers_that_nobody_noted()
    {
        await SourceAsync(TeamChat());
        await Import.ImportAsync(Options);
        await AdministerAsync(
            $"""
            INSERT INTO messages (chat_id, type, content, sender_id, sequence)
            VALUES ('{Id(11)}', 'user', 'Unnoted', '{Id(1)}', 7), ('{Id(11)}', 'user', 'Unnoted', '{Id(1)}', 9),
                   ('{Id(10)}', 'user', 'Unnoted', '{Id(1)}', 3);
            DELETE FROM chat_members WHERE (chat_id, user_id) = ('{Id(10)}', '{Id(2)}')
            """);
        await SourceAsync(User(4, "dora"), Member(11, 4, joined: 60), Line(110, 11, 3, "Later", 61), Line(111, 11, 3, "Still later", 62));

        var report = await Import.ImportAsync(Options);

        var unread = new UnreadMessages(new Contexts(ConnectionString));
        Assert.Multiple(async () =>
        {
            Assert.That((report.IsComplete, report.Added), Is.EqualTo((true, 5L)));
            await AssertRowsAsync(
                $"SELECT sequence::int FROM messages WHERE id IN ('{Id(110)}', '{Id(111)}') ORDER BY created_at", "10", "11");
            await AssertRowsAsync("SELECT last_sequence::int FROM chats ORDER BY id", "3", "11");
            await AssertRowsAsync(
                "SELECT chat_id, user_id, last_read_sequence FROM chat_members WHERE last_read_sequence NOT IN (2, 4) ORDER BY 1, 2",
                $"{Id(10)}|{Id(2)}|3", $"{Id(11)}|{Id(4)}|11");
            Assert.That(
                (await unread.CountAsync(Id(11), Id(1)), await unread.CountAsync(Id(11), Id(4)), await unread.CountAsync(Id(10), Id(1))),
                Is.EqualTo((4L, 0L, 1L)));
            Assert.That(await unread.VerifyAsync(), Is.Empty);
        });
    }

    [Test]
    public async Task Those_wait_alone_to_whose_chat_something_comes()
    {
        await SourceAsync(TeamChat());
        await Import.ImportAsync(Options);
        var contexts = new Contexts(ConnectionString);
        var (users, messages) = (new Users(contexts, new PasswordHasher(1)), new Messages(contexts));
        await users.SetPasswordAsync(Id(3), "correct horse battery");
        await SourceAsync(Line(110, 11, 3, "Later", 61));

        Task<PostedMessage> waiting;
        await using (var db = OpenContext())
        {
            await using var transaction = await db.Database.BeginTransactionAsync();
            await Import.In(db).ImportAsync(Options);
            waiting = messages.PostAsync(new() { ChatId = Id(11), SenderId = Id(1), Content = "Waits" });
            await Server.WaitForAsync(ConnectionString, "wait_event_type = 'Lock'", () => waiting.IsCompleted);

            Assert.That(
                (await messages.PostAsync(new() { ChatId = Id(10), SenderId = Id(1), Content = "Goes on" })).Message.Sequence, Is.EqualTo(3));
            Assert.That((await users.LogInAsync("Cy Ünal", "correct horse battery")).Outcome, Is.EqualTo(LogInOutcome.Done));
            Assert.That(waiting.IsCompleted, Is.False);
            await transaction.CommitAsync();
        }

        Assert.That((await waiting).Message.Sequence, Is.EqualTo(6));
    }

    // After it is read, before it is locked.
    [Test]
    public async Task A_chat_that_goes_meanwhile_is_told()
    {
        await SourceAsync(TeamChat());
        await Import.ImportAsync(Options);
        await SourceAsync(Line(110, 11, 3, "Later", 61), Line(112, 10, 1, "Later", 61));
        await using var db = OpenContext();
        await using var transaction = await db.Database.BeginTransactionAsync();
        await db.Database.ExecuteSqlAsync($"DELETE FROM chats WHERE id = {Id(11)}");

        var import = Import.ImportAsync(Options);
        await Server.WaitForAsync(ConnectionString, "wait_event_type = 'Lock'", () => import.IsCompleted);
        await transaction.CommitAsync();

        var report = await import;
        Assert.That((report.IsComplete, report.Added), Is.EqualTo((true, 1L)));
        Assert.That(
            report.Findings.Select(finding => (finding.Table, finding.Id, finding.Reason)),
            Is.EqualTo(new[] { ("messages", $"{Id(110)}", ChatImportReason.ChatMissing) }));
    }

    [Test]
    public async Task A_member_who_is_added_meanwhile_stays_as_added()
    {
        await SourceAsync(TeamChat());
        await Import.ImportAsync(Options);
        await AdministerAsync($"INSERT INTO users (id, username) VALUES ('{Id(4)}', 'dora')");
        await SourceAsync(User(4, "dora"), Member(11, 4, joined: 60), Line(110, 11, 3, "Later", 61));
        await using var db = OpenContext();
        await using var transaction = await db.Database.BeginTransactionAsync();
        await new ChatRooms(new Contexts(ConnectionString)).In(db).AddMemberAsync(Id(11), Id(4), ChatRole.Admin);

        var import = Import.ImportAsync(Options);
        await Server.WaitForAsync(ConnectionString, "wait_event_type = 'Lock'", () => import.IsCompleted);
        await transaction.CommitAsync();

        var report = await import;
        Assert.That((report.IsComplete, report.Added, report.Tables[2].Known, report.Tables[2].Differs), Is.EqualTo((true, 1L, 6L, 1L)));
        await AssertRowsAsync($"SELECT role, last_read_sequence FROM chat_members WHERE user_id = '{Id(4)}'", "admin|4");
    }

    [TestCase("infinity")]
    [TestCase("-infinity")]
    [TestCase("0044-03-15 12:00:00+00 BC")]
    [TestCase("10000-01-01 00:00:00+00")]
    [TestCase("9999-12-31 23:59:59.999999+00")]
    public async Task People_go_on_whatever_the_times_were(string time)
    {
        await SourceAsync(TeamChat());
        await SourceAsync(
            $"UPDATE message SET created_at = '{time}'; UPDATE chat SET created_at = '{time}'; UPDATE membership SET joined_at = '{time}';",
            $"UPDATE \"user\" SET created_at = '{time}', last_login_at = '{time}';");

        var report = await Import.ImportAsync(Options);

        var contexts = new Contexts(ConnectionString);
        var posted = await new Messages(contexts).PostAsync(new() { ChatId = Id(11), SenderId = Id(1), Content = "Now" });
        await using var db = OpenContext();
        var year = DateTimeOffset.UtcNow.Year;
        Assert.That(report.Reasons.Select(reason => (reason.Table, reason.Reason, reason.Count)), Is.EqualTo(
            new[] { ("users", 3L), ("chats", 2), ("chat_members", 5), ("messages", 6) }
                .Select(one => (one.Item1, ChatImportReason.TimeFilled, one.Item2))));
        Assert.That(
            (await db.Messages.ToListAsync()).Select(message => message.CreatedAt).Append(posted.Message.CreatedAt).Select(at => at.Year),
            Is.All.EqualTo(year));
        Assert.That((await db.Users.ToListAsync()).Select(user => (user.CreatedAt.Year, user.LastLoginAt)), Is.All.EqualTo((year, default(DateTimeOffset?))));
        Assert.That((await db.ChatMembers.ToListAsync()).Select(member => member.JoinedAt.Year), Is.All.EqualTo(year));
        Assert.That((await new ChatRooms(contexts).ListAsync(Id(1))).Items, Has.Count.EqualTo(2));
    }

    [Test]
    public async Task Whoever_was_anonymised_with_us_does_not_come_back()
    {
        await SourceAsync(TeamChat());
        await Import.ImportAsync(Options);
        await new Users(new Contexts(ConnectionString), new PasswordHasher(1)).AnonymizeAsync(Id(2));
        await SourceAsync(Line(110, 11, 2, "Said before", 62));

        var report = await Import.ImportAsync(Options);

        Assert.That(
            report.Findings.Select(finding => (finding.Table, finding.Id, finding.Reason)),
            Is.EqualTo(new[]
            {
                ("chat_members", $"{Id(10)}/{Id(2)}", ChatImportReason.UserGone), ("chat_members", $"{Id(11)}/{Id(2)}", ChatImportReason.UserGone),
            }));
        await AssertRowsAsync($"SELECT username LIKE 'gone-%', password_hash FROM users WHERE id = '{Id(2)}'", "True|-");
        Assert.That(report.Added, Is.EqualTo(1));
    }

    [Test]
    public async Task The_list_is_bounded_and_shows_each_reason()
    {
        await SourceAsync(
            Opchat(Schema), User(1, "ada"), User(2, "ADA"), Group(10, "Rails"), Member(10, 1, "ADMIN"),
            $"INSERT INTO message SELECT gen_random_uuid(), '{Id(10)}', '{Id(1)}', '', now() FROM generate_series(1, 2000);");

        var report = await Import.ImportAsync(Options);
        var few = await Import.ImportAsync(new() { SourceSchema = Schema, MostFindings = 2 });

        Assert.That(report.Reasons.Select(reason => (reason.Reason, reason.Count, reason.IsChange)), Is.EqualTo(new[]
        {
            (ChatImportReason.NameTaken, 1L, false), (ChatImportReason.ContentEmpty, 2000L, false),
        }));
        Assert.That(report.Findings, Has.Count.EqualTo(1000));
        Assert.That(few.Findings.Select(finding => finding.Reason), Is.EqualTo(new[] { ChatImportReason.NameTaken, ChatImportReason.ContentEmpty }));
    }

    internal static string[] TeamChat(string schema = Schema) =>
    [
        Opchat(schema), User(1, "ada", login: 50), User(2, "bob", "DISABLED"), User(3, "Cy Ünal"), Direct(10, 1, 2), Group(11, "Rails"),
        Member(10, 1, joined: 12), Member(10, 2, joined: 12), Member(11, 1, joined: 14), Member(11, 2, joined: 13),
        Member(11, 3, "ADMIN", 15), Line(101, 10, 1, "Hello, 'Bob' 🚂", 20), Line(100, 10, 2, "Hello\nback", 21),
        Line(106, 11, 1, "with this", 32), Line(105, 11, 2, "At one time", 32), KeyedLine(104, 11, 1, "key-1", 31),
        Line(103, 11, 3, "First", 30),
    ];

    internal static string[] Sessions() => [Relay(Schema), .. SessionRows()];

    private static string[] SessionRows(int shift = 0) =>
    [
        Session(1 + shift, "Trains"), Session(5 + shift, "Rails", "rails"),
        $"""
        UPDATE chats SET active_issue_number = 7, active_issue_title = 'It leaks', active_issue_url = 'https://example.org/7', quiet_mode = true
        WHERE id = '{Id(5 + shift)}';
        """,
        Said(12 + shift, 1 + shift, "system", "Stopped", 22, """{"a": {"b": [1, null]}}"""),
        Said(11 + shift, 1 + shift, "user", "Build it", 20, """{"source":"text"}"""), Said(10 + shift, 1 + shift, "claude_streaming", "Well", 21),
        Snapshot(20 + shift, 1 + shift, 31), Snapshot(21 + shift, 1 + shift, 30, """[{"text": "Build it"}]"""), Snapshot(22 + shift, 5 + shift, 30),
        $$"""
        UPDATE chat_snapshots SET function_results = '[{"result": [1]}]', claude_todo_writes = '[{"todos": []}]', claude_session_id = 'session-1',
            repository_issues = 'null'
        WHERE id = '{{Id(20 + shift)}}';
        """,
    ];

    private static async Task ExecuteAsync(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
