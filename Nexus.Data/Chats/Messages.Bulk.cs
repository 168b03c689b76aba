using System.Data.Common;
using System.Globalization;
using System.Text.RegularExpressions;
using Nexus.Data.Persistence;
using Npgsql;

namespace Nexus.Data.Chats;

public sealed partial class Messages
{
    /// <summary>Posts messages of any chats, all of them or none: by the rules of <see cref="PostAsync(NewMessage, CancellationToken)"/>,
    /// as if they were posted one after the other, in one transaction, by COPY. A few round trips, however many there are.</summary>
    /// <param name="messages">The messages. Those of a chat are numbered in the order in which they stand here.</param>
    /// <param name="cancellationToken">Stops the work; nothing is stored then.</param>
    /// <returns>For each message, in the order given, the message as it is stored, and whether the same was stored before under its
    /// key, also by a message further up. Metadata of those that are stored now are spelled as they were given. Empty where
    /// nothing was given.</returns>
    /// <remarks>The chats are held until the commit: others who post in them wait. Times are the server's at the beginning, with a
    /// microsecond between two messages of a chat. Some hundred bytes of memory are needed for each message beside its text: a million
    /// messages are better posted in parts of some ten thousand (<see cref="Enumerable.Chunk{TSource}"/>), each stored as a
    /// whole. Parts whose messages have idempotency keys can be posted again after a failure. The feed is notified just after the
    /// commit, and in a transaction of the caller's with it.</remarks>
    /// <exception cref="NexusDataException">What <see cref="PostAsync(NewMessage, CancellationToken)"/> refuses, for the first message
    /// that is refused, with its index; or two of the messages are different and have one key in one chat (conflict).</exception>
    /// <exception cref="ArgumentException">A message is null, or there is no such type.</exception>
    public async Task<IReadOnlyList<PostedMessage>> PostManyAsync(
        IReadOnlyCollection<NewMessage> messages, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        foreach (var (index, message) in messages.Index())
        {
            if (message is null)
            {
                throw new ArgumentException(
                    string.Create(CultureInfo.InvariantCulture, $"The message at index {index} is null."), nameof(messages));
            }

            if (!Enum.IsDefined(message.Type))
            {
                throw new ArgumentOutOfRangeException(
                    nameof(messages), message.Type,
                    string.Create(CultureInfo.InvariantCulture, $"The message at index {index} has a type that does not exist."));
            }
        }

        var drafts = messages.Select(Draft.Of).ToArray();
        if (drafts.Length == 0)
        {
            return [];
        }

        var posted = await _work.DoAsync((db, token) => PostManyAsync(db, drafts, token), cancellationToken);
        if (posted.Any(message => message.Outcome == PostOutcome.Stored))
        {
            _notifier?.Notify();
        }

        return posted;
    }

    private async Task<PostedMessage[]> PostManyAsync(NexusDbContext db, Draft[] drafts, CancellationToken cancellationToken)
    {
        var places = await PlacesAsync(db, drafts, cancellationToken);
        var posted = new PostedMessage[drafts.Length];
        var added = new List<Draft>();
        var rows = new List<Message>();
        var keys = new Dictionary<(Guid Chat, string Key), Draft>();
        foreach (var draft in drafts)
        {
            var chat = places.Admit(draft);
            if (Known(draft, places, keys, posted) is { } known)
            {
                posted[draft.Index] = new(PostOutcome.Known, known);
                continue;
            }

            var message = chat.Next(draft);
            posted[draft.Index] = new(PostOutcome.Stored, message);
            added.Add(draft);
            rows.Add(message);
            if (draft.Key is { } key)
            {
                keys.Add((message.ChatId, key), draft);
            }
        }

        // Rows take as long as they take.
        return rows.Count == 0 ? posted : await db.WithoutTimeoutAsync(async () =>
        {
            await CopyAsync(db, rows, added, cancellationToken);
            await CountAsync(db, rows, cancellationToken);
            return posted;
        });
    }

    // What is stored under the key, or was given under it further up.
    private static Message? Known(Draft draft, Places places, Dictionary<(Guid Chat, string Key), Draft> keys, PostedMessage[] posted)
    {
        if (draft.Key is not { } key)
        {
            return null;
        }

        var place = (draft.Message.ChatId, key);
        if (places.Known.TryGetValue(place, out var stored))
        {
            return draft.IsSame(stored) ? stored : throw draft.Refused(Taken(stored, key));
        }

        if (!keys.TryGetValue(place, out var first))
        {
            return null;
        }

        var other = posted[first.Index].Message;
        return draft.IsSame(other) ? other : throw draft.Refused(new(
            NexusDataErrorKind.Conflict,
            string.Create(
                CultureInfo.InvariantCulture,
                $"Another message, at index {first.Index}, has the key '{key}' in chat {other.ChatId}. Give each message a key of its own.")));
    }

    private static async Task CopyAsync(
        NexusDbContext db, List<Message> rows, List<Draft> added, CancellationToken cancellationToken)
    {
        try
        {
            await db.InsertByCopyAsync(rows, [nameof(Message.Id), nameof(Message.CreatedAt)], cancellationToken);
        }
        catch (PostgresException exception) when (rows.Exists(row => row.Metadata is not null) && JsonField.IsRefused(exception))
        {
            var refusal = JsonField.Refusal("metadata of a message", exception);
            throw CopiedLine(exception) is { } line && line <= added.Count ? added[line - 1].Refused(refusal) : refusal;
        }
    }

    // The server says in its own language which row it was, behind what it says of the value.
    private static int? CopiedLine(PostgresException exception)
        => exception.Where?.Split('\n') is [.., var last]
           && int.TryParse(FirstNumber().Match(last).Value, CultureInfo.InvariantCulture, out var line) && line > 0 ? line : null;

    [GeneratedRegex("[0-9]+")]
    private static partial Regex FirstNumber();

    private async Task CountAsync(NexusDbContext db, List<Message> rows, CancellationToken cancellationToken)
    {
        // The last message of each chat, and of each person in it.
        var (chats, senders) = (new Dictionary<Guid, Message>(), new Dictionary<(Guid Chat, Guid Sender), long>());
        foreach (var row in rows)
        {
            chats[row.ChatId] = row;
            if (row.SenderId is { } sender)
            {
                senders[(row.ChatId, sender)] = row.Sequence;
            }
        }

        await db.ExecuteAsync(
            _countMany,
            [
                DbCommands.Uuids("chats", [.. chats.Keys]),
                DbCommands.Longs("sequences", [.. chats.Values.Select(last => last.Sequence)]),
                DbCommands.Times("times", [.. chats.Values.Select(last => last.CreatedAt)]),
                DbCommands.Uuids("rooms", [.. senders.Keys.Select(pair => pair.Chat)]),
                DbCommands.Uuids("senders", [.. senders.Keys.Select(pair => pair.Sender)]),
                DbCommands.Longs("read", [.. senders.Values]),
                DbCommands.Flag("notifies", _notifier is null),
            ],
            cancellationToken);
    }

    private static Task<Places> PlacesAsync(NexusDbContext db, Draft[] drafts, CancellationToken cancellationToken)
    {
        var senders = drafts.Where(draft => draft.Message.SenderId is not null)
            .Select(draft => (Chat: draft.Message.ChatId, Sender: draft.Message.SenderId!.Value)).Distinct().ToArray();
        var keys = drafts.Where(draft => draft.Key is not null)
            .Select(draft => (Chat: draft.Message.ChatId, draft.Key)).Distinct().ToArray();
        return db.ReadAsync(
            _findPlaces,
            [
                DbCommands.Uuids("people", [.. senders.Select(pair => pair.Sender).Distinct()]),
                DbCommands.Uuids("chats", [.. drafts.Select(draft => draft.Message.ChatId).Distinct()]),
                DbCommands.Uuids("rooms", [.. senders.Select(pair => pair.Chat)]),
                DbCommands.Uuids("senders", [.. senders.Select(pair => pair.Sender)]),
                DbCommands.Uuids("keyed", [.. keys.Select(pair => pair.Chat)]),
                DbCommands.Texts("keys", [.. keys.Select(pair => pair.Key)]),
            ],
            Places.ReadAsync, cancellationToken);
    }

    // As for one message: first the people, then the chats, each in the order of their keys, and what is said of them in statements
    // whose snapshots are younger than the locks.
    private static readonly string _findPlaces =
        $"""
        SELECT id, status FROM users WHERE id = ANY (@people) AND anonymized_at IS NULL ORDER BY id FOR SHARE;
        SELECT id FROM chats WHERE id = ANY (@chats) ORDER BY id FOR NO KEY UPDATE;
        SELECT c.id, c.kind, greatest(c.last_sequence, (SELECT max(n.sequence) FROM messages n WHERE n.chat_id = c.id)),
               greatest(clock_timestamp(), last.created_at + interval '1 microsecond')
        FROM chats c
        LEFT JOIN LATERAL (
            SELECT l.created_at FROM messages l WHERE l.chat_id = c.id ORDER BY l.created_at DESC, l.id DESC LIMIT 1) last ON true
        WHERE c.id = ANY (@chats);
        SELECT m.chat_id, m.user_id FROM unnest(@rooms, @senders) p (chat_id, user_id) JOIN chat_members m USING (chat_id, user_id);
        SELECT {MessageRow.Columns} FROM unnest(@keyed, @keys) k (chat_id, key)
        JOIN messages m ON m.chat_id = k.chat_id AND m.idempotency_key = k.key
        """;

    private static readonly string _countMany =
        $"""
        UPDATE chats c SET last_sequence = a.sequence, last_accessed_at = greatest(c.last_accessed_at, a.created_at)
        FROM unnest(@chats, @sequences, @times) a (id, sequence, created_at) WHERE c.id = a.id;
        UPDATE chat_members r SET last_read_sequence = a.sequence, unread_gaps = 0
        FROM unnest(@rooms, @senders, @read) a (chat_id, user_id, sequence) WHERE (r.chat_id, r.user_id) = (a.chat_id, a.user_id);
        SELECT pg_notify('{MessageFeed.Channel}', '') WHERE @notifies
        """;

    // A message with its place among those given. Its identifier is the same in each try.
    private sealed record Draft(int Index, NewMessage Message, string? Key, Guid Id)
    {
        public static Draft Of(NewMessage message, int index)
        {
            var draft = new Draft(index, message, null, Guid.CreateVersion7());
            try
            {
                Check(message);
                return draft with { Key = KeyOf(message) };
            }
            catch (NexusDataException exception)
            {
                throw draft.Refused(exception);
            }
        }

        // As PostgreSQL compares them.
        public bool IsSame(Message other)
            => (Message.Type, Message.SenderId) == (other.Type, other.SenderId)
               && string.Equals(Message.Content, other.Content, StringComparison.Ordinal);

        public NexusDataException Refused(NexusDataException reason)
            => new(
                reason.Kind,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"The message at index {Index}, for chat {Message.ChatId}, is refused, and none was posted: {reason.Message}"),
                reason.InnerException);
    }

    // Where messages go, and who may post there.
    private sealed class Places
    {
        private readonly Dictionary<Guid, UserStatus> _people = [];
        private readonly Dictionary<Guid, ChatPlace> _chats = [];
        private readonly HashSet<(Guid Chat, Guid User)> _members = [];

        // What is stored under the keys that were given.
        public Dictionary<(Guid Chat, string Key), Message> Known { get; } = [];

        public static async Task<Places> ReadAsync(DbDataReader reader, CancellationToken cancellationToken)
        {
            var places = new Places();
            while (await reader.ReadAsync(cancellationToken))
            {
                places._people.Add(reader.GetGuid(0), EnumText<UserStatus>.Parse(reader.GetString(1)));
            }

            // The chats as they were locked, which say nothing new.
            await reader.NextResultAsync(cancellationToken);
            await reader.NextResultAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                places._chats.Add(
                    reader.GetGuid(0),
                    new(EnumText<ChatKind>.Parse(reader.GetString(1)), reader.GetInt64(2), reader.GetFieldValue<DateTimeOffset>(3)));
            }

            await reader.NextResultAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                places._members.Add((reader.GetGuid(0), reader.GetGuid(1)));
            }

            await reader.NextResultAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                var message = MessageRow.Read(reader);
                places.Known.Add((message.ChatId, message.IdempotencyKey!), message);
            }

            return places;
        }

        // In the order of the reasons that a single message is refused for.
        public ChatPlace Admit(Draft draft)
        {
            var message = draft.Message;
            var status = UserStatus.Active;
            if (message.SenderId is { } sender && !_people.TryGetValue(sender, out status))
            {
                throw draft.Refused(ChatErrors.NoUser(sender));
            }

            if (!_chats.TryGetValue(message.ChatId, out var chat))
            {
                throw draft.Refused(ChatErrors.NotFound(message.ChatId));
            }

            if (status is not UserStatus.Active)
            {
                throw draft.Refused(ChatErrors.Disabled(message.SenderId!.Value));
            }

            var mayPost = chat.Kind is ChatKind.Repository
                || (message.SenderId is { } member
                    ? _members.Contains((message.ChatId, member))
                    : message.Type is not MessageType.User);
            return mayPost ? chat : throw draft.Refused(NotAllowed(message, chat.Kind));
        }
    }

    // The end of a chat.
    private sealed class ChatPlace(ChatKind kind, long lastSequence, DateTimeOffset nextTime)
    {
        private long _lastSequence = lastSequence;
        private DateTimeOffset _nextTime = nextTime;

        public ChatKind Kind { get; } = kind;

        public Message Next(Draft draft)
        {
            var message = new Message(draft.Id)
            {
                ChatId = draft.Message.ChatId,
                Type = draft.Message.Type,
                Content = draft.Message.Content,
                Metadata = draft.Message.Metadata,
                CreatedAt = _nextTime,
                SenderId = draft.Message.SenderId,
                IdempotencyKey = draft.Key,
                RequestId = draft.Message.RequestId,
                Sequence = ++_lastSequence,
            };
            _nextTime = _nextTime.AddTicks(TimeSpan.TicksPerMicrosecond);
            return message;
        }
    }
}
