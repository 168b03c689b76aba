using System.Globalization;
using Nexus.Data.Chats;
using Nexus.Data.Tests.Fixtures;

namespace Nexus.Data.Tests.Chats;

/// <summary>What the server looks at for a member of a hundred rooms. With NEXUS_FULL_TESTS=1 there are a million messages in
/// them.</summary>
public sealed class RoomPlanTests : RoomTest
{
    private const int Chats = 100;

    // The bounds are about twice what is seen, and the same for a thousand messages in a room and for ten thousand.
    [Test]
    public async Task Each_question_looks_at_what_it_shows_however_much_there_is()
    {
        var people = await PeopleAsync(20);
        var (reader, other) = (people[0], people[1]);
        var chats = await FillAsync(people, TestScale.Of(1_000, 10_000));
        var chat = chats[50];
        var middle = (await Messages.OlderAsync(chat, reader, limit: 200)).Older;

        await BoundAsync("unread of all rooms", 60, db => Unread.In(db).CountAllAsync(reader));
        await BoundAsync("unread of a room", 10, db => Unread.In(db).CountAsync(chat, reader));
        await BoundAsync("50 rooms of a list", 500, db => Rooms.In(db).ListAsync(reader, limit: 50), "idx_messages_timeline");
        await BoundAsync("membership", 5, db => Rooms.In(db).FindRoleAsync(chat, reader));
        await BoundAsync("the newest page", 90, db => Messages.In(db).OlderAsync(chat, reader), "idx_messages_timeline");
        await BoundAsync("a page before it", 90, db => Messages.In(db).OlderAsync(chat, reader, middle), "idx_messages_timeline");
        await BoundAsync("a page behind it", 90, db => Messages.In(db).NewerAsync(chat, reader, middle), "idx_messages_timeline");
        await BoundAsync("the oldest page", 90, db => Messages.In(db).NewerAsync(chat, reader), "idx_messages_timeline");
        var message = (await Messages.OlderAsync(chat, reader, limit: 200)).Messages[0].Id;
        await BoundAsync("around a message", 90, db => Messages.In(db).AroundAsync(chat, reader, message), "idx_messages_timeline");
        await BoundAsync("by request", 10, db => Messages.In(db).ForRequestAsync(Guid.NewGuid()), "idx_messages_request_id");
        await BoundAsync("marking a part as read", 60, db => Unread.In(db).MarkReadAsync(chat, other, 500));
        await BoundAsync("posting", 120, db => Messages.In(db).PostAsync(Text(chat, reader, "x")));

        async Task BoundAsync(string what, int buffers, Func<NexusDbContext, Task> work, params string[] indexes)
        {
            var plans = await QueryPlans.OfAsync(await AdministratorAsync(), work);
            await TestContext.Out.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{what}: {plans.Buffers} pages"));
            Assert.That(plans.Buffers, Is.LessThanOrEqualTo(buffers), what + plans.All);
            Assert.That(plans.Indexes, Is.SupersetOf(indexes), what + plans.All);
            Assert.That(plans.Scanned, Does.Not.Contain("messages"), what + plans.All);
        }
    }

    [Test]
    public async Task The_feed_reads_what_is_new_by_its_index()
    {
        var people = await PeopleAsync(2);
        var chats = await FillAsync(people, 500);
        var feed = new MessageFeed(new Contexts(ConnectionString));
        var token = await feed.NowAsync();
        await SayAsync(chats[0], people[0], "new");

        var plans = await QueryPlans.OfAsync(
            await AdministratorAsync(), db => MessageFeed.ReadAsync(db, FeedToken.Read(token), 1_000_000, TimeSpan.FromMinutes(1), CancellationToken.None));

        Assert.That(plans.Indexes, Does.Contain("idx_messages_written_in"), plans.All);
        Assert.That(plans.Buffers, Is.LessThan(30), plans.All);
    }

    private async Task<Guid[]> FillAsync(Guid[] people, int each)
    {
        var chats = new List<Guid>();
        for (var n = 0; n < Chats; n++)
        {
            chats.Add((await Rooms.CreateGroupAsync(people[0], $"Room {n}", people)).Id);
        }

        await AdministerAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"""
            INSERT INTO messages (chat_id, type, content, sender_id, sequence, created_at)
            SELECT c.id, 'user', 'message ' || n, '{people[^1]}', n, '2025-03-01T12:00:00Z'::timestamptz + n * interval '1 second'
            FROM generate_series(1, {each}) n, (SELECT id FROM chats ORDER BY id) c;
            UPDATE chats SET last_sequence = {each}
            """));
        await VacuumAsync("messages", "chats", "chat_members", "users");
        return [.. chats];
    }
}
