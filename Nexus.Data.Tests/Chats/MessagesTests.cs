using Nexus.Data.Chats;
using Nexus.Data.Tests.Fixtures;

namespace Nexus.Data.Tests.Chats;

public sealed class MessagesTests : RoomTest
{
    [Test]
    public async Task A_message_comes_back_as_it_was_posted_and_moves_its_chat_to_the_front()
    {
        var session = await SessionAsync();
        var request = Guid.NewGuid();
        foreach (var type in Enum.GetValues<MessageType>())
        {
            var posted = await Messages.PostAsync(new()
            {
                ChatId = session,
                Type = type,
                Content = $" {type}: Grüße 🚂\n",
                Metadata = """{"deep": [1, null, {"a": "ß"}]}""",
                IdempotencyKey = $"key {type}",
                RequestId = request,
            });

            var found = (await Messages.FindAsync(posted.Message.Id, null))!;
            Assert.That(posted.Outcome, Is.EqualTo(PostOutcome.Stored));
            Assert.That(
                (found.ChatId, found.Type, found.Content, found.Metadata, found.IdempotencyKey, found.RequestId, found.Sequence),
                Is.EqualTo((
                    session, type, $" {type}: Grüße 🚂\n", """{"deep": [1, null, {"a": "ß"}]}""", $"key {type}", (Guid?)request, (long)type + 1)));
            Assert.That((found.SenderId, found.CreatedAt), Is.EqualTo(((Guid?)null, posted.Message.CreatedAt)));
        }

        await using var db = OpenContext();
        var (chat, last) = (db.Chats.Single(), db.Messages.Max(message => message.CreatedAt));
        Assert.That((chat.LastAccessedAt, chat.LastSequence), Is.EqualTo((last, 8L)));
        Assert.That(chat.UpdatedAt, Is.EqualTo(chat.CreatedAt), "What is said of the chat is as it was.");
    }

    [Test]
    public async Task The_same_key_and_text_is_the_same_message_and_another_text_or_sender_is_a_conflict()
    {
        var people = await PeopleAsync(2);
        var (group, other) = (await GroupAsync(people), await GroupAsync(people));
        var first = await Messages.PostAsync(Text(group, people[0], "hello", "k"));

        var again = await Messages.PostAsync(Text(group, people[0], "hello", " k ") with { Metadata = "{}" });
        var elsewhere = await Messages.PostAsync(Text(other, people[0], "hello", "k"));

        Assert.That((again.Outcome, again.Message.Id), Is.EqualTo((PostOutcome.Known, first.Message.Id)));
        Assert.That((elsewhere.Outcome, elsewhere.Message.Sequence), Is.EqualTo((PostOutcome.Stored, 1L)));
        Assert.That(
            () => Messages.PostAsync(Text(group, people[0], "other", "k")), Refused(NexusDataErrorKind.Conflict, $"{first.Message.Id}"));
        Assert.That(() => Messages.PostAsync(Text(group, people[1], "hello", "k")), Refused(NexusDataErrorKind.Conflict, "'k'"));
        await using var db = OpenContext();
        Assert.That(db.Chats.Single(chat => chat.Id == group).LastSequence, Is.EqualTo(1), "No number is lost.");
    }

    // Whoever may not read a room does not learn either which keys are used in it.
    [Test]
    public async Task A_key_tells_nothing_to_those_who_are_not_in_the_room()
    {
        var people = await PeopleAsync(3);
        var group = await GroupAsync(people[..2]);
        await Messages.PostAsync(Text(group, people[1], "hello", "k"));
        await Rooms.LeaveAsync(group, people[1]);

        foreach (var (sender, text) in new[] { (people[1], "hello"), (people[1], "other"), (people[2], "hello") })
        {
            Assert.That(() => Messages.PostAsync(Text(group, sender, text, "k")), Refused(NexusDataErrorKind.Forbidden, $"{sender}"));
        }

        Assert.That(
            () => Messages.PostAsync(new() { ChatId = group, Content = "hello", IdempotencyKey = "k" }),
            Refused(NexusDataErrorKind.Validation, "sender"));
    }

    // As a host's own statement, or an import, may leave it.
    [Test]
    public async Task A_number_that_was_given_without_being_noted_is_not_given_again()
    {
        var session = await SessionAsync();
        await AdministerAsync($"INSERT INTO messages (chat_id, type, content, sequence) VALUES ('{session}', 'claude', 'x', 7)");

        Assert.That((await Messages.PostAsync(new() { ChatId = session, Content = "y" })).Message.Sequence, Is.EqualTo(8));
    }

    [Test]
    public async Task Without_a_key_each_message_is_another_one()
    {
        var people = await PeopleAsync(1);
        var group = await GroupAsync(people);

        var (first, second) = (await SayAsync(group, people[0], "hello"), await SayAsync(group, people[0], "hello"));

        Assert.That(second, Is.Not.EqualTo(first));
    }

    [Test]
    public async Task However_many_send_one_key_at_once_there_is_one_message()
    {
        var people = await PeopleAsync(1);
        var group = await GroupAsync(people);
        var messages = Messages;
        for (var round = 1; round <= TestScale.Of(5, 50); round++)
        {
            var posted = await AtOnceAsync(64, _ => messages.PostAsync(Text(group, people[0], "hello", $"k{round}")));

            Assert.That(posted.Select(post => post.Message.Id).Distinct().Count(), Is.EqualTo(1));
            Assert.That(posted.Count(post => post.Outcome == PostOutcome.Stored), Is.EqualTo(1));
            Assert.That(posted.Select(post => post.Message.Sequence), Is.All.EqualTo(round));
        }
    }

    [Test]
    public async Task Those_who_send_other_texts_under_one_key_are_each_told_of_the_conflict()
    {
        var people = await PeopleAsync(1);
        var group = await GroupAsync(people);
        var messages = Messages;

        var outcomes = await AtOnceAsync(64, async n =>
        {
            try
            {
                return (await messages.PostAsync(Text(group, people[0], $"text {n}", "k"))).Outcome.ToString();
            }
            catch (NexusDataException exception)
            {
                return exception.Kind.ToString();
            }
        });

        Assert.That((outcomes.Count(told => told == "Stored"), outcomes.Count(told => told == "Conflict")), Is.EqualTo((1, 63)));
    }

    [Test]
    public async Task Those_who_post_at_once_are_numbered_without_gaps_and_in_the_order_of_time()
    {
        var people = await PeopleAsync(16);
        var group = await GroupAsync(people);
        var messages = Messages;

        await AtOnceAsync(16, async n =>
        {
            for (var i = 0; i < 50; i++)
            {
                await messages.PostAsync(Text(group, people[n], $"{i}"));
            }

            return n;
        });

        await using var db = OpenContext();
        var stored = db.Messages.OrderBy(message => message.Sequence).ToList();
        Assert.That(stored.Select(message => message.Sequence), Is.EqualTo(Enumerable.Range(1, 800)));
        Assert.That(stored.Zip(stored.Skip(1), (one, next) => one.CreatedAt < next.CreatedAt), Is.All.True);
    }

    // A clock that was set back, or rows from elsewhere.
    [Test]
    public async Task A_message_is_later_than_the_one_before_it_whatever_the_clock_says()
    {
        var people = await PeopleAsync(1);
        var group = await GroupAsync(people);
        await SayAsync(group, people[0], "first");
        await AdministerAsync("UPDATE messages SET created_at = '2100-01-01T00:00:00Z'");

        var posted = await Messages.PostAsync(Text(group, people[0], "second"));

        Assert.That(posted.Message.CreatedAt, Is.EqualTo(new DateTimeOffset(2100, 1, 1, 0, 0, 0, TimeSpan.Zero).AddMicroseconds(1)));
    }

    [Test]
    public async Task Only_members_who_are_not_disabled_post_in_a_room()
    {
        var people = await PeopleAsync(4);
        var group = await GroupAsync(people[..2]);
        await DisableAsync(people[1]);
        var gone = people[3];
        await AnonymizeAsync(gone);
        var nobody = Guid.NewGuid();

        Assert.That(() => SayAsync(group, people[1], "x"), Refused(NexusDataErrorKind.Forbidden, "disabled"));
        Assert.That(() => SayAsync(group, people[2], "x"), Refused(NexusDataErrorKind.Forbidden, "no member"));
        Assert.That(() => SayAsync(group, gone, "x"), Refused(NexusDataErrorKind.NotFound, $"{gone}"));
        Assert.That(() => SayAsync(group, nobody, "x"), Refused(NexusDataErrorKind.NotFound, $"{nobody}"));
        Assert.That(() => SayAsync(nobody, people[0], "x"), Refused(NexusDataErrorKind.NotFound, $"{nobody}"));
        Assert.That(
            () => Messages.PostAsync(new() { ChatId = group, Content = "x" }), Refused(NexusDataErrorKind.Validation, "sender"));
        var told = await Messages.PostAsync(new() { ChatId = group, Type = MessageType.System, Content = "Somebody joined." });
        Assert.That((told.Message.SenderId, told.Message.Sequence), Is.EqualTo(((Guid?)null, 1L)));
    }

    [Test]
    public async Task A_message_that_says_nothing_or_what_cannot_be_stored_is_refused_by_name()
    {
        var session = await SessionAsync();
        var message = new NewMessage { ChatId = session, Content = "x" };

        foreach (var (wrong, told) in new[]
        {
            (message with { Content = "" }, "text"), (message with { Content = "a\0b" }, "U+0000"),
            (message with { Content = "\ud800" }, "half"), (message with { Metadata = "[]" }, "object"),
            (message with { Metadata = "{" }, "object"), (message with { Metadata = """{"a": "\u0000"}""" }, "U+0000"),
            (message with { Metadata = """{"a": "\ud800"}""" }, "metadata"), (message with { Metadata = """{"a": 1e400000}""" }, "metadata"),
            (message with { Metadata = "{\"a\": \"\ud800\"}", Content = "" }, "text"),
            (message with { IdempotencyKey = " " }, "key"), (message with { IdempotencyKey = new string('k', 256) }, "255"),
            (message with { Type = MessageType.Claude, SenderId = Guid.NewGuid() }, "claude"),
        })
        {
            Assert.That(() => Messages.PostAsync(wrong), Refused(NexusDataErrorKind.Validation, told));
        }

        Assert.That(() => Messages.PostAsync(message with { Type = (MessageType)99 }), Throws.InstanceOf<ArgumentOutOfRangeException>());
        await using var db = OpenContext();
        Assert.That(db.Messages.Count(), Is.Zero);
    }

    [Test]
    public async Task Whoever_wrote_a_message_or_looks_after_the_group_deletes_it()
    {
        var people = await PeopleAsync(3);
        var group = await GroupAsync(people);
        var (first, second) = (await SayAsync(group, people[1], "1"), await SayAsync(group, people[1], "2"));
        var own = (await Messages.PostAsync(new() { ChatId = await SessionAsync(), Content = "x" })).Message.Id;

        Assert.That(() => Messages.DeleteAsync(first, people[2]), Refused(NexusDataErrorKind.Forbidden, $"{first}"));
        Assert.That(() => Messages.DeleteAsync(first, null), Refused(NexusDataErrorKind.Forbidden));
        Assert.That(
            (await Messages.DeleteAsync(first, people[1]), await Messages.DeleteAsync(second, people[0]), await Messages.DeleteAsync(own, null)),
            Is.EqualTo((true, true, true)));
        Assert.That(await Messages.DeleteAsync(first, people[1]), Is.False);
        Assert.That((await SayAsync(group, people[0], "3"), await Unread.CountAsync(group, people[2])).Item2, Is.EqualTo(1));
    }

    [Test]
    public async Task Rooms_are_read_by_their_members_alone()
    {
        var people = await PeopleAsync(2);
        var group = await GroupAsync(people[0]);
        var message = await SayAsync(group, people[0], "x");
        var session = await SessionAsync();

        foreach (var reader in new Guid?[] { people[1], null, Guid.NewGuid() })
        {
            Assert.That(() => Messages.FindAsync(message, reader), Refused(NexusDataErrorKind.Forbidden, $"{group}"));
            Assert.That(() => Messages.OlderAsync(group, reader), Refused(NexusDataErrorKind.Forbidden, $"{group}"));
            Assert.That(() => Messages.NewerAsync(group, reader), Refused(NexusDataErrorKind.Forbidden, $"{group}"));
            Assert.That(() => Messages.AroundAsync(group, reader, message), Refused(NexusDataErrorKind.Forbidden, $"{group}"));
            Assert.That(() => Messages.SearchAsync(group, reader, "x"), Refused(NexusDataErrorKind.Forbidden, $"{group}"));
        }

        Assert.That((await Messages.FindAsync(message, people[0]))!.Content, Is.EqualTo("x"));
        Assert.That((await Messages.OlderAsync(session, null)).Messages, Is.Empty);
        Assert.That(() => Messages.OlderAsync(Guid.NewGuid(), people[0]), Refused(NexusDataErrorKind.NotFound));
        Assert.That(await Messages.FindAsync(Guid.NewGuid(), people[0]), Is.Null);
    }

    [Test]
    public async Task A_line_leads_to_its_request_and_a_conversation_back_to_its_chats()
    {
        var (conversation, other) = (Guid.NewGuid(), Guid.NewGuid());
        var requests = Enumerable.Range(0, 4).Select(_ => Guid.NewGuid()).ToArray();
        await AdministerAsync(string.Join(";", requests.Select((request, n) =>
            $$"""
            INSERT INTO api_requests (request_id, timestamp, method, path, headers, train_id, conversation_id)
            VALUES ('{{request}}', now(), 'POST', '/v1/messages', '{}', 'x', '{{(n < 3 ? conversation : other)}}')
            """)));
        var (first, second) = (await SessionAsync(), await SessionAsync());
        var lines = new List<Guid>();
        foreach (var (chat, request) in new[] { (first, 0), (first, 1), (second, 2), (first, 2), (second, 3) })
        {
            lines.Add((await Messages.PostAsync(new() { ChatId = chat, Type = MessageType.Claude, Content = "x", RequestId = requests[request] })).Message.Id);
        }

        Assert.That(
            (await Messages.ForRequestAsync(requests[2])).Select(message => (message.Id, message.ChatId)),
            Is.EqualTo(((Guid, Guid)[])[(lines[2], second), (lines[3], first)]));
        Assert.That(
            await Messages.ChatsOfConversationAsync(conversation),
            Is.EqualTo((ConversationChat[])
            [
                new(first, ChatKind.Repository, 3, lines[0], lines[3]), new(second, ChatKind.Repository, 1, lines[2], lines[2]),
            ]));
        Assert.That(await Messages.ForRequestAsync(Guid.NewGuid()), Is.Empty);
    }
}
