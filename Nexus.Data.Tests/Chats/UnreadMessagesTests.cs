using System.Globalization;
using Nexus.Data.Chats;
using Nexus.Data.Tests.Fixtures;

namespace Nexus.Data.Tests.Chats;

public sealed class UnreadMessagesTests : RoomTest
{
    [Test]
    public async Task What_others_post_is_unread_until_it_is_read_and_what_is_deleted_does_not_count()
    {
        var people = await PeopleAsync(3);
        var chat = await GroupAsync(people);
        var ids = new List<Guid>();
        for (var i = 0; i < 10; i++)
        {
            ids.Add(await SayAsync(chat, people[0], $"{i}"));
        }

        Assert.That((await CountAsync(0), await CountAsync(1)), Is.EqualTo((0L, 10L)));
        await Messages.DeleteAsync(ids[1], people[0]);
        await Messages.DeleteAsync(ids[5], people[0]);
        Assert.That((await CountAsync(0), await CountAsync(1)), Is.EqualTo((0L, 8L)));
        Assert.That(await Unread.MarkReadAsync(chat, people[1], 3), Is.EqualTo(6), "Behind one of the two that went.");
        Assert.That(await Unread.MarkReadAsync(chat, people[1], 1), Is.EqualTo(6), "Nobody reads back.");
        Assert.That(await Unread.MarkReadAsync(chat, people[1], 9), Is.EqualTo(1));
        Assert.That(await Unread.MarkReadAsync(chat, people[1], 1_000), Is.Zero, "More than there is.");
        await Messages.DeleteAsync(ids[0], people[0]);
        await SayAsync(chat, people[1], "and");
        Assert.That((await CountAsync(0), await CountAsync(1), await CountAsync(2)), Is.EqualTo((1L, 0L, 8L)));
        Assert.That(await Unread.MarkReadAsync(chat, people[2]), Is.Zero);
        Assert.That(await Unread.VerifyAsync(), Is.Empty);

        Task<long> CountAsync(int person) => Unread.CountAsync(chat, people[person]);
    }

    [Test]
    public async Task Whoever_is_no_member_has_no_count()
    {
        var people = await PeopleAsync(2);
        var chat = await GroupAsync(people[0]);

        Assert.That(() => Unread.CountAsync(chat, people[1]), Refused(NexusDataErrorKind.Forbidden, $"{people[1]}"));
        Assert.That(() => Unread.MarkReadAsync(chat, people[1]), Refused(NexusDataErrorKind.Forbidden, $"{people[1]}"));
        Assert.That(() => Unread.MarkReadAsync(Guid.NewGuid(), people[0]), Refused(NexusDataErrorKind.Forbidden));
        Assert.That(await Unread.CountAllAsync(people[1]), Is.Zero);
    }

    [Test]
    public async Task A_wrong_count_is_found_and_put_right()
    {
        var people = await PeopleAsync(3);
        var chat = await GroupAsync(people);
        for (var i = 0; i < 5; i++)
        {
            await SayAsync(chat, people[0], $"{i}");
        }

        await AdministerAsync(
            $"""
            UPDATE chat_members SET unread_gaps = 2 WHERE user_id = '{people[1]}';
            DELETE FROM messages WHERE sequence = 2;
            UPDATE chat_members SET last_read_sequence = 99 WHERE user_id = '{people[0]}'
            """);

        var wrong = await Unread.VerifyAsync();
        var repaired = await Unread.RepairAsync();

        Assert.That(
            wrong.Select(count => (count.ChatId, count.UserId, count.Stored, count.Counted)),
            Is.EquivalentTo(((Guid, Guid, long, long)[])
            [
                (chat, people[0], -94, 0), (chat, people[1], 3, 4), (chat, people[2], 5, 4),
            ]));
        Assert.That(repaired, Is.EqualTo(3));
        Assert.That(await Unread.VerifyAsync(), Is.Empty);
        Assert.That((await Unread.CountAsync(chat, people[1]), await Unread.CountAsync(chat, people[0])), Is.EqualTo((4L, 0L)));
    }

    // Sixteen connections post, delete, read, come and go; what is stored is compared with a count while they do.
    [Test]
    public async Task Counts_are_right_at_every_moment_whatever_is_done_at_once()
    {
        var people = await PeopleAsync(24);
        var chats = new List<Guid>();
        for (var i = 0; i < 4; i++)
        {
            chats.Add(await GroupAsync(people));
            foreach (var admin in people[..8])
            {
                await Rooms.SetRoleAsync(chats[^1], admin, ChatRole.Admin);
            }
        }

        var operations = TestScale.Of(8_000, 1_000_000);
        var (rooms, messages, unread) = (Rooms, Messages, Unread);
        var done = 0;
        var (posted, deleted) = (0, 0);
        var workers = AtOnceAsync(16, async worker =>
        {
            var random = new Random(worker * 104729);
            var recent = new Queue<Guid>();
            while (Interlocked.Increment(ref done) <= operations)
            {
                var (chat, person) = (chats[random.Next(chats.Count)], people[random.Next(people.Length)]);
                switch (random.Next(10))
                {
                    case < 4:
                        try
                        {
                            recent.Enqueue((await messages.PostAsync(Text(chat, person, "x"))).Message.Id);
                            Interlocked.Increment(ref posted);
                        }
                        catch (NexusDataException exception) when (exception.Kind == NexusDataErrorKind.Forbidden)
                        {
                            // Whoever left.
                        }

                        break;
                    case < 7:
                        if (recent.Count > random.Next(20) && recent.TryDequeue(out var id)
                            && await messages.DeleteAsync(id, people[0]))
                        {
                            Interlocked.Increment(ref deleted);
                        }

                        break;
                    case 7:
                        await rooms.AddMemberAsync(chat, person);
                        break;
                    case 8 when person != people[0] && random.Next(4) == 0:
                        await rooms.LeaveAsync(chat, person);
                        break;
                    default:
                        await MarkAsync(chat, person, random);
                        break;
                }
            }

            return worker;
        });
        var compared = 0;
        while (!workers.IsCompleted)
        {
            Assert.That(await unread.VerifyAsync(), Is.Empty, $"After {done} operations.");
            compared++;
            await Task.WhenAny(workers, Task.Delay(TestScale.Of(300, 10_000)));
        }

        await workers;
        Assert.That(await unread.VerifyAsync(), Is.Empty);
        Assert.That((int[])[compared, posted, deleted], Is.All.Positive);
        Assert.That(await DeadlocksAsync(), Is.Zero);
        await TestContext.Out.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture, $"{operations} operations: {posted} posted, {deleted} deleted, compared {compared} times."));

        async Task MarkAsync(Guid chat, Guid person, Random random)
        {
            try
            {
                var left = await unread.CountAsync(chat, person);
                await using var db = OpenContext();
                var last = db.Chats.Where(room => room.Id == chat).Select(room => room.LastSequence).Single();
                await unread.MarkReadAsync(chat, person, random.Next(3) == 0 ? null : last - random.NextInt64(left + 2));
            }
            catch (NexusDataException exception) when (exception.Kind == NexusDataErrorKind.Forbidden)
            {
                // Whoever left.
            }
        }
    }
}
