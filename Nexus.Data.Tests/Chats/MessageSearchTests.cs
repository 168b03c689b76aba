using System.Globalization;
using Nexus.Data.Chats;
using Nexus.Data.Tests.Fixtures;

namespace Nexus.Data.Tests.Chats;

[Category("ServerVersions")]
public sealed class MessageSearchTests : RoomTest
{
    [Test]
    public async Task A_chat_is_searched_by_words_newest_first()
    {
        var people = await PeopleAsync(1);
        var (chat, other) = (await GroupAsync(people), await GroupAsync(people));
        foreach (var text in new[] { "The train is late", "late trains", "Too LATE for the train", "the night train" })
        {
            await SayAsync(chat, people[0], text);
            await SayAsync(other, people[0], text);
        }

        foreach (var (words, found) in new (string, string[])[]
        {
            ("train", ["the night train", "Too LATE for the train", "The train is late"]), ("Late TRAIN", ["Too LATE for the train", "The train is late"]),
            ("\"is late\"", ["The train is late"]), ("night or trains", ["the night train", "late trains"]),
            ("train -late", ["the night train"]), ("-train", ["late trains"]), ("bus", []), ($"chat:{chat}", []), ("chat", []),
        })
        {
            var page = await Messages.SearchAsync(chat, people[0], words);
            Assert.That(page.Items.Select(message => message.Content), Is.EqualTo(found), words);
            Assert.That(page.Items.Select(message => message.ChatId), Is.All.EqualTo(chat));
        }
    }

    [TestCase("!?")]
    [TestCase(" ")]
    [TestCase("a\0b")]
    public async Task A_search_without_a_word_is_refused(string words)
    {
        var people = await PeopleAsync(1);
        var chat = await GroupAsync(people);
        await SayAsync(chat, people[0], "!?");

        Assert.That(() => Messages.SearchAsync(chat, people[0], words), Refused(NexusDataErrorKind.Validation));
    }

    // Of rare words all are found by the index; of frequent ones the newest are looked at. The pages of both are those of a plain
    // comparison.
    [Test]
    public async Task Pages_of_rare_and_of_frequent_words_show_each_message_once()
    {
        var chat = await SessionAsync();
        await FillAsync(chat, 12_000);
        foreach (var (word, every) in new[] { ("all", 1), ("second", 2), ("third", 3), ("rare", 1_000) })
        {
            await using var db = OpenContext();
            var expected = db.Messages.Where(message => message.ChatId == chat && message.Content.Contains(word))
                .OrderByDescending(message => message.CreatedAt).ThenByDescending(message => message.Id).Select(message => message.Id).ToList();
            var found = new List<Guid>();
            for (string? cursor = null, next = ""; next is not null; cursor = next)
            {
                var page = await Messages.SearchAsync(chat, null, word, cursor, limit: 200);
                found.AddRange(page.Items.Select(message => message.Id));
                next = page.Next;
            }

            Assert.That(expected, Has.Count.EqualTo(12_000 / every));
            Assert.That(found, Is.EqualTo(expected), word);
        }
    }

    // Thousands of hits, none of which is among the newest.
    [Test]
    public async Task Pages_of_words_that_were_frequent_long_ago_show_each_message_once()
    {
        var chat = await SessionAsync();
        await AdministerAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"""
            INSERT INTO messages (chat_id, type, content, sequence, created_at)
            SELECT '{chat}', 'claude', CASE WHEN n <= 5400 THEN 'old' ELSE 'new' END, n, '2025-03-01T12:00:00Z'::timestamptz + n / 7 * interval '1 second'
            FROM generate_series(1, 26000) n
            """));
        var found = new List<long>();
        for (string? cursor = null, next = ""; next is not null; cursor = next)
        {
            var page = await Messages.SearchAsync(chat, null, "old", cursor, limit: 200);
            found.AddRange(page.Items.Select(message => message.Sequence));
            next = page.Next;
        }

        Assert.That(found, Is.Unique.And.EquivalentTo(Enumerable.Range(1, 5_400)));
    }

    [Test]
    public async Task The_index_finds_rare_words_and_of_frequent_ones_the_newest_messages_are_looked_at()
    {
        var chat = await SessionAsync();
        await FillAsync(await SessionAsync(), 40_000);
        await FillAsync(chat, 12_000);
        await VacuumAsync("messages", "chats", "chat_members");

        var rare = await QueryPlans.OfAsync(await AdministratorAsync(), db => Messages.In(db).SearchAsync(chat, null, "rare"));
        var frequent = await QueryPlans.OfAsync(await AdministratorAsync(), db => Messages.In(db).SearchAsync(chat, null, "all", limit: 20));

        Assert.That(rare.Indexes, Does.Contain("idx_messages_words"), rare.All);
        Assert.That(rare.Scanned.Concat(frequent.Scanned), Does.Not.Contain("messages"), rare.All + frequent.All);
        Assert.That(rare.Buffers, Is.LessThan(250), rare.All);
        Assert.That(frequent.Indexes, Does.Contain("idx_messages_timeline"), frequent.All);
        Assert.That(frequent.Buffers, Is.LessThan(1_500), frequent.All);
    }

    private Task FillAsync(Guid chat, int count)
        => AdministerAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"""
            INSERT INTO messages (chat_id, type, content, sequence, created_at)
            SELECT '{chat}', 'claude',
                   'all ' || CASE WHEN n % 2 = 0 THEN 'second ' ELSE '' END || CASE WHEN n % 3 = 0 THEN 'third ' ELSE '' END
                   || CASE WHEN n % 1000 = 0 THEN 'rare' ELSE '' END, n, '2025-03-01T12:00:00Z'::timestamptz + n / 7 * interval '1 second'
            FROM generate_series(1, {count}) n;
            UPDATE chats SET last_sequence = {count} WHERE id = '{chat}'
            """));
}
