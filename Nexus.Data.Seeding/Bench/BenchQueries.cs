using Nexus.Data.Chats;
using Nexus.Data.Persistence;

namespace Nexus.Data.Seeding.Bench;

/// <summary>A query that is timed.</summary>
/// <param name="Name">A word for it.</param>
/// <param name="Group">What it belongs to.</param>
/// <param name="Purpose">What is asked.</param>
/// <param name="Limit">How long 95 of 100 may take; null for no limit.</param>
/// <param name="Indexes">The indexes that serve it, each by itself; none for what reads a whole table.</param>
/// <param name="AskAsync">Asks, and gives the number of rows.</param>
internal sealed record BenchQuery(
    string Name, string Group, string Purpose, TimeSpan? Limit, string[] Indexes, Func<NexusDbContext, CancellationToken, Task<int>> AskAsync);

/// <summary>What chats are asked for all day, by the services where there is one.</summary>
/// <param name="services">The services.</param>
/// <param name="subject">What they are asked about.</param>
/// <param name="options">The limits.</param>
internal sealed class BenchQueries(BenchServices services, BenchSubject subject, BenchOptions options)
{
    private const string Timeline = "idx_messages_timeline";
    private const string Names = "users_username_key";
    private const string MembersOfChat = "chat_members_pkey";
    private const string ChatsOfMember = "idx_chat_members_user_id";

    // As the page of the service, by the number of rows before it.
    private const string Offset =
        """
        SELECT m.id, m.content, m.created_at, u.username FROM messages m LEFT JOIN users u ON u.id = m.sender_id
        WHERE m.chat_id = @chat ORDER BY m.created_at DESC, m.id DESC LIMIT 50 OFFSET 100
        """;

    // Of each of a person's chats no more than the page can show.
    private const string Recent =
        """
        SELECT n.id, n.content, n.created_at, u.username
        FROM chat_members m CROSS JOIN LATERAL (
            SELECT * FROM messages n WHERE n.chat_id = m.chat_id ORDER BY n.created_at DESC, n.id DESC LIMIT 100) n
        LEFT JOIN users u ON u.id = n.sender_id
        WHERE m.user_id = @user ORDER BY n.created_at DESC, n.id DESC LIMIT 100
        """;

    private const string Counts =
        "SELECT chat_id, count(*) FROM messages GROUP BY chat_id ORDER BY count(*) DESC, chat_id LIMIT 20";

    public IReadOnlyList<BenchQuery> All =>
    [
        new("newest", "timeline", "the newest 50 messages of a chat", options.TimelineLimit, [Timeline],
            async (db, token) => (await services.Messages.In(db).OlderAsync(subject.ChatId, subject.UserId, null, 50, token)).Messages.Count),
        new("page", "timeline", "50 behind 100, by a cursor", options.TimelineLimit, [Timeline],
            async (db, token) => (await services.Messages.In(db).OlderAsync(subject.ChatId, subject.UserId, subject.Cursor, 50, token)).Messages.Count),
        new("offset", "timeline", "50 behind 100, by their number", options.TimelineLimit, [Timeline],
            (db, token) => CountAsync(db, Offset, token)),
        new("search", "timeline", "the newest 20 messages of a chat with 'the'", options.TimelineLimit, ["idx_messages_words"],
            async (db, token) => (await services.Messages.In(db).SearchAsync(subject.ChatId, subject.UserId, "the", limit: 20, cancellationToken: token)).Items.Count),
        new("name", "people", "somebody by name", options.LookUpLimit, [Names],
            async (db, token) => await services.Users.In(db).FindByNameAsync(subject.Username, token) is null ? 0 : 1),
        new("prefix", "people", "20 people whose names begin with 'a'", options.LookUpLimit, [Names],
            async (db, token) => (await services.Users.In(db).SearchUsersAsync("a", limit: 20, cancellationToken: token)).Items.Count),
        new("rooms", "membership", "a person's chats with title, newest message and what is unread", options.MembershipLimit, [ChatsOfMember],
            async (db, token) => (await services.Rooms.In(db).ListAsync(subject.UserId, limit: 50, cancellationToken: token)).Items.Count),
        new("people", "membership", "who is in a chat", options.MembershipLimit, [MembersOfChat],
            async (db, token) => (await services.Rooms.In(db).MembersAsync(subject.ChatId, limit: 200, cancellationToken: token)).Items.Count),
        new("member", "membership", "whether somebody is in a chat, and as what", options.MembershipLimit, [MembersOfChat, ChatsOfMember],
            async (db, token) => await services.Rooms.In(db).FindRoleAsync(subject.ChatId, subject.UserId, token) is null ? 0 : 1),
        new("unread", "membership", "how much a person has not read", options.MembershipLimit, [ChatsOfMember],
            async (db, token) => await services.Unread.In(db).CountAllAsync(subject.UserId, token) >= 0 ? 1 : 0),
        new("recent", "joins", "the newest 100 messages of all chats of a person", null, [Timeline, "messages_sequence_key"], (db, token) => CountAsync(db, Recent, token)),
        new("counts", "joins", "the 20 chats with the most messages, counted", null, [], (db, token) => CountAsync(db, Counts, token)),
    ];

    private async Task<int> CountAsync(NexusDbContext db, string sql, CancellationToken cancellationToken)
        => (await db.ReadAllAsync(
            sql, [DbCommands.Uuid("chat", subject.ChatId), DbCommands.Uuid("user", subject.UserId)], row => row.GetValue(1), cancellationToken)).Count;
}

/// <summary>What the queries are asked of.</summary>
internal sealed record BenchServices(Messages Messages, Users Users, ChatRooms Rooms, UnreadMessages Unread);

/// <summary>What the queries are asked about.</summary>
/// <param name="ChatId">The chat with the most messages.</param>
/// <param name="ChatMessages">How many it has.</param>
/// <param name="UserId">Of its members the one in most chats.</param>
/// <param name="Username">That one's name.</param>
/// <param name="Cursor">Behind its newest 100 messages; null where there are no more.</param>
internal sealed record BenchSubject(Guid ChatId, long ChatMessages, Guid UserId, string Username, string? Cursor);
