using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Nexus.Data.Chats;
using Nexus.Data.Operations.Diagnosis;
using Nexus.Data.Tests.Fixtures;

namespace Nexus.Data.Tests.Chats;

public sealed class MessageFeedTests : RoomTest
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);

    private MessageFeed Feed => new(new Contexts(ConnectionString));

    [Test]
    [Category("ServerVersions")]
    public async Task Messages_come_as_they_are_committed()
    {
        var people = await PeopleAsync(1);
        var chat = await GroupAsync(people);
        await SayAsync(chat, people[0], "before");
        var token = await Feed.NowAsync();
        await SayAsync(chat, people[0], "1");
        using var stop = new CancellationTokenSource(_patience);
        await using var feed = Feed.ListenAsync(token, stop.Token).GetAsyncEnumerator(stop.Token);

        Assert.That((await NextAsync(feed)).Message.Content, Is.EqualTo("1"));
        var waiting = NextAsync(feed);
        await Task.Delay(200);
        var clock = Stopwatch.StartNew();
        await SayAsync(chat, people[0], "2");
        var second = await waiting;
        Assert.That((second.Message.Content, second.Message.SenderId), Is.EqualTo(("2", (Guid?)people[0])));
        Assert.That(clock.Elapsed, Is.LessThan(TimeSpan.FromSeconds(5)), "It is pushed, and not found ten seconds later.");
    }

    // A transaction that began first commits last: its messages are behind those that were seen before.
    [Test]
    [Category("ServerVersions")]
    public async Task What_a_long_transaction_wrote_comes_when_it_is_committed()
    {
        var people = await PeopleAsync(1);
        var (slow, quick) = (await GroupAsync(people), await GroupAsync(people));
        var token = await Feed.NowAsync();
        await using var db = OpenContext();
        await using var transaction = await db.Database.BeginTransactionAsync();
        await Messages.In(db).PostAsync(Text(slow, people[0], "slow"));
        await SayAsync(quick, people[0], "quick");
        using var stop = new CancellationTokenSource(_patience);
        await using var feed = Feed.ListenAsync(token, stop.Token).GetAsyncEnumerator(stop.Token);

        var first = await NextAsync(feed);
        await SayAsync(quick, people[0], "quick again");
        var second = await NextAsync(feed);
        await transaction.CommitAsync();
        var third = await NextAsync(feed);

        Assert.That(
            (string[])[first.Message.Content, second.Message.Content, third.Message.Content], Is.EqualTo(["quick", "quick again", "slow"]));
        await using var again = Feed.ListenAsync(first.Token, stop.Token).GetAsyncEnumerator(stop.Token);
        Assert.That(
            (string[])[(await NextAsync(again)).Message.Content, (await NextAsync(again)).Message.Content],
            Is.EquivalentTo(["quick again", "slow"]), "From there on, by the token alone.");
    }

    [Test]
    public async Task A_token_goes_on_in_the_middle_of_what_was_written_at_once()
    {
        var chat = await SessionAsync();
        var token = await Feed.NowAsync();
        await FillAsync(chat, 1_300);
        await FillAsync(chat, 10, from: 1_301);
        var seen = new List<long>();
        using var stop = new CancellationTokenSource(_patience);
        while (seen.Count < 1_310)
        {
            await foreach (var item in Feed.ListenAsync(token, stop.Token))
            {
                seen.Add(item.Message.Sequence);
                token = item.Token;
                if (seen.Count % 97 == 0 || seen.Count == 1_310)
                {
                    break;
                }
            }
        }

        Assert.That(seen, Is.EqualTo(Enumerable.Range(1, 1_310)));
        await using var rest = Feed.ListenAsync(token, stop.Token).GetAsyncEnumerator(stop.Token);
        var next = NextAsync(rest);
        await Messages.PostAsync(new() { ChatId = chat, Content = "last" });
        Assert.That((await next).Message.Content, Is.EqualTo("last"));
    }

    // Behind the rest of what was being read comes at once what was written since, also where nobody notified.
    [Test]
    public async Task A_token_in_the_middle_goes_on_with_what_was_written_later()
    {
        var chat = await SessionAsync();
        var begin = await Feed.NowAsync();
        await FillAsync(chat, 10);
        using var stop = new CancellationTokenSource(_patience);
        string token;
        await using (var feed = Feed.ListenAsync(begin, stop.Token).GetAsyncEnumerator(stop.Token))
        {
            await NextAsync(feed);
            token = (await NextAsync(feed)).Token;
        }

        await FillAsync(chat, 3, from: 11);
        var clock = Stopwatch.StartNew();
        var seen = new List<long>();
        await foreach (var item in Feed.ListenAsync(token, stop.Token))
        {
            seen.Add(item.Message.Sequence);
            if (seen.Count == 11)
            {
                break;
            }
        }

        Assert.That(seen, Is.EqualTo(Enumerable.Range(3, 11)));
        Assert.That(clock.Elapsed, Is.LessThan(TimeSpan.FromSeconds(8)), "It did not wait until it looked for itself.");
    }

    [Test]
    public async Task What_is_more_than_is_read_at_once_comes_in_parts_with_what_is_written_meanwhile()
    {
        var (chat, other) = (await SessionAsync(), await SessionAsync());
        var token = await Feed.NowAsync();
        await FillAsync(chat, 1_000);
        var seen = new List<(Guid Chat, long Sequence)>();
        using var stop = new CancellationTokenSource(_patience);
        await foreach (var item in new MessageFeed(new Contexts(ConnectionString), keysAtOnce: 30).ListenAsync(token, stop.Token))
        {
            seen.Add((item.Message.ChatId, item.Message.Sequence));
            if (seen.Count % 100 == 0 && seen.Count <= 1_000)
            {
                await Messages.PostAsync(new() { ChatId = other, Content = "meanwhile" });
            }

            if (seen.Count == 1_010)
            {
                break;
            }
        }

        Assert.That(seen.Take(1_000), Is.EqualTo(Enumerable.Range(1, 1_000).Select(n => (chat, (long)n))));
        Assert.That(seen.Skip(1_000), Is.EqualTo(Enumerable.Range(1, 10).Select(n => (other, (long)n))));
    }

    [Test]
    [Category("ServerVersions")]
    public async Task A_token_names_however_many_transactions_were_open()
    {
        var key = FeedToken.Read(await Feed.NowAsync());
        var open = string.Join(",", Enumerable.Range(0, 5_000).Select(n => 4_000_000_000_000 + n * 2L));
        var many = key with { Seen = $"4000000000000:4000000010000:{open}", Reading = $"4000000000000:4000000010001:{open}", Last = (7, Guid.NewGuid()) };

        Assert.That(FeedToken.Read(many.Write()), Is.EqualTo(many));
    }

    [Test]
    public async Task What_was_deleted_before_it_was_read_does_not_come()
    {
        var people = await PeopleAsync(1);
        var chat = await GroupAsync(people);
        var token = await Feed.NowAsync();
        var gone = await SayAsync(chat, people[0], "gone");
        await SayAsync(chat, people[0], "here");
        await Messages.DeleteAsync(gone, people[0]);
        using var stop = new CancellationTokenSource(_patience);
        await using var feed = Feed.ListenAsync(token, stop.Token).GetAsyncEnumerator(stop.Token);

        Assert.That((await NextAsync(feed)).Message.Content, Is.EqualTo("here"));
    }

    // As another program writes, or another release.
    [Test]
    public async Task Messages_of_which_nobody_notifies_come_soon_after()
    {
        var chat = await SessionAsync();
        var token = await Feed.NowAsync();
        using var stop = new CancellationTokenSource(_patience);
        await using var feed = Feed.ListenAsync(token, stop.Token).GetAsyncEnumerator(stop.Token);
        var next = NextAsync(feed);
        await Task.Delay(500);
        await FillAsync(chat, 1);

        Assert.That((await next).Message.Sequence, Is.EqualTo(1));
    }

    [Test]
    public async Task A_token_that_is_none_or_of_another_database_or_of_its_future_is_refused()
    {
        var token = await Feed.NowAsync();
        var other = new MessageFeed(new Contexts(await NewDatabaseAsync()));
        var key = FeedToken.Read(token);
        var later = (key with { Seen = "4000000000:4000000001:" }).Write();

        Assert.That(() => FirstAsync(Feed, "x"), Refused(NexusDataErrorKind.Validation));
        Assert.That(() => FirstAsync(other, token), Refused(NexusDataErrorKind.Validation, "another database"));
        Assert.That(() => FirstAsync(Feed, later), Refused(NexusDataErrorKind.Validation, "restored"));

        static async Task FirstAsync(MessageFeed feed, string token)
        {
            await foreach (var _ in feed.ListenAsync(token))
            {
                break;
            }
        }
    }

    // A dump brings the numbers of another server's transactions along: the doctor finds them before this server gets there.
    [Test]
    [Category("ServerVersions")]
    public async Task Rows_of_another_servers_transactions_are_not_new()
    {
        var chat = await SessionAsync();
        var token = await Feed.NowAsync();
        await FillAsync(chat, 5);
        await AdministerAsync("UPDATE messages SET written_in = (pg_snapshot_xmax(pg_current_snapshot())::text::bigint + 100000000)::text::xid8");
        await Messages.PostAsync(new() { ChatId = chat, Content = "new" });
        using var stop = new CancellationTokenSource(_patience);
        await using var feed = Feed.ListenAsync(token, stop.Token).GetAsyncEnumerator(stop.Token);
        Assert.That((await NextAsync(feed)).Message.Content, Is.EqualTo("new"));

        await using var db = OpenContext();
        var found = await new MessageFeedCheck().RunAsync(db, stop.Token);
        Assert.That(found.Finding, Does.StartWith("5 messages"));
        await AdministerAsync(found.Remedy!["Run ".Length..].TrimEnd('.'));
        Assert.That((await new MessageFeedCheck().RunAsync(db, stop.Token)).Remedy, Is.Null);
        var next = NextAsync(feed);
        await Messages.PostAsync(new() { ChatId = chat, Content = "newer" });
        Assert.That((await next).Message.Content, Is.EqualTo("newer"));
    }

    // What other transactions do, and whether they are on the disk, does not count: their numbers may be given again.
    [TestCase("10:20:", 15UL, "10:16:")]
    [TestCase("10:20:10,12,18", 15UL, "10:16:10,12")]
    [TestCase("17:20:17,18", 15UL, "16:16:")]
    [TestCase("10:20:10", 19UL, "10:20:10")]
    [TestCase("10:20:", 0UL, "3:3:")]
    public void A_snapshot_is_kept_as_far_as_messages_go(string snapshot, ulong last, string kept)
        => Assert.That(FeedToken.Durable(snapshot, last), Is.EqualTo(kept));

    // A thousand messages a second by sixteen connections, while the server ends the listener's connection ten times, and the
    // listener itself is replaced by another one with the last token.
    [Test]
    public async Task Under_load_with_the_listener_cut_off_none_is_missed_and_none_comes_twice()
    {
        var people = await PeopleAsync(16);
        var chats = new List<Guid>();
        for (var i = 0; i < 16; i++)
        {
            chats.Add(await GroupAsync(people));
        }

        var (messages, feed, token) = (Messages, Feed, await Feed.NowAsync());
        var total = TestScale.Of(6_000, 60_000);
        var seen = new ConcurrentQueue<Message>();
        using var stop = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        var (sent, cuts, expected) = (0, 0, int.MaxValue);
        var clock = Stopwatch.StartNew();
        var writing = AtOnceAsync(16, async worker =>
        {
            for (int n; (n = Interlocked.Increment(ref sent)) <= total || (cuts < 10 && !stop.IsCancellationRequested);)
            {
                await messages.PostAsync(Text(chats[n % 16], people[worker], $"{n}"));

                // A thousand a second, where the machine can do it.
                var ahead = TimeSpan.FromMilliseconds(n) - clock.Elapsed;
                if (ahead > TimeSpan.FromMilliseconds(5))
                {
                    await Task.Delay(ahead);
                }
            }

            return worker;
        });
        var listening = Task.Run(async () =>
        {
            while (seen.Count < expected)
            {
                // Another host, as it were, goes on five times.
                var until = seen.Count + (total / 5);
                await foreach (var item in feed.ListenAsync(token, stop.Token))
                {
                    seen.Enqueue(item.Message);
                    token = item.Token;
                    if (seen.Count >= until || seen.Count >= expected)
                    {
                        break;
                    }
                }
            }
        });
        while (cuts < 10)
        {
            await Task.Delay(total / 20, stop.Token);
            await using var db = OpenContext();
            cuts += await CutAsync(db) > 0 ? 1 : 0;
        }

        await writing;
        var wrote = clock.Elapsed;
        await using var stored = OpenContext();
        expected = await stored.Messages.CountAsync() + 1;

        // The listener may have dealt with all others by now.
        await messages.PostAsync(Text(chats[0], people[0], "last"));
        await listening;

        Assert.That(seen.Select(message => message.Id), Is.Unique);
        Assert.That(seen.Select(message => message.Id), Is.EquivalentTo(stored.Messages.Select(message => message.Id)));
        foreach (var chat in seen.GroupBy(message => message.ChatId))
        {
            Assert.That(chat.Select(message => message.Sequence), Is.Ordered);
        }

        await TestContext.Out.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture, $"{expected / wrote.TotalSeconds:f0} messages a second, cut off {cuts} times."));
    }

    private static async Task<int> CutAsync(NexusDbContext db)
        => await Task.FromResult(db.Database.SqlQuery<bool>(
            $"""
            SELECT pg_terminate_backend(pid) AS "Value" FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE 'LISTEN %'
            """).AsEnumerable().Count(isCut => isCut));

    private static async Task<FeedMessage> NextAsync(IAsyncEnumerator<FeedMessage> feed)
        => await feed.MoveNextAsync() ? feed.Current : throw new AssertionException("The feed ended.");

    private Task FillAsync(Guid chat, int count, int from = 1)
        => AdministerAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"""
            INSERT INTO messages (chat_id, type, content, sequence, created_at)
            SELECT '{chat}', 'claude', 'x', n, '2025-03-01T12:00:00Z'::timestamptz + n * interval '1 microsecond'
            FROM generate_series({from}, {from + count - 1}) n;
            UPDATE chats SET last_sequence = {from + count - 1} WHERE id = '{chat}'
            """));
}
