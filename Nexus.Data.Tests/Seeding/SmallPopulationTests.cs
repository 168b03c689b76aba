using Microsoft.EntityFrameworkCore;
using Nexus.Data.Chats;
using Nexus.Data.Seeding.Populations;
using Nexus.Data.Tests.Fixtures;
using Npgsql;

namespace Nexus.Data.Tests.Seeding;

public sealed class SmallPopulationTests : ServiceTest
{
    private static readonly DateTimeOffset _noon = new(2025, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private static readonly Guid _alice = Guid.Parse("5c5c2c16-4ead-6e3f-0aa2-e8db34327753");
    private static readonly Guid _bob = Guid.Parse("ab65119b-d544-c855-7915-190bd5254f64");
    private static readonly Guid _diana = Guid.Parse("4cd79f5f-74fb-3a03-f1fc-f9ab41d40b75");
    private static readonly Guid _pair = Guid.Parse("c0cb794e-4c88-badf-a230-e86bcca07bcb");
    private static readonly Guid _developers = Guid.Parse("9daeac7f-674c-1b3d-03f2-00be051ef806");

    [Test]
    public async Task The_rows_have_the_identifiers_that_follow_from_their_names()
    {
        var report = await PutAsync(_noon);

        await using var db = OpenContext();
        var chats = await db.Chats.OrderBy(chat => chat.CreatedAt).ToListAsync();
        var messages = await db.Messages.OrderBy(message => message.CreatedAt).ToListAsync();
        Assert.Multiple(async () =>
        {
            Assert.That(report.Tables.Select(table => (table.Table, table.Rows, table.Added, table.Changed)), Is.EqualTo(new[]
            {
                ("users", 5L, 5L, 0L), ("chats", 4L, 4L, 0L), ("chat_members", 10L, 10L, 0L), ("messages", 16L, 16L, 0L),
            }));
            Assert.That(await db.Users.OrderBy(user => user.Username).Select(user => user.Id.ToString()).ToListAsync(), Is.EqualTo([
                "5c5c2c16-4ead-6e3f-0aa2-e8db34327753", "ab65119b-d544-c855-7915-190bd5254f64", "63151033-6d29-6d16-760c-135afdba1625",
                "4cd79f5f-74fb-3a03-f1fc-f9ab41d40b75", "8cad62e2-f7ee-3f66-664f-db44c5e39ffb",
            ]));
            Assert.That(chats.Select(chat => chat.Id.ToString()), Is.EquivalentTo([
                "c0cb794e-4c88-badf-a230-e86bcca07bcb", "9844c5c7-db4d-5de4-a7a3-95ce1586edf6", "9daeac7f-674c-1b3d-03f2-00be051ef806",
                "91f8b74b-6f83-ccef-925b-a32648e0dc15",
            ]));
            Assert.That(messages.Where(message => message.Sequence == 1).Select(message => message.Id.ToString()), Is.EqualTo([
                "cc24c495-6112-94f5-a2df-2276adc405ce", "b4ca21f0-bb3d-1aad-29a3-4ffcd679f0fa", "e9fe217c-cd63-f301-7265-f55fc6d1e749",
                "c605e5e7-1339-46eb-138b-95c134f96818",
            ]));
            Assert.That(messages[^1].Id, Is.EqualTo(Guid.Parse("1dc0340a-29a1-b967-8a4e-113cab3dbb69")));
            Assert.That(messages.Select(message => (_noon - message.CreatedAt).TotalMinutes), Is.EqualTo(
                [120, 115, 110, 90, 85, 80, 75, 60, 58, 55, 50, 40, 35, 30, 25, 20]));
            Assert.That(chats.Select(chat => _noon - chat.CreatedAt), Is.All.EqualTo(TimeSpan.FromMinutes(150)));
            Assert.That(chats.OfType<DirectChat>().Select(chat => chat.LowUserId), Is.EquivalentTo(new[] { _alice, _diana }));
            Assert.That(chats.Sum(chat => chat.LastSequence), Is.EqualTo(16));
            Assert.That(await db.ChatMembers.Where(member => member.Role == ChatRole.Admin).Select(member => member.UserId).ToListAsync(), Is.EquivalentTo(new[] { _alice, _diana }));
            Assert.That(await Service<UnreadMessages>().VerifyAsync(), Is.Empty);
            Assert.That(await Service<UnreadMessages>().CountAsync(_pair, _bob), Is.EqualTo(1));
            Assert.That(await Service<UnreadMessages>().CountAsync(_pair, _alice), Is.Zero);
        });
    }

    [Test]
    public async Task A_seeded_person_logs_in_and_posts()
    {
        await PutAsync(null);

        var logIn = await Service<Users>().LogInAsync("alice", SeedPassword.Value);
        var posted = await Service<Messages>().PostAsync(new() { ChatId = _pair, SenderId = _alice, Content = "Hello" });

        Assert.That(logIn.Outcome, Is.EqualTo(LogInOutcome.Done));
        Assert.That(posted.Message.Sequence, Is.EqualTo(4));
    }

    [Test]
    public async Task Done_twice_the_rows_are_the_same_to_the_last_byte()
    {
        await PutAsync(null);
        var before = await RowsAsync();

        var again = await PutAsync(null);

        Assert.That((again.Added, again.Changed), Is.EqualTo((0L, 0L)));
        Assert.That(await RowsAsync(), Is.EqualTo(before));
    }

    [Test]
    public async Task At_the_same_time_the_rows_are_the_same_in_any_database()
    {
        await PutAsync(_noon);
        var before = await RowsAsync();
        await AdministerAsync("TRUNCATE users, chats CASCADE");

        await PutAsync(_noon);

        Assert.That(await RowsAsync(), Is.EqualTo(before));
    }

    [Test]
    public async Task What_is_missing_or_differs_is_put_right_and_rows_of_others_stay()
    {
        await PutAsync(_noon);
        var before = await RowsAsync();
        var zoe = await Service<Users>().CreateAsync("zoe", "correct horse");
        await Service<ChatRooms>().AddMemberAsync(_developers, zoe.Id);
        var posted = await Service<Messages>().PostAsync(new() { ChatId = _developers, SenderId = zoe.Id, Content = "Hello" });
        await Service<Messages>().DeleteAsync(Guid.Parse("e9fe217c-cd63-f301-7265-f55fc6d1e749"), _alice);
        await AdministerAsync(
            $"""
            UPDATE users SET username = 'bobby', status = 'disabled' WHERE id = '{_bob}';
            UPDATE chats SET topic = 'Other' WHERE id = '{_developers}';
            UPDATE messages SET content = 'Changed' WHERE chat_id = '{_pair}' AND sequence = 2;
            DELETE FROM chat_members WHERE chat_id = '{_pair}' AND user_id = '{_alice}'
            """);

        var report = await PutAsync(null);

        await using var db = OpenContext();
        Assert.Multiple(async () =>
        {
            Assert.That(report.At, Is.EqualTo(_noon));
            Assert.That(report.Tables.Select(table => (table.Rows, table.Added, table.Changed)), Is.EqualTo(
                new[] { (5L, 0L, 1L), (4L, 0L, 1L), (10L, 1L, 0L), (16L, 1L, 1L) }));
            Assert.That(await Service<UnreadMessages>().VerifyAsync(), Is.Empty);
            Assert.That(await db.Messages.AnyAsync(message => message.Id == posted.Message.Id), Is.True);
            Assert.That(await db.Users.CountAsync(), Is.EqualTo(6));
            Assert.That(await db.ChatMembers.CountAsync(), Is.EqualTo(11));
            Assert.That(await db.Chats.Where(chat => chat.Id == _developers).Select(chat => chat.LastSequence).SingleAsync(), Is.EqualTo(5));
        });
        await Service<Messages>().DeleteAsync(posted.Message.Id, zoe.Id);
        await AdministerAsync(
            $"""
            DELETE FROM users WHERE id = '{zoe.Id}';
            UPDATE chats SET last_sequence = 4, last_accessed_at = '{_noon.AddMinutes(-50):O}' WHERE id = '{_developers}';
            UPDATE chat_members SET unread_gaps = 0
            """);
        Assert.That(await RowsAsync(), Is.EqualTo(before));
    }

    [Test]
    public async Task Somebody_else_of_that_name_and_another_chat_of_the_two_are_told_of()
    {
        var alice = await Service<Users>().CreateAsync("ALICE", "correct horse");

        var name = Assert.ThrowsAsync<NexusDataException>(() => PutAsync(null));
        await AdministerAsync($"DELETE FROM users WHERE id = '{alice.Id}'");
        await PutAsync(null);
        await AdministerAsync($"DELETE FROM chats WHERE id = '{_pair}'");
        await Service<ChatRooms>().OpenDirectAsync(_alice, _bob);
        var before = await RowsAsync();
        var pair = Assert.ThrowsAsync<NexusDataException>(() => PutAsync(null));

        Assert.Multiple(async () =>
        {
            Assert.That(name!.Kind, Is.EqualTo(NexusDataErrorKind.Conflict));
            Assert.That(name.Message, Does.Contain("ALICE"));
            Assert.That(pair!.Message, Does.StartWith("alice and bob have another direct chat"));
            Assert.That(await RowsAsync(), Is.EqualTo(before));
        });
    }

    [Test]
    public async Task Those_who_populate_at_once_do_it_once()
    {
        var reports = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => PutAsync(null)));

        Assert.That(reports.Sum(report => report.Added), Is.EqualTo(35));
        Assert.That(reports.Sum(report => report.Changed), Is.Zero);
    }

    [Test]
    public void A_time_in_the_future_is_refused()
        => Assert.That(() => PutAsync(DateTimeOffset.UtcNow.AddDays(1)), Throws.InstanceOf<NexusDataException>());

    [TestCase("""{"users": [{"name": "ada"}, {"name": "ADA"}]}""", null, "$.users[1].name: there is another 'ADA'")]
    [TestCase("""{"users": [{"nam": "ada"}]}""", null, "$.users[0].nam: there is no such member; it may have 'name', 'password'")]
    [TestCase("""{"users": [{}]}""", null, "$.users[0]: the member 'name' is missing")]
    [TestCase("""{"users": [{"name": " "}]}""", null, "$.users[0].name: The text must not be empty")]
    [TestCase("""{"users": [{"name": 7}]}""", null, "$.users[0].name: this is to be a text")]
    [TestCase("""{"users": {}}""", null, "$.users: this is to be an array")]
    [TestCase("[]", null, "$: this is to be an object with 'users'")]
    [TestCase("{\"users\":\n [}", null, "line 2, byte 3: this is no JSON")]
    [TestCase("""{"users": [{"name": "\ud800"}]}""", null, "$.users[0].name")]
    [TestCase(null, """{"conversations": [{"kind": "room", "participants": ["alice"], "messages": []}]}""", "$.conversations[0].kind: a conversation is 'direct' or 'group'")]
    [TestCase(null, """{"conversations": [{"kind": "group", "topic": "T", "participants": ["zoe"], "messages": []}]}""", "$.conversations[0].participants[0]: there is no user 'zoe'")]
    [TestCase(null, """{"conversations": [{"kind": "group", "topic": "T", "participants": ["bob", "bob"], "messages": []}]}""", "participants[1]: 'bob' takes part once")]
    [TestCase(null, """{"conversations": [{"kind": "direct", "participants": ["bob"], "messages": []}]}""", "participants: a direct chat has two")]
    [TestCase(null, """{"conversations": [{"kind": "direct", "topic": "T", "participants": ["bob", "eve"], "messages": []}]}""", "topic: only a group")]
    [TestCase(null, """{"conversations": [{"kind": "direct", "participants": ["bob", "eve"], "messages": []}, {"kind": "direct", "participants": ["eve", "bob"], "messages": []}]}""", "$.conversations[1]: there is another direct chat")]
    [TestCase(null, """{"conversations": [{"kind": "group", "topic": "T", "participants": ["bob"], "messages": [{"sender": "eve", "minutes": -1, "content": "x"}]}]}""", "messages[0].sender: 'eve' is no participant")]
    [TestCase(null, """{"conversations": [{"kind": "group", "topic": "T", "participants": ["bob"], "messages": [{"sender": "bob", "minutes": 1, "content": "x"}]}]}""", "messages[0].minutes: this is to be a whole number")]
    [TestCase(null, """{"conversations": [{"kind": "group", "topic": "T", "participants": ["bob"], "messages": [{"sender": "bob", "minutes": -1, "content": "x"}, {"sender": "bob", "minutes": -1, "content": "y"}]}]}""", "messages[1].minutes: each message is later")]
    public void A_wrong_file_is_told_with_its_name_and_the_place_in_it(string? users, string? conversations, string said)
    {
        using var folder = new TemporaryFiles();

        var exception = Assert.Throws<NexusDataException>(
            () => SmallPopulation.Read(folder.Write("people.json", users), folder.Write("talks.json", conversations)));

        Assert.Multiple(() =>
        {
            Assert.That(exception!.Kind, Is.EqualTo(NexusDataErrorKind.Validation));
            Assert.That(exception.Message, Does.Contain(said).And.Contain(users is null ? "talks.json" : "people.json"));
        });
    }

    [Test]
    public async Task Files_of_the_caller_take_the_place_of_ours()
    {
        using var folder = new TemporaryFiles();
        var population = SmallPopulation.Read(
            folder.Write("people.json", """{"users": [{"name": "ada", "password": "correct horse"}, {"name": "bob"}]}"""),
            folder.Write(
                "talks.json",
                """
                {"conversations": [{"kind": "direct", "participants": ["bob", "ada"],
                  "messages": [{"sender": "ada", "minutes": -100000, "content": "Long ago"}, {"sender": "bob", "minutes": 0, "content": "  Now "}]}]}
                """));

        await Store().PutAsync(population, new() { At = _noon });

        await using var db = OpenContext();
        Assert.Multiple(async () =>
        {
            Assert.That((await Service<Users>().LogInAsync("ada", "correct horse")).Outcome, Is.EqualTo(LogInOutcome.Done));
            Assert.That(await db.Messages.OrderBy(message => message.Sequence).Select(message => message.Content).ToListAsync(), Is.EqualTo(["Long ago", "  Now "]));
            Assert.That(await db.Users.AnyAsync(user => user.CreatedAt >= db.Chats.Min(chat => chat.CreatedAt)), Is.False);
            Assert.That(await db.ChatMembers.AnyAsync(member => member.JoinedAt >= db.Messages.Min(message => message.CreatedAt)), Is.False);
            Assert.That(await Service<UnreadMessages>().VerifyAsync(), Is.Empty);
        });
    }

    private PopulationStore Store() => new(Contexts());

    private Task<PopulationReport> PutAsync(DateTimeOffset? at) => Store().PutAsync(SmallPopulation.Read(), new() { At = at });

    // Without the transaction that wrote a message.
    private async Task<string> RowsAsync()
    {
        await using var source = NpgsqlDataSource.Create(ConnectionString);
        await using var command = source.CreateCommand(
            """
            SELECT string_agg(row, E'\n' ORDER BY row) FROM (
                SELECT u::text FROM users u UNION ALL SELECT c::text FROM chats c UNION ALL SELECT m::text FROM chat_members m
                UNION ALL SELECT (to_jsonb(m) - 'written_in')::text FROM messages m) t (row)
            """);
        return (string)(await command.ExecuteScalarAsync())!;
    }

    private sealed class TemporaryFiles : IDisposable
    {
        private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory();

        public string? Write(string name, string? text)
        {
            if (text is null)
            {
                return null;
            }

            var path = Path.Combine(_folder.FullName, name);
            File.WriteAllText(path, text);
            return path;
        }

        public void Dispose() => _folder.Delete(recursive: true);
    }
}
