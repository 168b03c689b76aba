using System.Globalization;
using Nexus.Data.Chats;
using Nexus.Data.Tests.Fixtures;

namespace Nexus.Data.Tests.Chats;

public sealed class SnapshotsTests : DatabaseTest
{
    private Snapshots Snapshots => new(new Contexts(ConnectionString));

    [Test]
    public async Task A_state_comes_back_as_it_was_stored()
    {
        var chat = await ChatAsync();
        var state = new SnapshotState
        {
            Transcriptions = """[{"text": "Grüße 🚂", "timestamp": "2025-03-01T12:00:00Z"}]""",
            FunctionResults = """[{"result": {"deep": [1, null, {"a": 1.50}]}, "function": "f"}]""",
            ClaudeStreamingTexts = """["Interrupted by user"]""",
            ClaudeTodoWrites = """[{"todos": [{"id": "1", "status": "pending", "content": "c", "priority": "high"}]}]""",
            RepositoryIssues = "[[], 2]",
            ClaudeSessionId = "session-1",
        };

        var saved = await Snapshots.SaveAsync(chat, state);

        var stored = (await Snapshots.LatestAsync(chat))!;
        Assert.That((saved, stored.Version), Is.EqualTo((new SnapshotResult(SnapshotOutcome.Stored, 1), 1)));
        Assert.That(
            new SnapshotState
            {
                Transcriptions = stored.Transcriptions,
                FunctionResults = stored.FunctionResults,
                ClaudeStreamingTexts = stored.ClaudeStreamingTexts,
                ClaudeTodoWrites = stored.ClaudeTodoWrites,
                RepositoryIssues = stored.RepositoryIssues,
                ClaudeSessionId = stored.ClaudeSessionId,
            },
            Is.EqualTo(state with
            {
                // The order in which the server keeps members.
                FunctionResults = """[{"result": {"deep": [1, null, {"a": 1.50}]}, "function": "f"}]""",
                ClaudeTodoWrites = """[{"todos": [{"id": "1", "status": "pending", "content": "c", "priority": "high"}]}]""",
            }));
    }

    [Test]
    public async Task Of_a_thousand_states_those_that_say_something_new_are_kept_and_of_these_the_last()
    {
        var chat = await ChatAsync();
        var versions = new List<int>();
        for (var n = 0; n < 1_000; n++)
        {
            // Each twice, and between them nothing at all.
            var state = State(n);
            versions.Add((await Snapshots.SaveAsync(chat, state, keep: 10)).Version!.Value);
            Assert.That(await Snapshots.SaveAsync(chat, state, keep: 10), Is.EqualTo(new SnapshotResult(SnapshotOutcome.Skipped, null)));
            if (n % 100 == 0)
            {
                Assert.That((await Snapshots.SaveAsync(chat, new())).Outcome, Is.EqualTo(SnapshotOutcome.Skipped));
            }
        }

        Assert.That(versions, Is.EqualTo(Enumerable.Range(1, 1_000)));
        Assert.That(
            (await Snapshots.ListAsync(chat)).Items.Select(snapshot => (snapshot.Version, snapshot.Transcriptions)),
            Is.EqualTo(Enumerable.Range(991, 10).Reverse().Select(version => (version, State(version - 1).Transcriptions))));
    }

    [Test]
    public async Task The_same_value_in_another_spelling_and_order_is_the_same_state_and_another_session_is_not()
    {
        var chat = await ChatAsync();
        await Snapshots.SaveAsync(chat, new() { FunctionResults = """[{"a": 1, "b": 2}]""" });

        var same = await Snapshots.SaveAsync(chat, new() { FunctionResults = """[ {"b":2,"a":1} ]""" });
        var other = await Snapshots.SaveAsync(chat, new() { FunctionResults = """[{"a": 1, "b": 2}]""", ClaudeSessionId = "s" });
        var back = await Snapshots.SaveAsync(chat, new() { FunctionResults = """[{"a": 1, "b": 2}]""" });

        Assert.That(
            (same.Outcome, other.Version, back.Version), Is.EqualTo((SnapshotOutcome.Skipped, (int?)2, (int?)3)));
    }

    [Test]
    public async Task Those_who_store_at_once_leave_no_gap()
    {
        var chat = await ChatAsync();
        var snapshots = Snapshots;

        var results = await Task.WhenAll(Enumerable.Range(0, 64).Select(n => Task.Run(() => snapshots.SaveAsync(chat, State(n)))));

        Assert.That(results.Select(result => result.Version!.Value).Order(), Is.EqualTo(Enumerable.Range(1, 64)));
    }

    [TestCase("{}")]
    [TestCase("")]
    [TestCase("null")]
    [TestCase("[1")]
    [TestCase("""["\u0000"]""")]
    public async Task What_is_no_array_is_refused_and_not_shown(string text)
    {
        var chat = await ChatAsync();

        Assert.That(
            () => Snapshots.SaveAsync(chat, new() { FunctionResults = text }),
            Throws.InstanceOf<NexusDataException>().With.Property("Kind").EqualTo(NexusDataErrorKind.Validation)
                .And.Message.Contains("function_results"));
        Assert.That(await Snapshots.LatestAsync(chat), Is.Null);
    }

    [Test]
    public async Task Only_a_repository_chat_has_snapshots()
    {
        await AdministerAsync("INSERT INTO chats (id, kind) VALUES ('00000000-0000-0000-0000-000000000001', 'group')");
        foreach (var id in new[] { Guid.NewGuid(), Guid.Parse("00000000-0000-0000-0000-000000000001") })
        {
            Assert.That(
                () => Snapshots.SaveAsync(id, State(1)),
                Throws.InstanceOf<NexusDataException>().With.Property("Kind").EqualTo(NexusDataErrorKind.NotFound));
            Assert.That(
                () => Snapshots.ResumeAsync(id),
                Throws.InstanceOf<NexusDataException>().With.Property("Kind").EqualTo(NexusDataErrorKind.NotFound));
            Assert.That(await Snapshots.LatestAsync(id), Is.Null);
        }
    }

    [Test]
    public async Task A_session_goes_on_with_its_newest_messages_in_their_order_and_without_any()
    {
        var chat = await ChatAsync();
        var empty = await Snapshots.ResumeAsync(chat);
        await AdministerAsync(
            $$"""
            INSERT INTO messages (chat_id, type, content, sequence, created_at, metadata)
            SELECT '{{chat}}', 'claude', n::text, n, '2025-03-01 12:00+00'::timestamptz + n / 4 * interval '1 second', '{"streaming": true}'
            FROM generate_series(1, 40) AS n
            """);
        var without = await Snapshots.ResumeAsync(chat, limit: 15);
        await Snapshots.SaveAsync(chat, State(7));
        var with = await Snapshots.ResumeAsync(chat);

        Assert.That((empty.Snapshot, empty.Messages.Count, empty.Chat.Id), Is.EqualTo(((ChatSnapshot?)null, 0, chat)));
        Assert.That((without.Snapshot, without.Messages.Count), Is.EqualTo(((ChatSnapshot?)null, 15)));
        Assert.That(with.Messages.Select(message => (message.CreatedAt, message.Id.ToString())), Is.Ordered);
        Assert.That(
            (with.Messages.Count, with.Snapshot!.Transcriptions, with.Messages[0].Metadata),
            Is.EqualTo((40, State(7).Transcriptions, """{"streaming": true}""")));
        Assert.That(
            without.Messages.Select(message => message.Id), Is.EqualTo(with.Messages.TakeLast(15).Select(message => message.Id)));
    }

    // The writer stores a message and the snapshot that has it in one transaction: a reader sees both or none.
    [Test]
    public async Task A_session_goes_on_from_one_instant_while_somebody_writes()
    {
        var chat = await ChatAsync();
        using var stop = new CancellationTokenSource();
        var contexts = new Contexts(ConnectionString);
        var writer = Task.Run(async () =>
        {
            for (var n = 1; !stop.IsCancellationRequested; n++)
            {
                await contexts.ExecuteInTransactionAsync(async (db, token) =>
                {
                    db.Add(new Message { ChatId = chat, Type = MessageType.User, Content = Text(n), Sequence = n });
                    await db.SaveChangesAsync(token);
                    await Snapshots.In(db).SaveAsync(chat, State(n), keep: 3, token);
                });
            }
        });
        try
        {
            var seen = 0;
            while (seen < 40)
            {
                var resumed = await Snapshots.ResumeAsync(chat, limit: 10_000);
                Assert.That(resumed.Snapshot?.Version ?? 0, Is.EqualTo(resumed.Messages.Count));
                seen = Math.Max(seen + 1, resumed.Messages.Count / 2);
            }
        }
        finally
        {
            await stop.CancelAsync();
            await writer;
        }

        static string Text(int n) => n.ToString(CultureInfo.InvariantCulture);
    }

    [Test]
    public async Task A_state_that_is_stored_in_a_callers_transaction_goes_with_it()
    {
        var chat = await ChatAsync();
        await using var db = OpenContext();
        await using (var transaction = await db.Database.BeginTransactionAsync())
        {
            await Snapshots.In(db).SaveAsync(chat, State(1));
            Assert.That((await Snapshots.In(db).LatestAsync(chat))!.Version, Is.EqualTo(1));
            await transaction.RollbackAsync();
        }

        Assert.That(await Snapshots.LatestAsync(chat), Is.Null);
    }

    [Test]
    public async Task Pages_show_each_snapshot_once()
    {
        var chat = await ChatAsync();
        for (var n = 0; n < 7; n++)
        {
            await Snapshots.SaveAsync(chat, State(n));
        }

        var first = await Snapshots.ListAsync(chat, limit: 4);
        var second = await Snapshots.ListAsync(chat, first.Next, limit: 4);

        Assert.That(
            first.Items.Concat(second.Items).Select(snapshot => snapshot.Version), Is.EqualTo(Enumerable.Range(1, 7).Reverse()));
        Assert.That(second.Next, Is.Null);
    }

    private static SnapshotState State(int n)
        => new() { Transcriptions = string.Create(CultureInfo.InvariantCulture, $$"""[{"text": "state {{n}}"}]""") };

    private async Task<Guid> ChatAsync()
        => (await new RepositoryChats(new Contexts(ConnectionString)).CreateAsync("nexus", "octo/nexus")).Id;
}
