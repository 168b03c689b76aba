using Microsoft.EntityFrameworkCore;
using Nexus.Data.Chats;
using Nexus.Data.Seeding;
using Nexus.Data.Seeding.Chats;
using Nexus.Data.Tests.Documentation;
using Nexus.Data.Tests.Fixtures;

namespace Nexus.Data.Tests.Seeding;

/// <summary>Fakers make rows that the database takes, and the same ones from the same seed.</summary>
public sealed class ChatFakerTests : ServiceTest
{
    private static readonly DateTimeOffset _start = new(2025, 3, 1, 8, 0, 0, TimeSpan.Zero);

    [Test]
    public async Task What_fakers_make_can_be_stored_and_counted()
    {
        var users = new UserFaker(7, _start).Generate(8);
        Guid[] people = [.. users.Select(user => user.Id)];
        var directs = new DirectChatFaker(people, 7, _start.AddDays(1)).Generate(28);
        var group = new GroupChatFaker(7, _start.AddDays(1), people[0]).Generate();
        var session = new RepositoryChatFaker(7, _start).Generate(3);
        await using (var db = OpenContext())
        {
            db.AddRange(users);
            db.AddRange(directs);
            db.AddRange(session);
            db.Add(group);
            db.AddRange(new ChatMemberFaker(group.Id, people, _start.AddDays(1), ChatRole.Admin).Generate(8));
            db.AddRange(directs.SelectMany(chat =>
                new ChatMemberFaker(chat.Id, [chat.LowUserId, chat.HighUserId], _start.AddDays(2)).Generate(2)));
            db.AddRange(new MessageFaker(group.Id, people, 7, _start.AddDays(3)).Generate(20));
            db.AddRange(new MessageFaker(session[0].Id, [], 7, _start.AddDays(3)).Generate(4));
            db.AddRange(new ChatSnapshotFaker(session[0].Id, 7, _start.AddDays(3)).Generate(3));
            await db.SaveChangesAsync();
        }

        await Service<UnreadMessages>().RepairAsync();

        await using var read = OpenContext();
        Assert.Multiple(async () =>
        {
            Assert.That(await Service<UnreadMessages>().VerifyAsync(), Is.Empty);
            Assert.That(await read.Messages.CountAsync(), Is.EqualTo(24));
            Assert.That(await read.Chats.OfType<DirectChat>().CountAsync(), Is.EqualTo(28));
            Assert.That(await read.ChatSnapshots.MaxAsync(snapshot => snapshot.Version), Is.EqualTo(3));
            Assert.That(await read.ChatMembers.CountAsync(member => member.Role == ChatRole.Admin), Is.EqualTo(1));
            Assert.That((await Service<Messages>().OlderAsync(group.Id, people[3])).Messages.Select(message => message.Sequence).Max(), Is.EqualTo(20));
        });
    }

    [Test]
    public void The_same_seed_makes_the_same_rows_and_another_seed_others()
    {
        static string Rows(int seed)
        {
            var users = new UserFaker(seed, _start).Generate(5);
            Guid[] people = [.. users.Select(user => user.Id)];
            var directs = new DirectChatFaker(people, seed, _start).Generate(10);
            return System.Text.Json.JsonSerializer.Serialize(new
            {
                users,
                directs,
                groups = new GroupChatFaker(seed, _start).Generate(5),
                sessions = new RepositoryChatFaker(seed, _start).Generate(5),
                messages = new MessageFaker(people[0], people, seed, _start).Generate(20),
                snapshots = new ChatSnapshotFaker(people[0], seed, _start).Generate(2),
            });
        }

        var (first, again, other) = (Rows(7), Rows(7), Rows(8));
        Assert.That(again, Is.EqualTo(first));
        Assert.That(other, Is.Not.EqualTo(first));
    }

    [Test]
    public void An_identifier_follows_from_its_text()
    {
        Assert.That(SeedId.Of("user_alice"), Is.EqualTo(Guid.Parse("5c5c2c16-4ead-6e3f-0aa2-e8db34327753")));
        Assert.That(SeedId.Stamped("user_alice"), Is.EqualTo(Guid.Parse("5c5c2c16-4ead-8e3f-8aa2-e8db34327753")));
        Assert.That(SeedId.Stamped("user_alice").Version, Is.EqualTo(8));
    }

    [Test]
    public void There_are_no_more_pairs_than_there_are()
        => Assert.That(
            () => new DirectChatFaker([Guid.NewGuid(), Guid.NewGuid(), Guid.NewGuid()]).Generate(4), Throws.InvalidOperationException);

    [Test]
    public async Task The_example_of_the_documents_stores_a_room()
    {
        await using (var db = OpenContext())
        {
            await SeedingExamples.StoreRoomAsync(db, Service<UnreadMessages>(), default);
        }

        await using var read = OpenContext();
        Assert.That(await read.Chats.Select(chat => chat.LastSequence).SingleAsync(), Is.EqualTo(25));
    }
}
