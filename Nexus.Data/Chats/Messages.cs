using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Nexus.Data.Persistence;
using Npgsql;
using NpgsqlTypes;

namespace Nexus.Data.Chats;

/// <summary>The lines of chats: posts, deletes, reads and searches them. Each method saves what it changes, in a transaction of its
/// own or in the caller's. Rooms are read and written by their members alone; sessions of the coding assistant have none.</summary>
public sealed partial class Messages
{
    private readonly UnitOfWork _work;
    private readonly FeedNotifier? _notifier;

    /// <summary>Creates the service.</summary>
    /// <param name="contexts">Makes the contexts.</param>
    /// <param name="logger">Is told where the feed cannot be notified; null for nobody.</param>
    public Messages(IDbContextFactory<NexusDbContext> contexts, ILogger<Messages>? logger = null)
        : this(new UnitOfWork(contexts), new FeedNotifier(contexts, logger ?? NullLogger<Messages>.Instance))
    {
    }

    private Messages(UnitOfWork work, FeedNotifier? notifier) => (_work, _notifier) = (work, notifier);

    /// <summary>The same in a context of the caller's, and in its transaction.</summary>
    /// <param name="db">The caller's context.</param>
    [SuppressMessage("Performance", "CA1822", Justification = "Every service is joined to a context in the same way.")]
    public Messages In(NexusDbContext db) => new(new UnitOfWork(db), notifier: null);

    /// <summary>Posts a message: numbers it, moves its chat to the front, and marks the chat as read by who wrote it. One round
    /// trip.</summary>
    /// <param name="message">The message.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>The message, and whether the same was stored before under its key: same are type, text and sender.</returns>
    /// <remarks>Those who post in one chat at once post one after the other. Times are the server's, and each is later than that of
    /// the message before it in the chat. The feed is notified just after the commit, and in a transaction of the caller's with
    /// it.</remarks>
    /// <exception cref="NexusDataException">There is no such chat or sender, or not any more (not found); the sender is disabled or
    /// no member of the room (forbidden); another message is stored under the key (conflict); or a value is none
    /// (validation).</exception>
    public async Task<PostedMessage> PostAsync(NewMessage message, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(message);
        Check(message);
        var key = KeyOf(message);

        // The same in each try, so that one whose answer was lost is found again.
        var id = Guid.CreateVersion7();
        var type = EnumText<MessageType>.Word(message.Type);
        var posted = await _work.ReadAsync(
            async (db, token) =>
            {
                var found = await PostAsync(db, message, id, type, key, token);
                return found switch
                {
                    { Status: null } when message.SenderId is { } sender => throw ChatErrors.NoUser(sender),
                    { Kind: null } => throw ChatErrors.NotFound(message.ChatId),
                    { Status: not UserStatus.Active } when message.SenderId is { } sender => throw ChatErrors.Disabled(sender),
                    { MayPost: false } => throw NotAllowed(message, found.Kind.Value),
                    { IsSame: true } => new PostedMessage(found.IsNew ? PostOutcome.Stored : PostOutcome.Known, found.Message!),
                    _ => throw Taken(found.Message!, key!),
                };
            },
            cancellationToken);
        if (posted.Outcome == PostOutcome.Stored)
        {
            _notifier?.Notify();
        }

        return posted;
    }

    /// <summary>Deletes a message. What others have not read is counted without it.</summary>
    /// <param name="id">The message.</param>
    /// <param name="userId">Who deletes it: in a room the member who wrote it, or an admin of the group; null in a session of the
    /// coding assistant.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>False where there is none.</returns>
    /// <exception cref="NexusDataException">It is a room, and the person may not (forbidden).</exception>
    public Task<bool> DeleteAsync(Guid id, Guid? userId, CancellationToken cancellationToken = default)
        => _work.DoAsync(
            async (db, token) =>
            {
                // Nobody posts, comes or goes meanwhile; who marks the chat as read either sees that it is gone or is counted here.
                var (found, deleted) = await db.ReadAsync(
                    """
                    SELECT c.id FROM chats c WHERE c.id = (SELECT chat_id FROM messages WHERE id = @id) FOR NO KEY UPDATE;
                    WITH message AS (
                        SELECT m.id, c.kind = 'repository' OR EXISTS (
                            SELECT FROM chat_members a WHERE a.chat_id = m.chat_id AND a.user_id = @user
                              AND (a.role = 'admin' OR m.sender_id = @user)) AS may_go
                        FROM messages m JOIN chats c ON c.id = m.chat_id WHERE m.id = @id),
                    gone AS (
                        DELETE FROM messages m USING message g WHERE m.id = g.id AND g.may_go RETURNING m.chat_id, m.sequence),
                    counted AS (
                        UPDATE chat_members m SET unread_gaps = unread_gaps + 1
                        FROM gone g WHERE m.chat_id = g.chat_id AND m.last_read_sequence < g.sequence)
                    SELECT may_go FROM message
                    """,
                    [DbCommands.Uuid("id", id), DbCommands.Uuid("user", userId)],
                    async (reader, inner) =>
                    {
                        await reader.NextResultAsync(inner);
                        var isThere = await reader.ReadAsync(inner);
                        return (isThere, isThere && reader.GetBoolean(0));
                    },
                    token);
                return !found || deleted
                    ? found
                    : throw new NexusDataException(
                        NexusDataErrorKind.Forbidden,
                        $"User {userId} may not delete message {id}: who wrote it may, or an admin of the group.");
            },
            cancellationToken);

    private async Task<Post> PostAsync(
        NexusDbContext db, NewMessage message, Guid id, string type, string? key, CancellationToken cancellationToken)
    {
        try
        {
            return await db.ReadAsync(
                _post,
                [
                    DbCommands.Uuid("id", id), DbCommands.Uuid("chat", message.ChatId), DbCommands.Text("type", type),
                    DbCommands.Text("content", message.Content), DbCommands.Parameter("metadata", NpgsqlDbType.Jsonb, message.Metadata),
                    DbCommands.Uuid("sender", message.SenderId), DbCommands.Text("key", key),
                    DbCommands.Uuid("request", message.RequestId), DbCommands.Flag("notifies", _notifier is null),
                ],
                async (reader, token) =>
                {
                    var status = await reader.ReadAsync(token) ? EnumText<UserStatus>.Parse(reader.GetString(0)) : default(UserStatus?);
                    await reader.NextResultAsync(token);
                    var kind = await reader.ReadAsync(token) ? EnumText<ChatKind>.Parse(reader.GetString(0)) : default(ChatKind?);
                    await reader.NextResultAsync(token);
                    return !await reader.ReadAsync(token) ? new Post(status, kind, false, null, false, false)
                        : reader.IsDBNull(FirstOfStored) ? new(status, kind, reader.GetBoolean(0), null, false, false)
                        : new(
                            status, kind, reader.GetBoolean(0), MessageRow.Read(reader, FirstOfStored), reader.GetBoolean(1),
                            reader.GetBoolean(2));
                },
                cancellationToken);
        }
        catch (PostgresException exception) when (message.Metadata is not null && JsonField.IsRefused(exception))
        {
            throw JsonField.Refusal("metadata of a message", exception);
        }
    }

    // Behind what is said of it.
    private const int FirstOfStored = 3;

    // Each statement sees what was stored when the lock before it was had: first the person, who is not disabled meanwhile, then
    // the chat, in which nobody else posts. Together they are one transaction, also where nobody began one. Other programs may
    // have given numbers without noting them.
    private static readonly string _post =
        $"""
        SELECT status FROM users WHERE id = @sender AND anonymized_at IS NULL FOR SHARE;
        SELECT kind FROM chats WHERE id = @chat FOR NO KEY UPDATE;
        WITH place AS MATERIALIZED (
            SELECT c.id, c.last_sequence,
                   (@sender::uuid IS NULL OR EXISTS (SELECT FROM users WHERE id = @sender AND status = 'active'))
                   AND (c.kind = 'repository' OR (@sender::uuid IS NULL AND @type <> 'user')
                        OR EXISTS (SELECT FROM chat_members a WHERE a.chat_id = c.id AND a.user_id = @sender)) AS may_post
            FROM chats c WHERE c.id = @chat),
        known AS MATERIALIZED (
            SELECT m.* FROM messages m WHERE m.chat_id = @chat AND m.idempotency_key = @key
            UNION
            SELECT m.* FROM messages m WHERE m.chat_id = @chat AND m.id = @id),
        added AS (
            INSERT INTO messages AS m
                (id, chat_id, type, content, metadata, created_at, sender_id, idempotency_key, request_id, sequence)
            SELECT @id, p.id, @type, @content, @metadata, greatest(clock_timestamp(), last.created_at + interval '1 microsecond'),
                   @sender, @key, @request, greatest(p.last_sequence, (SELECT max(n.sequence) FROM messages n WHERE n.chat_id = p.id)) + 1
            FROM place p
            LEFT JOIN LATERAL (
                SELECT l.created_at FROM messages l WHERE l.chat_id = p.id ORDER BY l.created_at DESC, l.id DESC LIMIT 1) last ON true
            WHERE p.may_post AND NOT EXISTS (SELECT FROM known)
            RETURNING {MessageRow.Columns}),
        counted AS (
            UPDATE chats c SET last_sequence = a.sequence, last_accessed_at = greatest(c.last_accessed_at, a.created_at)
            FROM added a WHERE c.id = a.chat_id),
        read AS (
            UPDATE chat_members r SET last_read_sequence = a.sequence, unread_gaps = 0
            FROM added a WHERE r.chat_id = a.chat_id AND r.user_id = a.sender_id),
        told AS MATERIALIZED (SELECT pg_notify('{MessageFeed.Channel}', '') FROM added WHERE @notifies),
        stored AS (
            SELECT true AS is_new, true AS is_same, {MessageRow.Columns} FROM added m WHERE (SELECT count(*) FROM told) >= 0
            UNION ALL
            SELECT m.id = @id, (m.type, m.content) = (@type, @content) AND m.sender_id IS NOT DISTINCT FROM @sender, {MessageRow.Columns}
            FROM known m)
        SELECT p.may_post, m.is_new, m.is_same, {MessageRow.Columns} FROM place p LEFT JOIN stored m ON true
        """;

    private static void Check(NewMessage message)
    {
        if (!Enum.IsDefined(message.Type))
        {
            throw new ArgumentOutOfRangeException(nameof(message), message.Type, "There is no such type of messages.");
        }

        if (string.IsNullOrEmpty(message.Content))
        {
            throw Invalid("The text of a message must not be empty.");
        }

        if (!string.Equals(StoredText.Of(message.Content), message.Content, StringComparison.Ordinal))
        {
            throw Invalid("The text of a message holds the character U+0000 or half a character, which PostgreSQL does not store.");
        }

        if (message.SenderId is not null && message.Type is not MessageType.User)
        {
            throw Invalid($"A message of type {EnumText<MessageType>.Word(message.Type)} is a program's, and has no sender.");
        }

        if (message.Metadata is not null)
        {
            JsonField.Check(message.Metadata, JsonValueKind.Object, "metadata of a message");
        }
    }

    private static string? KeyOf(NewMessage message)
        => message.IdempotencyKey is null
            ? null
            : TextField.Required(message.IdempotencyKey, MessageConfiguration.LongestKey, "idempotency key of a message");

    private static NexusDataException Taken(Message stored, string key) => new(
        NexusDataErrorKind.Conflict,
        $"Another message is stored under the key '{key}' in chat {stored.ChatId}: {stored.Id}. Give each message a key of its own.");

    private static NexusDataException NotAllowed(NewMessage message, ChatKind kind)
        => message.SenderId is { } sender
            ? ChatErrors.NoMember(message.ChatId, sender)
            : Invalid($"Chat {message.ChatId} is a {EnumText<ChatKind>.Word(kind)} chat, in which what a person says has a sender: name one.");

    private static NexusDataException Invalid(string message) => new(NexusDataErrorKind.Validation, message);

    // What was found, and what was stored.
    private sealed record Post(
        UserStatus? Status, ChatKind? Kind, bool MayPost, Message? Message, bool IsNew, bool IsSame);
}
