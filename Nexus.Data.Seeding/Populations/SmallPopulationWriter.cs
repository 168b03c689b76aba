using Microsoft.EntityFrameworkCore;
using Nexus.Data.Chats;
using Nexus.Data.Persistence;

namespace Nexus.Data.Seeding.Populations;

/// <summary>Compares a small population with the rows that are there, and saves what differs. For one use.</summary>
internal sealed class SmallPopulationWriter(NexusDbContext db, SmallPopulation population, CancellationToken cancellationToken)
{
    // In minutes from the population's own time, where no message is earlier.
    private const int UsersAdded = -30 * 24 * 60;
    private const int ChatsMade = -150;
    private const int MembersJoined = -140;

    // People are locked before chats, as everybody does.
    private const string Lock =
        $"""
        {PopulationStore.Lock};
        SELECT id FROM users WHERE id = ANY (@users) ORDER BY id FOR UPDATE;
        SELECT id FROM chats WHERE id = ANY (@chats) ORDER BY id FOR UPDATE
        """;

    // A message that was deleted and is there again is a gap no more.
    private const string Recount =
        """
        UPDATE chat_members m
        SET unread_gaps = c.last_sequence - m.last_read_sequence
            - (SELECT count(*) FROM messages n WHERE n.chat_id = m.chat_id AND n.sequence > m.last_read_sequence)
        FROM chats c WHERE c.id = m.chat_id AND c.id = ANY (@chats)
            AND m.unread_gaps <> c.last_sequence - m.last_read_sequence
                - (SELECT count(*) FROM messages n WHERE n.chat_id = m.chat_id AND n.sequence > m.last_read_sequence)
        """;

    private readonly Guid[] _users = [.. population.Users.Select(user => user.Id)];
    private readonly Guid[] _chats = [.. population.Conversations.Select(chat => chat.Id)];

    public async Task<PopulationReport> WriteAsync(DateTimeOffset? at, DateTimeOffset now)
    {
        // Others may populate for longer than a command takes.
        await db.WithoutTimeoutAsync(() => db.ExecuteAsync(
            Lock, [DbCommands.Uuids("users", _users), DbCommands.Uuids("chats", _chats)], cancellationToken));
        var users = await db.Users.AsTracking().Where(user => _users.Contains(user.Id)).ToDictionaryAsync(user => user.Id, cancellationToken);
        var chats = await db.Chats.AsTracking().Where(chat => _chats.Contains(chat.Id)).ToDictionaryAsync(chat => chat.Id, cancellationToken);
        await EnsureNobodyElseHasThemAsync();
        var clock = StoredTime.Of(at ?? Stored(users, chats) ?? now);

        PutUsers(users, clock);
        foreach (var conversation in population.Conversations)
        {
            await PutAsync(conversation, chats.GetValueOrDefault(conversation.Id), clock);
        }

        return await SaveAsync(clock);
    }

    private async Task<PopulationReport> SaveAsync(DateTimeOffset clock)
    {
        var report = new PopulationReport(clock,
        [
            Count<User>("users"), Count<Chat>("chats"), Count<ChatMember>("chat_members"), Count<Message>("messages"),
        ]);
        await db.SaveChangesAsync(cancellationToken);
        await db.ExecuteAsync(Recount, [DbCommands.Uuids("chats", _chats)], cancellationToken);
        if (report.Tables[^1].Added > 0)
        {
            await db.ExecuteAsync($"SELECT pg_notify('{MessageFeed.Channel}', '')", [], cancellationToken);
        }

        return report;
    }

    private PopulatedTable Count<T>(string table)
        where T : class
    {
        var states = db.ChangeTracker.Entries<T>().Select(entry => entry.State).ToList();
        return new(
            table, states.Count, states.Count(state => state == EntityState.Added), states.Count(state => state == EntityState.Modified));
    }

    private async Task EnsureNobodyElseHasThemAsync()
    {
        string[] names = [.. population.Users.Select(user => user.Name)];
        var taken = await db.ReadAllAsync(
            """
            SELECT username FROM users WHERE lower(username) IN (SELECT lower(n) FROM unnest(@names) n) AND id <> ALL (@users)
            ORDER BY username
            """,
            [DbCommands.Texts("names", names), DbCommands.Uuids("users", _users)], row => row.GetString(0), cancellationToken);
        if (taken.Count > 0)
        {
            throw Conflict($"The names {string.Join(", ", taken)} belong to other users: rename those, or take a file with other names.");
        }

        foreach (var pair in population.Conversations.Where(chat => chat.Kind == ChatKind.Direct))
        {
            var (low, high) = People(pair);
            if (await db.Chats.OfType<DirectChat>().AnyAsync(
                    chat => chat.LowUserId == low && chat.HighUserId == high && chat.Id != pair.Id, cancellationToken))
            {
                throw Conflict($"{string.Join(" and ", pair.Participants)} have another direct chat: delete it, or take a file without this one.");
            }
        }
    }

    // The time that the rows which are there were made for, so that they stay as they are.
    private DateTimeOffset? Stored(Dictionary<Guid, User> users, Dictionary<Guid, Chat> chats)
        => population.Conversations.Select(conversation => chats.GetValueOrDefault(conversation.Id) is { } chat
                ? chat.CreatedAt.AddMinutes(-Made(conversation))
                : default(DateTimeOffset?)).FirstOrDefault(time => time is not null)
            ?? users.Values.Min(user => user.CreatedAt.AddMinutes(-Added()) as DateTimeOffset?);

    private void PutUsers(Dictionary<Guid, User> users, DateTimeOffset clock)
    {
        var hashes = population.Users.Select(user => user.Password).Distinct()
            .ToDictionary(password => password, password => SeedPassword.Hash(password));
        foreach (var user in population.Users)
        {
            Put(
                users.GetValueOrDefault(user.Id),
                new()
                {
                    Id = user.Id,
                    Username = user.Name,
                    PasswordHash = hashes[user.Password],
                    CreatedAt = clock.AddMinutes(Added()),
                },
                nameof(User.Username), nameof(User.PasswordHash), nameof(User.Status), nameof(User.AnonymizedAt), nameof(User.CreatedAt));
        }
    }

    private async Task PutAsync(SeedConversation conversation, Chat? stored, DateTimeOffset clock)
    {
        var chat = PutChat(conversation, stored, clock);
        if (chat.LastSequence < conversation.Messages.Count)
        {
            db.Entry(chat).Property(row => row.LastSequence).CurrentValue = conversation.Messages.Count;
        }

        if (conversation.Messages is [.., var last] && chat.LastAccessedAt < clock.AddMinutes(last.Minutes))
        {
            chat.LastAccessedAt = clock.AddMinutes(last.Minutes);
        }

        var members = await db.ChatMembers.AsTracking().Where(member => member.ChatId == chat.Id)
            .ToDictionaryAsync(member => member.UserId, cancellationToken);
        foreach (var (place, name) in conversation.Participants.Index())
        {
            PutMember(conversation, members.GetValueOrDefault(IdOf(name)), name, place, clock);
        }

        await PutMessagesAsync(conversation, clock);

        // What others added is none of ours, and not counted.
        foreach (var other in members.Values.Where(member => !conversation.Participants.Select(IdOf).Contains(member.UserId)))
        {
            db.Entry(other).State = EntityState.Detached;
        }
    }

    private Chat PutChat(SeedConversation conversation, Chat? stored, DateTimeOffset clock)
    {
        var made = clock.AddMinutes(Made(conversation));
        if (conversation.Kind == ChatKind.Group)
        {
            return Put(
                As<GroupChat>(stored),
                new()
                {
                    Id = conversation.Id,
                    Topic = conversation.Topic,
                    CreatedByUserId = IdOf(conversation.Participants[0]),
                    CreatedAt = made,
                    UpdatedAt = made,
                    LastAccessedAt = made,
                },
                nameof(GroupChat.Topic), nameof(GroupChat.CreatedByUserId), nameof(Chat.CreatedAt));
        }

        var (low, high) = People(conversation);
        return Put(
            As<DirectChat>(stored),
            new()
            {
                Id = conversation.Id,
                LowUserId = low,
                HighUserId = high,
                CreatedAt = made,
                UpdatedAt = made,
                LastAccessedAt = made,
            },
            nameof(DirectChat.LowUserId), nameof(DirectChat.HighUserId), nameof(Chat.CreatedAt));
    }

    private void PutMember(SeedConversation conversation, ChatMember? stored, string name, int place, DateTimeOffset clock)
    {
        var member = Put(
            stored,
            new()
            {
                ChatId = conversation.Id,
                UserId = IdOf(name),
                Role = conversation.Kind == ChatKind.Group && place == 0 ? ChatRole.Admin : ChatRole.Member,
                JoinedAt = clock.AddMinutes(Math.Min(MembersJoined, Made(conversation) + 10)),
            },
            nameof(ChatMember.Role), nameof(ChatMember.JoinedAt));
        if (stored is null)
        {
            // Whoever writes has read what is before it.
            var own = conversation.Messages.Index().LastOrDefault(message => message.Item.Sender == name, (Index: -1, default!)).Index;
            db.Entry(member).Property(row => row.LastReadSequence).CurrentValue = own + 1;
        }
    }

    private async Task PutMessagesAsync(SeedConversation conversation, DateTimeOffset clock)
    {
        Guid[] ids = [.. conversation.Messages.Select((_, index) => conversation.MessageId(index))];
        var stored = await db.Messages.AsTracking().Where(message => ids.Contains(message.Id))
            .ToDictionaryAsync(message => message.Id, cancellationToken);
        foreach (var (index, message) in conversation.Messages.Index())
        {
            Put(
                stored.GetValueOrDefault(ids[index]),
                new()
                {
                    Id = ids[index],
                    ChatId = conversation.Id,
                    Type = MessageType.User,
                    Content = message.Content,
                    SenderId = IdOf(message.Sender),
                    CreatedAt = clock.AddMinutes(message.Minutes),
                    Sequence = index + 1,
                },
                nameof(Message.Content), nameof(Message.Type), nameof(Message.SenderId), nameof(Message.CreatedAt));
        }
    }

    // The wanted row, or the stored one with the wanted row's values.
    private T Put<T>(T? stored, T wanted, params ReadOnlySpan<string> columns)
        where T : class
    {
        if (stored is null)
        {
            db.Add(wanted);
            return wanted;
        }

        foreach (var column in columns)
        {
            var property = db.Entry(stored).Property(column);
            property.CurrentValue = property.Metadata.PropertyInfo!.GetValue(wanted);
        }

        return stored;
    }

    private static T? As<T>(Chat? stored)
        where T : Chat
        => stored is null or T ? (T?)stored : throw Conflict($"Chat {stored.Id} is of another kind: delete it, or take a file without it.");

    private static Guid IdOf(string name) => new SeedUser(name, "").Id;

    private static (Guid Low, Guid High) People(SeedConversation direct)
    {
        Guid[] people = [.. direct.Participants.Select(IdOf).Order()];
        return (people[0], people[1]);
    }

    // Before its first message.
    private static int Made(SeedConversation conversation)
        => conversation.Messages is [var first, ..] ? Math.Min(ChatsMade, first.Minutes - 30) : ChatsMade;

    private int Added() => population.Conversations.Select(Made).Append(0).Min() is var earliest && earliest <= UsersAdded
        ? earliest - (24 * 60)
        : UsersAdded;

    private static NexusDataException Conflict(string message) => new(NexusDataErrorKind.Conflict, message);
}
