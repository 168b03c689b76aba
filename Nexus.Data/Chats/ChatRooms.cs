using System.Diagnostics.CodeAnalysis;
using Microsoft.EntityFrameworkCore;
using Nexus.Data.Persistence;
using Npgsql;

namespace Nexus.Data.Chats;

/// <summary>The rooms of the team chat: direct chats and groups, and who is in them. Each method saves what it changes, in a
/// transaction of its own or in the caller's. Who may add, remove and promote whom is the host's to decide.</summary>
public sealed class ChatRooms
{
    private const int LongestPage = 200;

    private readonly UnitOfWork _work;

    /// <summary>Creates the service.</summary>
    /// <param name="contexts">Makes the contexts.</param>
    public ChatRooms(IDbContextFactory<NexusDbContext> contexts)
        : this(new UnitOfWork(contexts))
    {
    }

    private ChatRooms(UnitOfWork work) => _work = work;

    /// <summary>The same in a context of the caller's, and in its transaction.</summary>
    /// <param name="db">The caller's context.</param>
    [SuppressMessage("Performance", "CA1822", Justification = "Every service is joined to a context in the same way.")]
    public ChatRooms In(NexusDbContext db) => new(new UnitOfWork(db));

    /// <summary>The direct chat of two people, which is made where there is none: once for the pair, however many ask at
    /// once.</summary>
    /// <param name="userId">One of them.</param>
    /// <param name="otherUserId">The other one.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>Also one that there is with somebody who has gone since.</returns>
    /// <exception cref="NexusDataException">There is no such user, or not any more (not found), or it is one person
    /// (validation).</exception>
    public async Task<RoomInfo> OpenDirectAsync(Guid userId, Guid otherUserId, CancellationToken cancellationToken = default)
    {
        if (userId == otherUserId)
        {
            throw new NexusDataException(
                NexusDataErrorKind.Validation, $"A direct chat is of two people, and user {userId} is one: name another one.");
        }

        // Guids are ordered as the server orders them.
        var (low, high) = userId.CompareTo(otherUserId) < 0 ? (userId, otherUserId) : (otherUserId, userId);
        var id = Guid.CreateVersion7();
        return await _work.ReadAsync(
            async (db, token) =>
            {
                var known = await db.ReadAllAsync(
                    $"SELECT {RoomInfo.Columns} FROM chats c WHERE {OfPair}",
                    [DbCommands.Uuid("low", low), DbCommands.Uuid("high", high)], RoomInfo.Read, token);
                return known.Count > 0 ? known[0] : await CreateAsync(
                    db, $"""
                    INSERT INTO chats (id, kind, low_user_id, high_user_id)
                    SELECT @id, 'direct', @low, @high WHERE {AreAllHere} ON CONFLICT DO NOTHING;
                    INSERT INTO chat_members (chat_id, user_id) SELECT id, unnest(@users) FROM chats WHERE id = @id ON CONFLICT DO NOTHING;
                    SELECT {RoomInfo.Columns} FROM chats c WHERE {OfPair}
                    """,
                    [low, high], [DbCommands.Uuid("id", id), DbCommands.Uuid("low", low), DbCommands.Uuid("high", high)], token);
            },
            cancellationToken);
    }

    /// <summary>Makes a group. Each call makes another one.</summary>
    /// <param name="creatorId">Who makes it, and is its admin.</param>
    /// <param name="topic">What it is about, at most 255 characters; null for nothing in particular.</param>
    /// <param name="memberIds">Who else is in it; whoever is named twice, or made it, is in it once.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <exception cref="NexusDataException">There is no such user, or not any more (not found), whoever makes it is disabled
    /// (forbidden), or the topic is too long (validation).</exception>
    public Task<RoomInfo> CreateGroupAsync(
        Guid creatorId, string? topic, IEnumerable<Guid> memberIds, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(memberIds);
        var given = TextField.Optional(topic, ChatConfiguration.LongestTitle, "topic of a group");
        Guid[] users = [.. memberIds.Prepend(creatorId).Distinct()];
        var id = Guid.CreateVersion7();
        return _work.ReadAsync(
            (db, token) => CreateAsync(
                db, $"""
                INSERT INTO chats (id, kind, topic, created_by_user_id)
                SELECT @id, 'group', @topic, @creator
                WHERE {AreAllHere} AND (SELECT status FROM users WHERE id = @creator) = 'active'
                ON CONFLICT DO NOTHING;
                INSERT INTO chat_members (chat_id, user_id, role)
                SELECT c.id, u, CASE WHEN u = @creator THEN 'admin' ELSE 'member' END
                FROM chats c, unnest(@users) u WHERE c.id = @id ON CONFLICT DO NOTHING;
                SELECT {RoomInfo.Columns} FROM chats c WHERE c.id = @id
                """,
                users, [DbCommands.Uuid("id", id), DbCommands.Text("topic", given), DbCommands.Uuid("creator", creatorId)], token),
            cancellationToken);
    }

    /// <summary>A room; null where there is none.</summary>
    /// <param name="id">The room.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    public Task<RoomInfo?> FindAsync(Guid id, CancellationToken cancellationToken = default)
        => _work.ReadAsync(
            async (db, token) => (await db.ReadAllAsync(
                $"SELECT {RoomInfo.Columns} FROM chats c WHERE c.id = @id AND c.kind <> 'repository'",
                [DbCommands.Uuid("id", id)], RoomInfo.Read, token)).SingleOrDefault(),
            cancellationToken);

    /// <summary>What a person may do in a room; null for whoever is no member.</summary>
    /// <param name="chatId">The room.</param>
    /// <param name="userId">The person.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    public Task<ChatRole?> FindRoleAsync(Guid chatId, Guid userId, CancellationToken cancellationToken = default)
        => _work.ReadAsync(
            async (db, token) => (await db.ReadAllAsync(
                "SELECT role FROM chat_members WHERE chat_id = @chat AND user_id = @user",
                [DbCommands.Uuid("chat", chatId), DbCommands.Uuid("user", userId)],
                row => (ChatRole?)EnumText<ChatRole>.Parse(row.GetString(0)), token)).SingleOrDefault(),
            cancellationToken);

    /// <summary>Who is in a room, in the order in which they were added.</summary>
    /// <param name="chatId">The room.</param>
    /// <param name="after">The cursor of the page before; null for the first page.</param>
    /// <param name="limit">How many at most: 1 to 200.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>Empty where there is no such room.</returns>
    /// <exception cref="NexusDataException">The cursor is of another list (validation).</exception>
    public Task<Page<RoomMember>> MembersAsync(
        Guid chatId, string? after = null, int limit = 50, CancellationToken cancellationToken = default)
    {
        ChatPages.Check(limit, LongestPage);
        var cursor = new PageCursor("members", chatId);
        var last = cursor.Read(after);
        return _work.ReadAsync(
            async (db, token) =>
            {
                var later = last is null ? "" : "AND (m.joined_at, m.user_id) > (@time, @id)";
                var found = await db.ReadAllAsync(
                    $"""
                    SELECT m.user_id, u.username, u.status, m.role, m.joined_at
                    FROM chat_members m JOIN users u ON u.id = m.user_id WHERE m.chat_id = @chat {later}
                    ORDER BY m.joined_at, m.user_id LIMIT @limit
                    """,
                    [DbCommands.Uuid("chat", chatId), DbCommands.Number("limit", limit + 1), .. ChatPages.Place(last)],
                    row => new RoomMember(
                        row.GetGuid(0), row.GetString(1), EnumText<UserStatus>.Parse(row.GetString(2)),
                        EnumText<ChatRole>.Parse(row.GetString(3)), row.GetFieldValue<DateTimeOffset>(4)),
                    token);
                return new Page<RoomMember>(
                    [.. found.Take(limit)], cursor.Next(found, limit, member => [member.JoinedAt, member.UserId]));
            },
            cancellationToken);
    }

    /// <summary>A person's rooms by when they were last written to, newest first, each with its title, its newest message and how
    /// much of it is unread.</summary>
    /// <param name="userId">The person.</param>
    /// <param name="after">The cursor of the page before; null for the first page.</param>
    /// <param name="limit">How many at most: 1 to 200.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <remarks>A room that is written to between two pages goes to the front, where the next first page shows it. All rooms of
    /// the person are ordered for each page: some milliseconds for a thousand of them.</remarks>
    /// <exception cref="NexusDataException">The cursor is of another list (validation).</exception>
    public Task<Page<RoomOverview>> ListAsync(
        Guid userId, string? after = null, int limit = 50, CancellationToken cancellationToken = default)
    {
        ChatPages.Check(limit, LongestPage);
        var cursor = new PageCursor("rooms", userId);
        var last = cursor.Read(after);
        return _work.ReadAsync(
            async (db, token) =>
            {
                var found = await db.ReadAllAsync(
                    ListOf(last is null ? "" : "AND (c.last_accessed_at, c.id) < (@time, @id)"),
                    [DbCommands.Uuid("user", userId), DbCommands.Number("limit", limit + 1), .. ChatPages.Place(last)],
                    RoomOverview.Read, token);
                return new Page<RoomOverview>(
                    [.. found.Take(limit)], cursor.Next(found, limit, room => [room.LastAccessedAt, room.Id]));
            },
            cancellationToken);
    }

    /// <summary>Adds a person to a group, who has read what was written before.</summary>
    /// <param name="chatId">The group.</param>
    /// <param name="userId">The person.</param>
    /// <param name="role">What the person may do; whoever comes into a group that everybody has left is its admin.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns><see cref="RoomChange.Unchanged"/> where the person is a member already, whose role stays as it is.</returns>
    /// <exception cref="NexusDataException">There is no such group or user, or not any more (not found), or the chat is no group
    /// (validation).</exception>
    public Task<RoomChange> AddMemberAsync(
        Guid chatId, Guid userId, ChatRole role = ChatRole.Member, CancellationToken cancellationToken = default)
    {
        CheckRole(role);
        return _work.DoAsync(
            async (db, token) =>
            {
                // First the person, then the chat, as everybody takes them: nobody goes, and no message is deleted, meanwhile.
                var (user, kind, added) = await db.ReadAsync(
                    """
                    SELECT id FROM users WHERE id = @user AND anonymized_at IS NULL FOR KEY SHARE;
                    SELECT kind FROM chats WHERE id = @chat FOR NO KEY UPDATE;
                    INSERT INTO chat_members (chat_id, user_id, role, last_read_sequence, joined_at)
                    SELECT c.id, u.id,
                           CASE WHEN EXISTS (SELECT FROM chat_members a WHERE a.chat_id = c.id AND a.role = 'admin') THEN @role
                                ELSE 'admin' END,
                           c.last_sequence, clock_timestamp()
                    FROM chats c, users u
                    WHERE c.id = @chat AND c.kind = 'group' AND u.id = @user AND u.anonymized_at IS NULL
                    ON CONFLICT DO NOTHING RETURNING 1
                    """,
                    [
                        DbCommands.Uuid("user", userId), DbCommands.Uuid("chat", chatId),
                        DbCommands.Text("role", EnumText<ChatRole>.Word(role)),
                    ],
                    async (reader, inner) => (
                        await reader.ReadAsync(inner),
                        await reader.NextResultAsync(inner) && await reader.ReadAsync(inner) ? reader.GetString(0) : null,
                        await reader.NextResultAsync(inner) && await reader.ReadAsync(inner)),
                    token);
                ThrowIfNoGroup(chatId, kind);
                return !user ? throw ChatErrors.NoUser(userId) : added ? RoomChange.Done : RoomChange.Unchanged;
            },
            cancellationToken);
    }

    /// <summary>Takes a person out of a group; the person's messages stay.</summary>
    /// <param name="chatId">The group.</param>
    /// <param name="userId">The person.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns><see cref="RoomChange.Unchanged"/> for whoever is no member. <see cref="RoomChange.LastAdmin"/> where others would be
    /// left without an admin: make one of them admin first.</returns>
    /// <exception cref="NexusDataException">There is no such group (not found), or the chat is none (validation).</exception>
    public Task<RoomChange> LeaveAsync(Guid chatId, Guid userId, CancellationToken cancellationToken = default)
        => _work.DoAsync(
            async (db, token) =>
            {
                var (before, changed) = await ChangeAsync(
                    db, chatId, userId,
                    $"DELETE FROM chat_members m WHERE {OfGroup} AND (m.role <> 'admin' OR {HasOtherAdmin} OR NOT {HasOthers}) RETURNING 1",
                    [], token);
                return changed ? RoomChange.Done : before is null ? RoomChange.Unchanged : RoomChange.LastAdmin;
            },
            cancellationToken);

    /// <summary>Makes a member of a group an admin, or not any more.</summary>
    /// <param name="chatId">The group.</param>
    /// <param name="userId">The member.</param>
    /// <param name="role">What the member may do from now on.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns><see cref="RoomChange.LastAdmin"/> where nobody would be admin any more.</returns>
    /// <exception cref="NexusDataException">There is no such group (not found), the chat is none (validation), or the person is no
    /// member (forbidden).</exception>
    public Task<RoomChange> SetRoleAsync(
        Guid chatId, Guid userId, ChatRole role, CancellationToken cancellationToken = default)
    {
        CheckRole(role);
        return _work.DoAsync(
            async (db, token) =>
            {
                var (before, changed) = await ChangeAsync(
                    db, chatId, userId,
                    $"""
                    UPDATE chat_members m SET role = @role
                    WHERE {OfGroup} AND m.role <> @role AND (m.role <> 'admin' OR {HasOtherAdmin}) RETURNING 1
                    """,
                    [DbCommands.Text("role", EnumText<ChatRole>.Word(role))], token);
                return before is null ? throw ChatErrors.NoMember(chatId, userId)
                    : changed ? RoomChange.Done
                    : before == role ? RoomChange.Unchanged
                    : RoomChange.LastAdmin;
            },
            cancellationToken);
    }

    /// <summary>Says what a group is about.</summary>
    /// <param name="chatId">The group.</param>
    /// <param name="topic">At most 255 characters; null for nothing in particular.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <exception cref="NexusDataException">There is no such group (not found), the chat is none, or the topic is too long
    /// (validation).</exception>
    public Task SetTopicAsync(Guid chatId, string? topic, CancellationToken cancellationToken = default)
    {
        var given = TextField.Optional(topic, ChatConfiguration.LongestTitle, "topic of a group");
        return _work.DoAsync(
            async (db, token) =>
            {
                var kinds = await db.ReadAllAsync(
                    """
                    WITH changed AS (
                        UPDATE chats SET topic = @topic, updated_at = greatest(updated_at, clock_timestamp())
                        WHERE id = @chat AND kind = 'group')
                    SELECT kind FROM chats WHERE id = @chat
                    """,
                    [DbCommands.Uuid("chat", chatId), DbCommands.Text("topic", given)], row => row.GetString(0), token);
                ThrowIfNoGroup(chatId, kinds.SingleOrDefault());
                return true;
            },
            cancellationToken);
    }

    /// <summary>Removes a room with its members and messages.</summary>
    /// <param name="id">The room.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>False where there is none.</returns>
    public Task<bool> DeleteAsync(Guid id, CancellationToken cancellationToken = default)
        => _work.DoAsync(
            async (db, token) => await db.Chats
                .Where(chat => chat.Id == id && chat.Kind != ChatKind.Repository).ExecuteDeleteAsync(token) == 1,
            cancellationToken);

    private const string OfPair = "c.kind = 'direct' AND c.low_user_id = @low AND c.high_user_id = @high";

    private const string OfGroup =
        "m.chat_id = @chat AND m.user_id = @user AND EXISTS (SELECT FROM chats WHERE id = @chat AND kind = 'group')";

    private const string HasOthers = "EXISTS (SELECT FROM chat_members o WHERE o.chat_id = @chat AND o.user_id <> @user)";

    private const string HasOtherAdmin =
        "EXISTS (SELECT FROM chat_members o WHERE o.chat_id = @chat AND o.user_id <> @user AND o.role = 'admin')";

    // Whether everybody who was locked is there.
    private const string AreAllHere =
        "(SELECT count(*) FROM users WHERE id = ANY (@users) AND anonymized_at IS NULL) = cardinality(@users)";

    // The rooms first, then of each what is shown. The title is looked up where the list needs it.
    private static string ListOf(string later) =>
        $"""
        WITH rooms AS MATERIALIZED (
            SELECT c.*, m.role, c.last_sequence - m.last_read_sequence - m.unread_gaps AS unread
            FROM chat_members m JOIN chats c ON c.id = m.chat_id WHERE m.user_id = @user {later}
            ORDER BY c.last_accessed_at DESC, c.id DESC LIMIT @limit)
        SELECT c.id, c.kind,
               CASE WHEN c.kind = 'direct'
                    THEN (SELECT u.username FROM users u
                          WHERE u.id = CASE WHEN c.low_user_id = @user THEN c.high_user_id ELSE c.low_user_id END
                            AND u.anonymized_at IS NULL)
                    ELSE coalesce(c.topic, (
                        SELECT string_agg(o.username, ', ' ORDER BY o.joined_at, o.user_id)
                        FROM (SELECT u.username, m.joined_at, m.user_id FROM chat_members m JOIN users u ON u.id = m.user_id
                              WHERE m.chat_id = c.id AND m.user_id <> @user ORDER BY m.joined_at, m.user_id LIMIT 3) o)) END,
               c.role, c.unread, c.last_accessed_at, l.id, l.type, left(l.content, 200), l.sender_id, s.username, l.created_at
        FROM rooms c
        LEFT JOIN LATERAL (
            SELECT * FROM messages l WHERE l.chat_id = c.id ORDER BY l.created_at DESC, l.id DESC LIMIT 1) l ON true
        LEFT JOIN users s ON s.id = l.sender_id AND s.anonymized_at IS NULL
        ORDER BY c.last_accessed_at DESC, c.id DESC
        """;

    // Whoever is named is held first, in the order of the keys, so that nobody goes meanwhile. The last statement gives the room.
    private static async Task<RoomInfo> CreateAsync(
        NexusDbContext db, string sql, Guid[] users, NpgsqlParameter[] parameters, CancellationToken cancellationToken)
    {
        var (found, room) = await db.ReadAsync(
            $"""
            SELECT id, status FROM users WHERE id = ANY (@users) AND anonymized_at IS NULL ORDER BY id FOR KEY SHARE;
            {sql}
            """,
            [DbCommands.Uuids("users", users), .. parameters],
            async (reader, token) =>
            {
                var found = new Dictionary<Guid, UserStatus>();
                while (await reader.ReadAsync(token))
                {
                    found.Add(reader.GetGuid(0), EnumText<UserStatus>.Parse(reader.GetString(1)));
                }

                await reader.NextResultAsync(token);
                return (found, await reader.ReadAsync(token) ? RoomInfo.Read(reader) : null);
            },
            cancellationToken);
        if (room is not null)
        {
            return room;
        }

        // Everybody is there: then whoever makes it is disabled, or somebody deletes the pair's direct chat at this moment.
        var missing = users.Where(user => !found.ContainsKey(user)).ToList();
        throw missing.Count > 0 ? ChatErrors.NoUser(missing[0])
            : found[users[0]] is UserStatus.Disabled ? ChatErrors.Disabled(users[0])
            : new NexusDataException(NexusDataErrorKind.Conflict, "The chat was deleted at this moment: try again.");
    }

    // Under the chat's lock there is one change at a time: nobody counts an admin who is going.
    private static async Task<(ChatRole? Before, bool IsChanged)> ChangeAsync(
        NexusDbContext db, Guid chatId, Guid userId, string change, NpgsqlParameter[] parameters,
        CancellationToken cancellationToken)
    {
        var (kind, before, changed) = await db.ReadAsync(
            $"""
            SELECT kind FROM chats WHERE id = @chat FOR NO KEY UPDATE;
            SELECT role FROM chat_members WHERE chat_id = @chat AND user_id = @user;
            {change}
            """,
            [DbCommands.Uuid("chat", chatId), DbCommands.Uuid("user", userId), .. parameters],
            async (reader, token) => (
                await reader.ReadAsync(token) ? reader.GetString(0) : null,
                await reader.NextResultAsync(token) && await reader.ReadAsync(token)
                    ? EnumText<ChatRole>.Parse(reader.GetString(0))
                    : default(ChatRole?),
                await reader.NextResultAsync(token) && await reader.ReadAsync(token)),
            cancellationToken);
        ThrowIfNoGroup(chatId, kind);
        return (before, changed);
    }

    private static void ThrowIfNoGroup(Guid chatId, string? kind)
    {
        if (kind is null)
        {
            throw ChatErrors.NotFound(chatId);
        }

        if (EnumText<ChatKind>.Parse(kind) is var found and not ChatKind.Group)
        {
            throw ChatErrors.NoGroup(chatId, found);
        }
    }

    private static void CheckRole(ChatRole role)
    {
        if (!Enum.IsDefined(role))
        {
            throw new ArgumentOutOfRangeException(nameof(role), role, "There is no such role.");
        }
    }
}
