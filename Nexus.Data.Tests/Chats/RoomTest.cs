using Nexus.Data.Chats;
using Nexus.Data.Tests.Fixtures;
using NUnit.Framework.Constraints;

namespace Nexus.Data.Tests.Chats;

/// <summary>People and rooms for tests of the team chat.</summary>
public abstract class RoomTest : DatabaseTest
{
    private protected ChatRooms Rooms => new(new Contexts(ConnectionString));

    private protected Messages Messages => new(new Contexts(ConnectionString));

    private protected UnreadMessages Unread => new(new Contexts(ConnectionString));

    private protected static NewMessage Text(Guid chat, Guid sender, string content, string? key = null)
        => new() { ChatId = chat, SenderId = sender, Content = content, IdempotencyKey = key };

    private protected async Task<Guid> SayAsync(Guid chat, Guid sender, string content)
        => (await Messages.PostAsync(Text(chat, sender, content))).Message.Id;

    private protected async Task<Guid> PersonAsync(string name)
    {
        await using var db = OpenContext();
        var user = new User { Username = name };
        db.Add(user);
        await db.SaveChangesAsync();
        return user.Id;
    }

    private protected async Task<Guid[]> PeopleAsync(int count)
    {
        await using var db = OpenContext();
        List<User> people = [.. Enumerable.Range(0, count).Select(n => new User { Username = $"user-{n:d4}" })];
        db.AddRange(people);
        await db.SaveChangesAsync();
        return [.. people.Select(person => person.Id)];
    }

    private protected async Task<Guid> GroupAsync(params Guid[] members)
        => (await Rooms.CreateGroupAsync(members[0], "Trains", members)).Id;

    private protected async Task<Guid> SessionAsync()
        => (await new RepositoryChats(new Contexts(ConnectionString)).CreateAsync("nexus", "octo/nexus")).Id;

    private protected Task DisableAsync(Guid user) => AdministerAsync($"UPDATE users SET status = 'disabled' WHERE id = '{user}'");

    private protected Task AnonymizeAsync(Guid user)
        => new Users(new Contexts(ConnectionString), new PasswordHasher(1_000)).AnonymizeAsync(user);

    private protected static Task<T[]> AtOnceAsync<T>(int count, Func<int, Task<T>> work)
        => Task.WhenAll(Enumerable.Range(0, count).Select(n => Task.Run(() => work(n))));

    private protected static ContainsConstraint Refused(NexusDataErrorKind kind, string told = "")
        => Throws.InstanceOf<NexusDataException>().With.Property("Kind").EqualTo(kind).And.Message.Contains(told);
}
