using Microsoft.EntityFrameworkCore;
using Nexus.Data.Chats;
using Nexus.Data.Tests.Fixtures;

namespace Nexus.Data.Tests.Chats;

public sealed class MessageBulkTests : RoomTest
{
    private MessageFeed Feed => new(new Contexts(ConnectionString));

    [Test]
    [Category("ServerVersions")]
    public async Task Many_at_once_are_stored_as_one_by_one()
    {
        var everybody = await PeopleAsync(6);
        var request = Guid.NewGuid();
        var single = await PostedAsync(everybody[..3], async messages =>
        {
            var posted = new List<PostedMessage>();
            foreach (var message in messages)
            {
                posted.Add(await Messages.PostAsync(message));
            }

            return posted;
        });
        var many = await PostedAsync(everybody[3..], messages => Messages.PostManyAsync(messages));

        Assert.That(many.Answers, Is.EqualTo(single.Answers));
        Assert.That(many.Rows, Is.EqualTo(single.Rows));
        Assert.That(many.Chats, Is.EqualTo(single.Chats));
        Assert.That(many.Members, Is.EqualTo(single.Members));
        Assert.That(many.Rows, Has.Count.EqualTo(43));
        Assert.That(await Unread.VerifyAsync(), Is.Empty);

        async Task<Outcome> PostedAsync(Guid[] people, Func<List<NewMessage>, Task<IReadOnlyList<PostedMessage>>> post)
        {
            // A group in which one has read what is there and another has not, a pair, and a session.
            var group = await GroupAsync(people);
            var direct = (await Rooms.OpenDirectAsync(people[0], people[1])).Id;
            var session = await SessionAsync();
            await SayAsync(group, people[0], "before");
            await Messages.DeleteAsync(await SayAsync(group, people[0], "gone"), people[0]);
            await Unread.MarkReadAsync(group, people[1]);
            Guid[] chats = [group, direct, session];
            var messages = new List<NewMessage>();
            for (var i = 0; i < 10; i++)
            {
                messages.Add(Text(group, people[i % 2], $"group {i}", i % 3 == 0 ? $" k{i} " : null));
                messages.Add(Text(direct, people[(i + 1) % 2], $"direct {i} Grüße 🚂\n"));
                messages.Add(new()
                {
                    ChatId = session,
                    Type = (MessageType)(i % 8),
                    Content = $"session {i}",
                    Metadata = """{"deep": [1, null, {"a": "ß"}]}""",
                    RequestId = request,
                });
                messages.Add(new() { ChatId = group, Type = MessageType.System, Content = $"system {i}" });
            }

            messages.Add(Text(group, people[0], "group 0", "k0"));
            messages.Add(Text(session, people[2], "a person in a session"));
            messages.Add(Text(group, people[1], "before", "k"));

            var posted = await post(messages);

            await using var db = OpenContext();
            var rows = await db.Messages.AsNoTracking().Where(message => chats.Contains(message.ChatId)).ToListAsync();
            foreach (var (given, answer) in messages.Zip(posted))
            {
                var stored = rows.Single(row => row.Id == answer.Message.Id);
                Assert.That(
                    (answer.Message.ChatId, answer.Message.Content, answer.Message.CreatedAt, answer.Message.Sequence, answer.Message.IdempotencyKey),
                    Is.EqualTo((given.ChatId, given.Content, stored.CreatedAt, stored.Sequence, stored.IdempotencyKey)));
            }

            foreach (var chat in chats)
            {
                var times = rows.Where(row => row.ChatId == chat).OrderBy(row => row.Sequence).Select(row => row.CreatedAt).ToList();
                Assert.That(times, Is.Ordered.And.Unique);
                Assert.That(db.Chats.Single(row => row.Id == chat).LastAccessedAt, Is.EqualTo(times[^1]));
            }

            return new(
                [.. posted.Select(answer => (answer.Outcome, answer.Message.Sequence))],
                [.. rows.Select(row => (
                    Array.IndexOf(chats, row.ChatId), row.Sequence, row.Type, row.Content, row.Metadata, Array.IndexOf(people, row.SenderId ?? default),
                    row.IdempotencyKey, row.RequestId)).OrderBy(row => (row.Item1, row.Sequence))],
                [.. chats.Select(chat => db.Chats.Single(row => row.Id == chat).LastSequence)],
                [.. (await db.ChatMembers.AsNoTracking().Where(member => chats.Contains(member.ChatId)).ToListAsync())
                    .Select(member => (
                        Array.IndexOf(chats, member.ChatId), Array.IndexOf(people, member.UserId), member.LastReadSequence, member.UnreadGaps))
                    .Order()]);
        }
    }

    [Test]
    public async Task Nothing_is_asked_for_nothing()
    {
        var counter = new CommandCounter();

        Assert.That(await new Messages(new Contexts(ConnectionString, counter)).PostManyAsync([]), Is.Empty);
        Assert.That(counter.Commands, Is.Empty);
    }

    [Test]
    public async Task However_many_there_are_the_round_trips_are_the_same()
    {
        var session = await SessionAsync();
        var counter = new CommandCounter();
        var messages = new Messages(new Contexts(ConnectionString, counter));
        await messages.PostManyAsync([new() { ChatId = session, Content = "x" }]);
        var one = Sent();
        counter.Clear();

        await messages.PostManyAsync(Lines(session, 500));

        Assert.That((one, Sent()), Is.EqualTo((3, 3)), "Places, counts, and the number of the transaction.");

        // Without what tells the feed a little later.
        int Sent() => counter.Commands.Count(command => !command.Contains("synchronous_commit", StringComparison.Ordinal));
    }

    [Test]
    public async Task What_is_stored_under_its_key_is_known_and_what_is_given_twice_is_stored_once()
    {
        var people = await PeopleAsync(1);
        var (group, other) = (await GroupAsync(people), await GroupAsync(people));
        var before = await Messages.PostAsync(Text(group, people[0], "hello", "k"));

        var posted = await Messages.PostManyAsync([
            Text(group, people[0], "hello", " k "), Text(group, people[0], "new", "n"), Text(other, people[0], "elsewhere", "k"),
            Text(group, people[0], "new", "n") with { Metadata = "{}" },
        ]);
        var again = await Messages.PostManyAsync([Text(group, people[0], "new", "n"), Text(group, people[0], "hello", "k")]);

        Assert.That(
            posted.Select(answer => answer.Outcome),
            Is.EqualTo([PostOutcome.Known, PostOutcome.Stored, PostOutcome.Stored, PostOutcome.Known]));
        Assert.That((posted[0].Message.Id, posted[3].Message.Id), Is.EqualTo((before.Message.Id, posted[1].Message.Id)));
        Assert.That(again.Select(answer => answer.Outcome), Is.All.EqualTo(PostOutcome.Known));
        Assert.That(again.Select(answer => answer.Message.Id), Is.EqualTo([posted[1].Message.Id, before.Message.Id]));
        await using var db = OpenContext();
        Assert.That(db.Chats.Single(chat => chat.Id == group).LastSequence, Is.EqualTo(2));
        Assert.That(db.Messages.Count(), Is.EqualTo(3));
    }

    [Test]
    public async Task One_that_is_refused_is_named_and_none_is_stored()
    {
        var people = await PeopleAsync(4);
        var group = await GroupAsync(people[..2]);
        var session = await SessionAsync();
        await DisableAsync(people[1]);
        await AnonymizeAsync(people[3]);
        await Messages.PostAsync(Text(group, people[0], "stored", "k"));
        var nobody = Guid.NewGuid();
        var fine = Text(group, people[0], "fine", "f");
        var line = new NewMessage { ChatId = session, Content = "x" };

        foreach (var (wrong, kind, told) in new[]
        {
            (fine with { ChatId = nobody }, NexusDataErrorKind.NotFound, $"no chat {nobody}"),
            (fine with { SenderId = nobody }, NexusDataErrorKind.NotFound, $"no user {nobody}"),
            (fine with { SenderId = people[3] }, NexusDataErrorKind.NotFound, $"no user {people[3]}"),
            (fine with { SenderId = people[1] }, NexusDataErrorKind.Forbidden, "disabled"),
            (line with { SenderId = people[1] }, NexusDataErrorKind.Forbidden, "disabled"),
            (fine with { SenderId = people[2] }, NexusDataErrorKind.Forbidden, "add the user first"),
            (Text(group, people[2], "stored", "k"), NexusDataErrorKind.Forbidden, "add the user first"),
            (fine with { SenderId = null }, NexusDataErrorKind.Validation, "sender"),
            (Text(group, people[0], "other", "k"), NexusDataErrorKind.Conflict, $"'k' in chat {group}"),
            (Text(group, people[0], "other", "f"), NexusDataErrorKind.Conflict, $"index 0, has the key 'f' in chat {group}"),
            (fine with { Type = MessageType.System }, NexusDataErrorKind.Validation, "no sender"),
            (line with { Content = "" }, NexusDataErrorKind.Validation, "empty"),
            (line with { Content = "a\0b" }, NexusDataErrorKind.Validation, "U+0000"),
            (line with { Metadata = "[]" }, NexusDataErrorKind.Validation, "object"),
            (line with { Metadata = """{"a": "\u0000"}""" }, NexusDataErrorKind.Validation, "U+0000"),
            (line with { Metadata = """{"a": 1e400000}""" }, NexusDataErrorKind.Validation, "too many digits"),
            (line with { IdempotencyKey = new string('k', 256) }, NexusDataErrorKind.Validation, "255"),
        })
        {
            // Known ones are not copied: what the server counts is not what was given.
            Assert.That(
                () => Messages.PostManyAsync([fine, Text(group, people[0], "stored", "k"), .. Lines(session, 20), wrong, line]),
                Refused(kind, told).And.Message.StartsWith($"The message at index 22, for chat {wrong.ChatId}, is refused"));
        }

        Assert.That(
            () => Messages.PostManyAsync([line, line with { Type = (MessageType)99 }]),
            Throws.InstanceOf<ArgumentOutOfRangeException>().With.Message.Contains("index 1"));
        Assert.That(() => Messages.PostManyAsync([line, null!]), Throws.ArgumentException.With.Message.Contains("index 1"));
        await using var db = OpenContext();
        Assert.That(db.Messages.Select(message => message.Content), Is.EqualTo(["stored"]));
        Assert.That(db.Chats.Single(chat => chat.Id == session).LastSequence, Is.Zero);
    }

    [Test]
    public async Task A_number_or_a_time_that_was_given_without_being_noted_is_not_given_again()
    {
        var session = await SessionAsync();
        await AdministerAsync(
            $"INSERT INTO messages (chat_id, type, content, sequence, created_at) VALUES ('{session}', 'claude', 'x', 7, '2100-01-01T00:00:00Z')");

        var posted = await Messages.PostManyAsync(Lines(session, 2));

        var last = new DateTimeOffset(2100, 1, 1, 0, 0, 0, TimeSpan.Zero);
        Assert.That(
            posted.Select(answer => (answer.Message.Sequence, answer.Message.CreatedAt)),
            Is.EqualTo([(8L, last.AddMicroseconds(1)), (9L, last.AddMicroseconds(2))]));
    }

    [Test]
    public async Task In_a_transaction_of_the_callers_they_are_stored_with_it_or_not_at_all()
    {
        var people = await PeopleAsync(2);
        var group = await GroupAsync(people);
        var token = await Feed.NowAsync();
        await using (var db = OpenContext())
        {
            await using var transaction = await db.Database.BeginTransactionAsync();
            await Messages.In(db).PostManyAsync([.. Enumerable.Range(0, 9).Select(n => Text(group, people[0], $"{n}"))]);
            await transaction.RollbackAsync();
        }

        Assert.That((await Messages.OlderAsync(group, people[0])).Messages, Is.Empty);
        Assert.That(await Unread.CountAsync(group, people[1]), Is.Zero);
        await using (var db = OpenContext())
        {
            await using var transaction = await db.Database.BeginTransactionAsync();
            await Messages.In(db).PostManyAsync([Text(group, people[0], "1"), Text(group, people[0], "2")]);
            await Messages.In(db).PostAsync(Text(group, people[0], "3"));
            await transaction.CommitAsync();
        }

        await using (var db = OpenContext())
        {
            await Messages.In(db).PostManyAsync([Text(group, people[0], "4")]);
        }

        Assert.That(await SeenAsync(token, 4), Is.EqualTo(["1", "2", "3", "4"]));
        Assert.That(await Unread.CountAsync(group, people[1]), Is.EqualTo(4));
    }

    [Test]
    [Category("Load")]
    public async Task Those_who_post_many_and_those_who_post_one_number_the_same_chats_without_gaps()
    {
        var people = await PeopleAsync(16);
        Guid[] groups = [await GroupAsync(people), await GroupAsync(people), await GroupAsync(people)];
        var token = await Feed.NowAsync();

        await AtOnceAsync(16, async n =>
        {
            // In a context of the caller's nothing is tried again: a deadlock would be seen.
            await using var own = OpenContext();
            var messages = Messages.In(own);
            for (var round = 0; round < 6; round++)
            {
                if (n < 8)
                {
                    // Each names the chats in an order of its own.
                    await messages.PostManyAsync([.. Enumerable.Range(0, 30).Select(i => Text(groups[(n + i) % 3], people[n], $"{n} {round} {i}"))]);
                }
                else
                {
                    await messages.PostAsync(Text(groups[(n + round) % 3], people[n], $"{n} {round}"));
                }
            }

            return n;
        });

        await using var db = OpenContext();
        foreach (var group in groups)
        {
            var stored = db.Messages.Where(message => message.ChatId == group).OrderBy(message => message.Sequence).ToList();
            Assert.That(stored.Select(message => message.Sequence), Is.EqualTo(Enumerable.Range(1, (8 * 6 * 10) + (8 * 2))));
            Assert.That(stored.Zip(stored.Skip(1), (one, next) => one.CreatedAt < next.CreatedAt), Is.All.True);
        }

        const int all = (8 * 6 * 30) + (8 * 6);
        Assert.That(await SeenAsync(token, all), Is.Unique.And.Count.EqualTo(all));
        Assert.That(await Unread.VerifyAsync(), Is.Empty);
    }

    [Test]
    public async Task A_connection_that_breaks_on_the_way_is_replaced_and_all_is_stored_once()
    {
        var people = await PeopleAsync(1);
        var group = await GroupAsync(people);
        var administrator = await AdministratorAsync();
        await using var db = OpenContext();
        await using var transaction = await db.Database.BeginTransactionAsync();
        await Messages.In(db).PostAsync(Text(group, people[0], "first"));

        var posting = Messages.PostManyAsync([.. Enumerable.Range(0, 100).Select(n => Text(group, people[0], $"{n}"))]);
        await Server.WaitForAsync(administrator, "wait_event_type = 'Lock'", () => posting.IsCompleted);
        await AdministerAsync("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'");
        await transaction.CommitAsync();
        var posted = await posting;

        Assert.That(posted.Select(answer => (answer.Outcome, answer.Message.Sequence)), Is.EqualTo(
            Enumerable.Range(2, 100).Select(n => (PostOutcome.Stored, (long)n))));
        Assert.That(await db.Messages.CountAsync(), Is.EqualTo(101));
    }

    private static NewMessage[] Lines(Guid session, int count)
        => [.. Enumerable.Range(0, count).Select(n => new NewMessage { ChatId = session, Type = MessageType.Claude, Content = $"{n}" })];

    private async Task<List<string>> SeenAsync(string token, int count)
    {
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var seen = new List<string>();
        await foreach (var item in Feed.ListenAsync(token, stop.Token))
        {
            seen.Add(item.Message.Content);
            if (seen.Count == count)
            {
                break;
            }
        }

        return seen;
    }

    private sealed record Outcome(
        List<(PostOutcome Outcome, long Sequence)> Answers,
        List<(int Chat, long Sequence, MessageType Type, string Content, string? Metadata, int Sender, string? Key, Guid? Request)> Rows,
        List<long> Chats,
        List<(int Chat, int Person, long Read, int Gaps)> Members);
}
