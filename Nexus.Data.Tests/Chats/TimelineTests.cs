using System.Globalization;
using Nexus.Data.Chats;
using Nexus.Data.Tests.Fixtures;

namespace Nexus.Data.Tests.Chats;

public sealed class TimelineTests : RoomTest
{
    // Pages of random length in both directions, while messages between the pages go: each that stays is shown once, in order.
    [Test]
    public async Task Each_message_is_shown_once_and_in_order_whatever_the_times_and_pages([Range(1, 10)] int seed)
    {
        var random = new Random(seed * 7919);
        var chat = await SessionAsync();
        for (var round = 0; round < TestScale.Of(2, 40); round++)
        {
            var count = random.Next(1, 400);
            var times = random.Next(1, count / 4 + 2);
            await FillAsync(chat, count, times, random);

            foreach (var isForward in new[] { true, false })
            {
                await using var db = OpenContext();
                var left = db.Messages.Select(message => message.Id).ToList();
                var (shown, deleted) = (new List<Message>(), new HashSet<Guid>());
                var stamp = random.Next(2) == 0;
                for (string? cursor = null; ;)
                {
                    var limit = random.Next(1, 60);
                    var page = isForward
                        ? await Messages.NewerAsync(chat, null, cursor, limit)
                        : await Messages.OlderAsync(chat, null, cursor, limit);
                    Assert.That(page.Messages, Has.Count.LessThanOrEqualTo(limit));
                    shown.InsertRange(isForward ? shown.Count : 0, page.Messages);
                    if (isForward ? !page.HasNewer : page.Older is null)
                    {
                        break;
                    }

                    cursor = isForward ? page.Newer : page.Older;
                    foreach (var gone in left.Where(_ => stamp && random.Next(50) == 0).ToList())
                    {
                        await Messages.DeleteAsync(gone, null);
                        left.Remove(gone);
                        deleted.Add(gone);
                    }
                }

                Assert.That(shown.Select(message => (message.CreatedAt, message.Id.ToString())), Is.Ordered);
                Assert.That(shown.Select(message => message.Id), Is.Unique);
                Assert.That(shown.Select(message => message.Id).Where(id => !deleted.Contains(id)), Is.EquivalentTo(left));
            }
        }
    }

    [Test]
    public async Task A_cursor_goes_on_with_what_was_written_since()
    {
        var people = await PeopleAsync(1);
        var chat = await GroupAsync(people);
        var empty = await Messages.OlderAsync(chat, people[0]);
        await SayAsync(chat, people[0], "1");
        var first = await Messages.NewerAsync(chat, people[0], empty.Newer);
        var nothing = await Messages.NewerAsync(chat, people[0], first.Newer);
        await SayAsync(chat, people[0], "2");
        await SayAsync(chat, people[0], "3");
        var since = await Messages.NewerAsync(chat, people[0], nothing.Newer, limit: 1);
        var back = await Messages.OlderAsync(chat, people[0], since.Older);

        Assert.That((empty.Older, empty.Newer, empty.HasNewer), Is.EqualTo(((string?)null, (string?)null, false)));
        Assert.That((Texts(first), first.HasNewer), Is.EqualTo(("1", false)));
        Assert.That((Texts(nothing), nothing.HasNewer, nothing.Newer), Is.EqualTo(("", false, first.Newer)));
        Assert.That((Texts(since), since.HasNewer), Is.EqualTo(("2", true)));
        Assert.That((Texts(back), back.Older), Is.EqualTo(("1", (string?)null)));
    }

    // Readers follow the end of a chat in which sixteen write: each message comes, and once.
    [Test]
    public async Task Whoever_follows_a_chat_misses_nothing_while_others_write()
    {
        var people = await PeopleAsync(16);
        var chat = await GroupAsync(people);
        var messages = Messages;
        var writing = AtOnceAsync(16, async n =>
        {
            for (var i = 0; i < TestScale.Of(40, 400); i++)
            {
                await messages.PostAsync(Text(chat, people[n], $"{i}"));
            }

            return n;
        });
        var followed = new List<Message>();
        for (string? cursor = null; ;)
        {
            var isOver = writing.IsCompleted;
            var page = await messages.NewerAsync(chat, people[0], cursor, limit: 20);
            followed.AddRange(page.Messages);
            cursor = page.Newer;
            if (isOver && !page.HasNewer)
            {
                break;
            }
        }

        await writing;
        Assert.That(followed.Select(message => message.Sequence), Is.EqualTo(Enumerable.Range(1, 16 * TestScale.Of(40, 400))));
    }

    [Test]
    public async Task A_message_is_shown_with_those_around_it()
    {
        var chat = await SessionAsync();
        await FillAsync(chat, 100, 7, new Random(1));
        var all = (await Messages.NewerAsync(chat, null, limit: 200)).Messages;
        foreach (var place in new[] { 0, 1, 3, 50, 97, 98, 99 })
        {
            var around = await Messages.AroundAsync(chat, null, all[place].Id, limit: 3);

            var (from, to) = (Math.Max(0, place - 3), Math.Min(99, place + 3));
            Assert.That(around.Messages.Select(message => message.Id), Is.EqualTo(all.Skip(from).Take(to - from + 1).Select(message => message.Id)));
            Assert.That((around.Older is null, around.HasNewer), Is.EqualTo((from == 0, to < 99)));
            if (around.Older is not null)
            {
                var older = await Messages.OlderAsync(chat, null, around.Older, limit: 200);
                Assert.That(older.Messages.Select(message => message.Id), Is.EqualTo(all.Take(from).Select(message => message.Id)));
            }

            var newer = await Messages.NewerAsync(chat, null, around.Newer, limit: 200);
            Assert.That(newer.Messages.Select(message => message.Id), Is.EqualTo(all.Skip(to + 1).Select(message => message.Id)));
        }

        Assert.That(() => Messages.AroundAsync(chat, null, Guid.NewGuid()), Refused(NexusDataErrorKind.NotFound));
        Assert.That(
            async () => await Messages.AroundAsync(await SessionAsync(), null, all[0].Id), Refused(NexusDataErrorKind.NotFound, $"{all[0].Id}"));
    }

    [Test]
    public async Task A_cursor_of_another_chat_and_pages_of_no_length_are_refused()
    {
        var (chat, other) = (await SessionAsync(), await SessionAsync());
        await FillAsync(chat, 3, 3, new Random(1));
        var cursor = (await Messages.OlderAsync(chat, null)).Newer;

        Assert.That(() => Messages.NewerAsync(other, null, cursor), Refused(NexusDataErrorKind.Validation));
        Assert.That(() => Messages.NewerAsync(chat, null, "x"), Refused(NexusDataErrorKind.Validation));
        foreach (var limit in new[] { 0, -1, 201 })
        {
            Assert.That(() => Messages.OlderAsync(chat, null, limit: limit), Throws.InstanceOf<ArgumentOutOfRangeException>());
        }
    }

    private static string Texts(Timeline page) => string.Join(",", page.Messages.Select(message => message.Content));

    private Task FillAsync(Guid chat, int count, int times, Random random)
        => AdministerAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"""
            DELETE FROM messages;
            INSERT INTO messages (chat_id, type, content, sequence, created_at)
            SELECT '{chat}', 'claude', 'x', n, '2025-03-01T12:00:00Z'::timestamptz + (n * {random.Next(1, 1000)} % {times}) * interval '1 microsecond'
            FROM generate_series(1, {count}) n;
            UPDATE chats SET last_sequence = {count} WHERE id = '{chat}'
            """));
}
