using Nexus.Data.Chats;
using Nexus.Data.Tests.Fixtures;
using Npgsql;

namespace Nexus.Data.Tests.Chats;

/// <summary>What the tables of chats refuse by themselves, whoever writes.</summary>
public sealed class ChatSchemaTests : DatabaseTest
{
    private const string People =
        """
        INSERT INTO users (id, username) VALUES
            ('00000000-0000-0000-0000-00000000000a', 'ada'), ('00000000-0000-0000-0000-00000000000b', 'bob');
        INSERT INTO chats (id, kind, title, repository_name, repository_full_name, quiet_mode)
        VALUES ('00000000-0000-0000-0000-000000000001', 'repository', 'A title', 'nexus', 'octo/nexus', false);
        INSERT INTO chats (id, kind, topic) VALUES ('00000000-0000-0000-0000-000000000002', 'group', NULL);
        INSERT INTO chats (id, kind, low_user_id, high_user_id)
        VALUES ('00000000-0000-0000-0000-000000000003', 'direct', '00000000-0000-0000-0000-00000000000a',
                '00000000-0000-0000-0000-00000000000b');
        """;

    private const string Ada = "'00000000-0000-0000-0000-00000000000a'";
    private const string Bob = "'00000000-0000-0000-0000-00000000000b'";
    private const string Repository = "'00000000-0000-0000-0000-000000000001'";
    private const string Group = "'00000000-0000-0000-0000-000000000002'";
    private const string Writer = "'00000000-0000-0000-0000-00000000000c'";
    private const string Nobody = "'00000000-0000-0000-0000-0000000000ff'";

    [TestCase("INSERT INTO chats (kind, topic) VALUES ('channel', 'x')", "chats_kind_check")]
    [TestCase("INSERT INTO chats (kind, title) VALUES ('repository', 'x')", "chats_shape_check")]
    [TestCase("INSERT INTO chats (kind, title) VALUES ('group', 'x')", "chats_shape_check")]
    [TestCase("UPDATE chats SET topic = 'x' WHERE kind = 'repository'", "chats_shape_check")]
    [TestCase("UPDATE chats SET active_issue_title = 'x' WHERE kind = 'repository'", "chats_shape_check")]
    [TestCase("UPDATE chats SET title = '' WHERE kind = 'repository'", "chats_text_check")]
    [TestCase($"UPDATE chats SET low_user_id = {Ada} WHERE kind = 'group'", "chats_shape_check")]
    [TestCase($"INSERT INTO chats (kind, low_user_id) VALUES ('direct', {Ada})", "chats_shape_check")]
    [TestCase($"INSERT INTO chats (kind, low_user_id, high_user_id) VALUES ('direct', {Ada}, {Ada})", "chats_shape_check")]
    [TestCase($"INSERT INTO chats (kind, low_user_id, high_user_id) VALUES ('direct', {Bob}, {Ada})", "chats_shape_check")]
    [TestCase($"INSERT INTO chats (kind, low_user_id, high_user_id) VALUES ('direct', {Ada}, {Bob})", "chats_direct_pair_key")]
    [TestCase($"INSERT INTO chats (kind, low_user_id, high_user_id) VALUES ('direct', {Ada}, {Nobody})", "chats_high_user_id_fkey")]
    [TestCase($"INSERT INTO chats (kind, created_by_user_id) VALUES ('group', {Nobody})", "chats_created_by_user_id_fkey")]
    [TestCase($"INSERT INTO chat_members (chat_id, user_id, role) VALUES ({Group}, {Ada}, 'owner')", "chat_members_role_check")]
    [TestCase($"INSERT INTO chat_members (chat_id, user_id) VALUES ({Group}, {Ada}), ({Group}, {Ada})", "chat_members_pkey")]
    [TestCase($"INSERT INTO chat_members (chat_id, user_id) VALUES ({Group}, {Nobody})", "chat_members_user_id_fkey")]
    [TestCase($"INSERT INTO chat_members (chat_id, user_id) VALUES ({Nobody}, {Ada})", "chat_members_chat_id_fkey")]
    [TestCase($"INSERT INTO messages (chat_id, type, content, sequence) VALUES ({Group}, 'shout', 'x', 1)", "messages_type_check")]
    [TestCase($"INSERT INTO messages (chat_id, type, content, sequence) VALUES ({Group}, 'user', '', 1)", "messages_content_check")]
    [TestCase($"INSERT INTO messages (chat_id, type, content, sequence, metadata) VALUES ({Group}, 'user', 'x', 1, '[]')", "messages_metadata_check")]
    [TestCase($"INSERT INTO messages (chat_id, type, content, sequence, sender_id) VALUES ({Group}, 'claude', 'x', 1, {Ada})", "messages_sender_check")]
    [TestCase($"INSERT INTO messages (chat_id, type, content, sequence, sender_id) VALUES ({Group}, 'user', 'x', 1, {Nobody})", "messages_sender_id_fkey")]
    [TestCase($"INSERT INTO messages (chat_id, type, content, sequence) VALUES ({Nobody}, 'user', 'x', 1)", "messages_chat_id_fkey")]
    [TestCase($"INSERT INTO messages (chat_id, type, content, sequence) VALUES ({Group}, 'user', 'x', 1), ({Group}, 'user', 'y', 1)", "messages_sequence_key")]
    [TestCase($"INSERT INTO messages (chat_id, type, content, sequence, idempotency_key) VALUES ({Group}, 'user', 'x', 1, 'k'), ({Group}, 'user', 'y', 2, 'k')", "messages_idempotency_key")]
    [TestCase($"INSERT INTO messages (chat_id, type, content, sequence, idempotency_key) VALUES ({Group}, 'user', 'x', 1, '')", "messages_idempotency_key_check")]
    [TestCase($"INSERT INTO chat_snapshots (chat_id, version, transcriptions) VALUES ({Repository}, 1, '{{}}')", "chat_snapshots_arrays_check")]
    [TestCase($"INSERT INTO chat_snapshots (chat_id, version) VALUES ({Repository}, 1), ({Repository}, 1)", "chat_snapshots_version_key")]
    [TestCase($"INSERT INTO chat_snapshots (chat_id, version) VALUES ({Repository}, 0)", "chat_snapshots_version_check")]
    public async Task It_is_refused_by_name(string sql, string constraint)
    {
        await AdministerAsync(People);

        Assert.That(
            () => AdministerAsync(sql), Throws.InstanceOf<PostgresException>().With.Property("ConstraintName").EqualTo(constraint));
    }

    [Test]
    public async Task A_person_with_messages_or_a_direct_chat_cannot_be_deleted_and_a_chat_takes_along_what_hangs_on_it()
    {
        await AdministerAsync(People);
        await AdministerAsync(
            $"""
            INSERT INTO chat_members (chat_id, user_id) VALUES ({Group}, {Ada});
            INSERT INTO users (id, username) VALUES ({Writer}, 'cy');
            INSERT INTO messages (chat_id, type, content, sequence, sender_id)
            VALUES ({Group}, 'user', 'x', 1, {Writer}), ({Repository}, 'user', 'x', 1, NULL);
            INSERT INTO chat_snapshots (chat_id, version) VALUES ({Repository}, 1)
            """);

        foreach (var (user, constraint) in new[]
        {
            (Ada, "chats_low_user_id_fkey"), (Bob, "chats_high_user_id_fkey"), (Writer, "messages_sender_id_fkey"),
        })
        {
            Assert.That(
                () => AdministerAsync($"DELETE FROM users WHERE id = {user}"),
                Throws.InstanceOf<PostgresException>().With.Property("ConstraintName").EqualTo(constraint));
        }

        await AdministerAsync("DELETE FROM chats");

        await using var db = OpenContext();
        Assert.That((db.ChatMembers.Count(), db.Messages.Count(), db.ChatSnapshots.Count()), Is.EqualTo((0, 0, 0)));
    }

    [Test]
    public async Task Each_kind_comes_back_as_what_it_is()
    {
        await AdministerAsync(People);

        await using var db = OpenContext();
        var chats = db.Chats.OrderBy(chat => chat.Id).ToList();
        Assert.That(new GroupChat().Kind, Is.EqualTo(ChatKind.Group), "Also before it is saved.");
        Assert.That(
            chats.Select(chat => (chat.GetType(), chat.Kind)),
            Is.EqualTo(((Type, ChatKind)[])
            [
                (typeof(RepositoryChat), ChatKind.Repository), (typeof(GroupChat), ChatKind.Group),
                (typeof(DirectChat), ChatKind.Direct),
            ]));
    }

    // The server makes no words of more than a megabyte, and none longer than two kilobytes.
    [Test]
    public async Task A_message_may_be_longer_than_what_can_be_searched()
    {
        await AdministerAsync(People);
        var text = string.Join(' ', Enumerable.Range(0, 400_000)) + new string('x', 100_000);

        await using (var db = OpenContext())
        {
            db.Add(new Message { ChatId = Guid.Parse(Group.Trim('\'')), Type = MessageType.User, Content = text, Sequence = 1 });
            await db.SaveChangesAsync();
        }

        await using var read = OpenContext();
        Assert.That(read.Messages.Single().Content, Is.EqualTo(text));
    }
}
