using System.Diagnostics.CodeAnalysis;
using Microsoft.EntityFrameworkCore;
using Nexus.Data.Persistence;

namespace Nexus.Data.Chats;

/// <summary>How much of a room its members have not read. Counts are differences of numbers that are kept with the room and the
/// member, and cost the same for one message and for a million. Each method saves what it changes, in a transaction of its own or in
/// the caller's.</summary>
/// <remarks>Whoever adds members or messages by statements of their own keeps these numbers, or has them put right.</remarks>
public sealed class UnreadMessages
{
    private readonly UnitOfWork _work;

    /// <summary>Creates the service.</summary>
    /// <param name="contexts">Makes the contexts.</param>
    public UnreadMessages(IDbContextFactory<NexusDbContext> contexts)
        : this(new UnitOfWork(contexts))
    {
    }

    private UnreadMessages(UnitOfWork work) => _work = work;

    /// <summary>The same in a context of the caller's, and in its transaction.</summary>
    /// <param name="db">The caller's context.</param>
    [SuppressMessage("Performance", "CA1822", Justification = "Every service is joined to a context in the same way.")]
    public UnreadMessages In(NexusDbContext db) => new(new UnitOfWork(db));

    /// <summary>How many messages of a room a member has not read.</summary>
    /// <param name="chatId">The room.</param>
    /// <param name="userId">The member.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <exception cref="NexusDataException">The person is no member, or there is no such room (forbidden).</exception>
    public Task<long> CountAsync(Guid chatId, Guid userId, CancellationToken cancellationToken = default)
        => _work.ReadAsync(
            async (db, token) => await db.ReadAllAsync(
                $"""
                SELECT {Unread} FROM chat_members m JOIN chats c ON c.id = m.chat_id
                WHERE m.chat_id = @chat AND m.user_id = @user
                """,
                [DbCommands.Uuid("chat", chatId), DbCommands.Uuid("user", userId)], row => row.GetInt64(0), token) is [var count]
                ? count
                : throw ChatErrors.NoMember(chatId, userId),
            cancellationToken);

    /// <summary>How many messages of all rooms a person has not read.</summary>
    /// <param name="userId">The person.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>0 for whoever is in no room.</returns>
    public Task<long> CountAllAsync(Guid userId, CancellationToken cancellationToken = default)
        => _work.ReadAsync(
            async (db, token) => (await db.ReadAllAsync(
                $"""
                SELECT coalesce(sum({Unread}), 0)::bigint FROM chat_members m JOIN chats c ON c.id = m.chat_id WHERE m.user_id = @user
                """,
                [DbCommands.Uuid("user", userId)], row => row.GetInt64(0), token))[0],
            cancellationToken);

    /// <summary>Notes how far a member has read. Nobody reads back: a number before what was noted changes nothing.</summary>
    /// <param name="chatId">The room.</param>
    /// <param name="userId">The member.</param>
    /// <param name="sequence">The number of the last message that was read; null for all that there are.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>How many messages are unread after it.</returns>
    /// <exception cref="NexusDataException">The person is no member, or there is no such room (forbidden).</exception>
    public Task<long> MarkReadAsync(
        Guid chatId, Guid userId, long? sequence = null, CancellationToken cancellationToken = default)
        => _work.ReadAsync(
            async (db, token) => await db.ReadAsync(
                MarkRead,
                [
                    DbCommands.Uuid("chat", chatId), DbCommands.Uuid("user", userId),
                    DbCommands.Parameter("sequence", NpgsqlTypes.NpgsqlDbType.Bigint, sequence),
                ],
                async (reader, inner) =>
                {
                    await reader.NextResultAsync(inner);
                    return await reader.ReadAsync(inner) ? reader.GetInt64(0) : throw ChatErrors.NoMember(chatId, userId);
                },
                token),
            cancellationToken);

    /// <summary>Compares each count with the messages themselves, as of one instant.</summary>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The members whose counts are wrong; empty where all are right.</returns>
    /// <remarks>For each member it reads what is unread off an index, as long as that takes.</remarks>
    public Task<IReadOnlyList<WrongUnreadCount>> VerifyAsync(CancellationToken cancellationToken = default)
        => _work.ReadAsync(FindWrongAsync, cancellationToken);

    internal static async Task<IReadOnlyList<WrongUnreadCount>> FindWrongAsync(NexusDbContext db, CancellationToken cancellationToken)
        => await db.WithoutTimeoutAsync(() => db.ReadAllAsync(
            $"""
            SELECT m.chat_id, m.user_id, {Unread}, n.counted FROM chat_members m JOIN chats c ON c.id = m.chat_id
            CROSS JOIN LATERAL ({Counted}) n WHERE {Unread} <> n.counted ORDER BY m.chat_id, m.user_id
            """,
            [], row => new WrongUnreadCount(row.GetGuid(0), row.GetGuid(1), row.GetInt64(2), row.GetInt64(3)), cancellationToken));

    /// <summary>Puts right what <see cref="VerifyAsync"/> finds, room by room, each for a moment by itself.</summary>
    /// <param name="cancellationToken">Stops the work between two rooms.</param>
    /// <returns>How many counts were put right.</returns>
    public async Task<int> RepairAsync(CancellationToken cancellationToken = default)
    {
        var repaired = 0;
        foreach (var chat in (await VerifyAsync(cancellationToken)).Select(wrong => wrong.ChatId).Distinct())
        {
            repaired += await _work.DoAsync(
                (db, token) => db.ReadAsync(
                    Repair, [DbCommands.Uuid("chat", chat)],
                    async (reader, inner) =>
                    {
                        await reader.NextResultAsync(inner);
                        await reader.NextResultAsync(inner);
                        var members = 0;
                        while (await reader.ReadAsync(inner))
                        {
                            members++;
                        }

                        return members;
                    },
                    token),
                cancellationToken);
        }

        return repaired;
    }

    private const string Unread = "c.last_sequence - m.last_read_sequence - m.unread_gaps";

    private const string Counted =
        """
        SELECT count(*) AS counted FROM messages n WHERE n.chat_id = m.chat_id AND n.sequence > m.last_read_sequence
        """;

    // Who deletes a message counts it for each member who has not read as far, and waits for a member who is held here. So either the
    // message is gone already, or it is counted behind the new place, or it lies before it. The chat is not held: nobody waits for
    // those who post. Of the messages before and behind the new place the fewer are counted.
    private const string MarkRead =
        """
        SELECT user_id FROM chat_members WHERE chat_id = @chat AND user_id = @user FOR NO KEY UPDATE;
        WITH place AS (
            SELECT m.last_read_sequence AS before, m.unread_gaps AS gaps, c.last_sequence AS last,
                   greatest(m.last_read_sequence, least(coalesce(@sequence, c.last_sequence), c.last_sequence)) AS read
            FROM chat_members m JOIN chats c ON c.id = m.chat_id WHERE m.chat_id = @chat AND m.user_id = @user),
        counted AS (
            SELECT p.*, CASE
                WHEN p.gaps = 0 OR p.read = p.before THEN p.gaps
                WHEN p.read = p.last THEN 0
                WHEN p.read - p.before < p.last - p.read THEN p.gaps - (p.read - p.before
                    - (SELECT count(*) FROM messages n WHERE n.chat_id = @chat AND n.sequence > p.before AND n.sequence <= p.read))
                ELSE p.last - p.read - (SELECT count(*) FROM messages n WHERE n.chat_id = @chat AND n.sequence > p.read)
                END AS left_gaps
            FROM place p),
        marked AS (
            UPDATE chat_members m SET last_read_sequence = c.read, unread_gaps = c.left_gaps
            FROM counted c WHERE m.chat_id = @chat AND m.user_id = @user AND c.read > c.before)
        SELECT last - read - left_gaps FROM counted
        """;

    private const string Repair =
        $"""
        SELECT id FROM chats WHERE id = @chat FOR NO KEY UPDATE;
        SELECT user_id FROM chat_members WHERE chat_id = @chat ORDER BY user_id FOR NO KEY UPDATE;
        UPDATE chats c SET last_sequence = n.last
        FROM (SELECT max(sequence) AS last FROM messages WHERE chat_id = @chat) n WHERE c.id = @chat AND n.last > c.last_sequence;
        UPDATE chat_members r SET last_read_sequence = least(m.last_read_sequence, c.last_sequence),
                                  unread_gaps = c.last_sequence - least(m.last_read_sequence, c.last_sequence) - n.counted
        FROM chat_members m JOIN chats c ON c.id = m.chat_id CROSS JOIN LATERAL ({Counted}) n
        WHERE m.chat_id = @chat AND (r.chat_id, r.user_id) = (m.chat_id, m.user_id) AND {Unread} <> n.counted
        RETURNING r.user_id
        """;
}

/// <summary>A count of unread messages that is not what a count gives.</summary>
/// <param name="ChatId">The room.</param>
/// <param name="UserId">The member.</param>
/// <param name="Stored">What is said.</param>
/// <param name="Counted">How many messages there are.</param>
public sealed record WrongUnreadCount(Guid ChatId, Guid UserId, long Stored, long Counted);
