using System.Data.Common;
using Nexus.Data.Persistence;
using Npgsql;

namespace Nexus.Data.Chats;

public sealed partial class Messages
{
    private const int LongestPage = 200;

    // Behind what is said of the chat and of its reader.
    private const int FirstOfMessage = 2;

    /// <summary>A message; null where there is none.</summary>
    /// <param name="id">The message.</param>
    /// <param name="readerId">The member who reads it, where it stands in a room; null in a session of the coding assistant.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <exception cref="NexusDataException">It stands in a room of which the reader is no member (forbidden).</exception>
    public Task<Message?> FindAsync(Guid id, Guid? readerId, CancellationToken cancellationToken = default)
        => _work.ReadAsync(
            async (db, token) =>
            {
                var found = await db.ReadAllAsync(
                    $"""
                    SELECT {MayRead}, {MessageRow.Columns} FROM messages m JOIN chats c ON c.id = m.chat_id WHERE m.id = @id
                    """,
                    [DbCommands.Uuid("id", id), Reader(readerId)],
                    row => (MayRead: row.GetBoolean(0), Message: MessageRow.Read(row, 1)), token);
                return found is not [var (mayRead, message)] ? null
                    : mayRead ? message
                    : throw NotReadBy(readerId, message.ChatId);
            },
            cancellationToken);

    /// <summary>Messages of a chat before a cursor; without one the newest.</summary>
    /// <param name="chatId">The chat.</param>
    /// <param name="readerId">The member who reads a room; null for a session of the coding assistant.</param>
    /// <param name="cursor">What a <see cref="Timeline"/> of the chat gave.</param>
    /// <param name="limit">How many at most: 1 to 200.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <exception cref="NexusDataException">There is no such chat (not found), the reader is no member of the room (forbidden), or the
    /// cursor is of another chat (validation).</exception>
    public Task<Timeline> OlderAsync(
        Guid chatId, Guid? readerId, string? cursor = null, int limit = 50, CancellationToken cancellationToken = default)
        => PageAsync(
            chatId, readerId, cursor, limit, "<", "DESC",
            (place, rows) =>
            {
                List<Message> page = [.. rows.Take(limit).Reverse()];
                return new(
                    page, rows.Count > limit ? Cursor(place, page[0]) : null, page.Count > 0 ? Cursor(place, page[^1]) : cursor,
                    HasNewer: cursor is not null);
            },
            cancellationToken);

    /// <summary>Messages of a chat after a cursor, also those that were written since it was given; without one from the beginning
    /// on.</summary>
    /// <param name="chatId">The chat.</param>
    /// <param name="readerId">The member who reads a room; null for a session of the coding assistant.</param>
    /// <param name="cursor">What a <see cref="Timeline"/> of the chat gave.</param>
    /// <param name="limit">How many at most: 1 to 200.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <remarks>No message is left out or comes twice, also where several were written at one time. A message that a host's own
    /// statement dates back is not found behind a cursor of later messages.</remarks>
    /// <exception cref="NexusDataException">There is no such chat (not found), the reader is no member of the room (forbidden), or the
    /// cursor is of another chat (validation).</exception>
    public Task<Timeline> NewerAsync(
        Guid chatId, Guid? readerId, string? cursor = null, int limit = 50, CancellationToken cancellationToken = default)
        => PageAsync(
            chatId, readerId, cursor, limit, ">", "ASC",
            (place, rows) =>
            {
                List<Message> page = [.. rows.Take(limit)];
                return new(
                    page, cursor is null ? null : page.Count > 0 ? Cursor(place, page[0]) : cursor,
                    page.Count > 0 ? Cursor(place, page[^1]) : cursor, HasNewer: rows.Count > limit);
            },
            cancellationToken);

    /// <summary>A message with those before and after it.</summary>
    /// <param name="chatId">The chat.</param>
    /// <param name="readerId">The member who reads a room; null for a session of the coding assistant.</param>
    /// <param name="messageId">The message in the middle.</param>
    /// <param name="limit">How many before it, and how many after it, at most: 1 to 200.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <exception cref="NexusDataException">There is no such chat, or no such message in it (not found), or the reader is no member of
    /// the room (forbidden).</exception>
    public async Task<Timeline> AroundAsync(
        Guid chatId, Guid? readerId, Guid messageId, int limit = 25, CancellationToken cancellationToken = default)
    {
        ChatPages.Check(limit, LongestPage);
        var rows = await ReadAsync(
            chatId, readerId,
            $"""
            (SELECT * FROM messages n WHERE n.chat_id = @chat AND (n.created_at, n.id) <= ({TimeOfMessage}, @message)
             ORDER BY n.created_at DESC, n.id DESC LIMIT @limit + 1)
            UNION ALL
            (SELECT * FROM messages n WHERE n.chat_id = @chat AND (n.created_at, n.id) > ({TimeOfMessage}, @message)
             ORDER BY n.created_at, n.id LIMIT @limit)
            """,
            "ORDER BY m.created_at, m.id",
            [DbCommands.Uuid("message", messageId), DbCommands.Number("limit", limit + 1)], cancellationToken);
        var middle = rows.FindIndex(message => message.Id == messageId);
        if (middle < 0)
        {
            throw new NexusDataException(NexusDataErrorKind.NotFound, $"There is no message {messageId} in chat {chatId}.");
        }

        var place = CursorOf(chatId);
        var first = Math.Max(0, middle - limit);
        var page = rows.GetRange(first, Math.Min(rows.Count, middle + limit + 1) - first);
        return new(page, first > 0 ? Cursor(place, page[0]) : null, Cursor(place, page[^1]), rows.Count > middle + limit + 1);
    }

    /// <summary>Messages of a chat in which words are said, newest first.</summary>
    /// <param name="chatId">The chat.</param>
    /// <param name="readerId">The member who reads a room; null for a session of the coding assistant.</param>
    /// <param name="words">The words, all of which have to be there: <c>"in quotes"</c> next to each other, <c>or</c> between two for
    /// either, <c>-</c> before one that must not be there. Words count as they stand, without regard to case. At most 1,000
    /// characters.</param>
    /// <param name="after">The cursor of the page before; null for the first page.</param>
    /// <param name="limit">How many at most: 1 to 200.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <exception cref="NexusDataException">There is no such chat (not found), the reader is no member of the room (forbidden), there
    /// is no word to search for, or the cursor is of another search (validation).</exception>
    public async Task<Page<Message>> SearchAsync(
        Guid chatId, Guid? readerId, string words, string? after = null, int limit = 50, CancellationToken cancellationToken = default)
    {
        ChatPages.Check(limit, LongestPage);
        var sought = TextField.Required(words, LongestSearch, "search");
        var cursor = new PageCursor("found messages", chatId, sought);
        var last = cursor.Read(after);
        var found = await ReadAsync(
            chatId, readerId, Search(last is not null, limit + 1), "ORDER BY m.created_at DESC, m.id DESC",
            [DbCommands.Text("words", sought), DbCommands.Text("of_chat", $"'chat:{chatId:D}'"), .. ChatPages.Place(last)],
            cancellationToken, searched: true);
        return new([.. found.Take(limit)], cursor.Next(found, limit, message => [message.CreatedAt, message.Id]));
    }

    /// <summary>The messages that name a request of the proxy, oldest first. Who reads them is not asked: that is the host's to
    /// decide.</summary>
    /// <param name="requestId">The request.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    public Task<IReadOnlyList<Message>> ForRequestAsync(Guid requestId, CancellationToken cancellationToken = default)
        => _work.ReadAsync<IReadOnlyList<Message>>(
            async (db, token) => await db.ReadAllAsync(
                $"SELECT {MessageRow.Columns} FROM messages m WHERE m.request_id = @request ORDER BY m.created_at, m.id",
                [DbCommands.Uuid("request", requestId)], row => MessageRow.Read(row), token),
            cancellationToken);

    /// <summary>The chats in which a conversation of the proxy was written: those with messages that name its requests. Who reads them
    /// is not asked: that is the host's to decide.</summary>
    /// <param name="conversationId">The conversation.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>By the first of these messages, oldest first.</returns>
    public Task<IReadOnlyList<ConversationChat>> ChatsOfConversationAsync(
        Guid conversationId, CancellationToken cancellationToken = default)
        => _work.ReadAsync<IReadOnlyList<ConversationChat>>(
            async (db, token) => await db.ReadAllAsync(
                """
                SELECT c.id, c.kind, count(*), (array_agg(m.id ORDER BY m.created_at, m.id))[1],
                       (array_agg(m.id ORDER BY m.created_at DESC, m.id DESC))[1]
                FROM api_requests r JOIN messages m ON m.request_id = r.request_id JOIN chats c ON c.id = m.chat_id
                WHERE r.conversation_id = @conversation GROUP BY c.id ORDER BY min(m.created_at), c.id
                """,
                [DbCommands.Uuid("conversation", conversationId)],
                row => new ConversationChat(
                    row.GetGuid(0), EnumText<ChatKind>.Parse(row.GetString(1)), row.GetInt64(2), row.GetGuid(3), row.GetGuid(4)),
                token),
            cancellationToken);

    private const string TimeOfMessage = "(SELECT i.created_at FROM messages i WHERE i.id = @message AND i.chat_id = @chat)";

    private const string MayRead =
        """
        (c.kind = 'repository' OR EXISTS (SELECT FROM chat_members r WHERE r.chat_id = c.id AND r.user_id = @reader))
        """;

    private async Task<Timeline> PageAsync(
        Guid chatId, Guid? readerId, string? cursor, int limit, string side, string direction,
        Func<PageCursor, List<Message>, Timeline> page, CancellationToken cancellationToken)
    {
        ChatPages.Check(limit, LongestPage);
        var place = CursorOf(chatId);
        var last = place.Read(cursor);
        var order = $"ORDER BY m.created_at {direction}, m.id {direction}";
        var rows = await ReadAsync(
            chatId, readerId,
            $"""
            SELECT * FROM messages m
            WHERE m.chat_id = @chat {(last is null ? "" : $"AND (m.created_at, m.id) {side} (@time, @id)")} {order} LIMIT @limit
            """,
            order, [DbCommands.Number("limit", limit + 1), .. ChatPages.Place(last)], cancellationToken);
        return page(place, rows);
    }

    // One statement: whoever may not read gets no row of messages, and is told why.
    private async Task<List<Message>> ReadAsync(
        Guid chatId, Guid? readerId, string messages, string order, NpgsqlParameter[] parameters,
        CancellationToken cancellationToken, bool searched = false)
    {
        var (found, mayRead, hasWords, rows) = await _work.ReadAsync(
            (db, token) => db.ReadAsync(
                $"""
                WITH {(searched ? Sought + ", " : "")}place AS MATERIALIZED (SELECT {MayRead} AS may_read FROM chats c WHERE c.id = @chat)
                SELECT p.may_read, {(searched ? "(SELECT numnode(query) > 0 FROM sought)" : "true")}, {MessageRow.Columns}
                FROM place p LEFT JOIN LATERAL (SELECT * FROM ({messages}) m WHERE p.may_read) m ON true
                {order}
                """,
                [DbCommands.Uuid("chat", chatId), Reader(readerId), .. parameters.Select(parameter => parameter.Clone())],
                ReadRowsAsync, token),
            cancellationToken);
        return !found ? throw ChatErrors.NotFound(chatId)
            : !mayRead ? throw NotReadBy(readerId, chatId)
            : hasWords ? rows
            : throw Invalid("There is no word to search for. Give letters or digits.");
    }

    private static async Task<(bool Found, bool MayRead, bool HasWords, List<Message> Rows)> ReadRowsAsync(
        DbDataReader reader, CancellationToken cancellationToken)
    {
        var rows = new List<Message>();
        if (!await reader.ReadAsync(cancellationToken))
        {
            return (false, false, false, rows);
        }

        // Each row says the same of the chat; without a message there is one row.
        var (mayRead, hasWords) = (reader.GetBoolean(0), reader.GetBoolean(1));
        if (!reader.IsDBNull(FirstOfMessage))
        {
            do
            {
                rows.Add(MessageRow.Read(reader, FirstOfMessage));
            }
            while (await reader.ReadAsync(cancellationToken));
        }

        return (true, mayRead, hasWords, rows);
    }

    private static PageCursor CursorOf(Guid chatId) => new("messages", chatId);

    private static string Cursor(PageCursor place, Message message) => place.Write(message.CreatedAt, message.Id);

    private static NpgsqlParameter Reader(Guid? readerId) => DbCommands.Uuid("reader", readerId);

    private static NexusDataException NotReadBy(Guid? readerId, Guid chatId)
        => readerId is { } reader
            ? ChatErrors.NoMember(chatId, reader)
            : new(NexusDataErrorKind.Forbidden, $"Chat {chatId} is read by its members: say who reads.");
}
