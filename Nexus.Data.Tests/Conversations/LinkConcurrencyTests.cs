using Nexus.Data.Requests;
using Nexus.Data.Tests.Fixtures;

namespace Nexus.Data.Tests.Conversations;

/// <summary>Many connections at once, released at one barrier.</summary>
[Category("Load")]
public sealed class LinkConcurrencyTests : LinkingTest
{
    private const int Connections = 64;

    private static int Rounds => TestScale.Of(3, 100);

    [Test]
    public async Task Of_children_stored_at_once_one_stays_on_the_branch_and_each_other_gets_a_name_of_its_own()
    {
        await using var contexts = new Contexts(OpenContext, Connections);
        for (var round = 0; round < Rounds; round++)
        {
            var parent = Bodies.Request(round * 10, $"Round {round}").Answered("Go on.");
            await StoreAsync(parent);
            var children = Enumerable.Range(0, Connections)
                .Select(i => Bodies.Request((round * 10) + 1, $"Round {round}", "Go on.", $"Way {i}")).ToArray();

            await contexts.AtOnceAsync(children, (db, child) => StoreAsync(db, child));

            var stored = await ReadAllAsync(row => row.ParentRequestId == parent.RequestId);
            Assert.Multiple(() =>
            {
                Assert.That(stored, Has.Count.EqualTo(Connections));
                Assert.That(stored.Count(row => row.BranchId == "main"), Is.EqualTo(1));
                Assert.That(stored.Select(row => row.BranchId).Distinct().Count(), Is.EqualTo(Connections));
                Assert.That(stored.Select(row => row.UnlinkedBecause), Is.All.Null);
            });
        }
    }

    [Test]
    public async Task Sub_tasks_of_equal_prompts_opened_at_once_are_numbered_without_gap_or_repetition()
    {
        await using var contexts = new Contexts(OpenContext, Connections);
        for (var round = 0; round < Rounds; round++)
        {
            var prompt = $"Count, round {round}";
            var parent = Bodies.Request(round * 10, $"Round {round}").AskingFor([.. Enumerable.Repeat(prompt, Connections)]);
            await StoreAsync(parent);
            var openings = Enumerable.Range(0, Connections)
                .Select(i => Bodies.Request((round * 10) + 1, [prompt], system: "You are a sub-agent.")).ToArray();

            await contexts.AtOnceAsync(openings, (db, opening) => StoreAsync(db, opening));

            var stored = await ReadAllAsync(row => row.ParentTaskRequestId == parent.RequestId);
            Assert.That(
                stored.Select(row => row.BranchId),
                Is.EquivalentTo(Enumerable.Range(1, Connections).Select(n => $"subtask_{n}")));
        }
    }

    [Test]
    public async Task Sub_tasks_of_different_prompts_opened_at_once_share_the_numbers_of_their_conversation()
    {
        await using var contexts = new Contexts(OpenContext, Connections);
        for (var round = 0; round < Rounds; round++)
        {
            var prompts = Enumerable.Range(0, Connections).Select(i => $"Count {i}, round {round}").ToArray();
            var parent = Bodies.Request(round * 10, $"Round {round}").AskingFor(prompts);
            await StoreAsync(parent);
            var openings = prompts.Select(prompt => Bodies.Request((round * 10) + 1, prompt)).ToArray();

            await contexts.AtOnceAsync(openings, (db, opening) => StoreAsync(db, opening));

            var stored = await ReadAllAsync(row => row.ParentTaskRequestId == parent.RequestId);
            Assert.That(
                stored.Select(row => row.BranchId),
                Is.EquivalentTo(Enumerable.Range(1, Connections).Select(n => $"subtask_{n}")));
        }
    }

    [Test]
    public async Task A_parent_and_its_child_stored_at_once_are_linked_whoever_comes_first()
    {
        await using var contexts = new Contexts(OpenContext, Connections);
        for (var round = 0; round < Rounds; round++)
        {
            var pairs = Enumerable.Range(0, Connections / 2).Select(i => (
                Parent: Bodies.Request(round * 10, $"Pair {i}, round {round}").Answered("Go on."),
                Child: Bodies.Request((round * 10) + 1, $"Pair {i}, round {round}", "Go on.", "And then?"))).ToArray();

            await contexts.AtOnceAsync(
                [.. pairs.SelectMany(pair => new[] { pair.Parent, pair.Child })], (db, request) => StoreAsync(db, request));

            var since = Bodies.Noon.AddMinutes(round * 10);
            var stored = (await ReadAllAsync(row => row.Timestamp >= since)).ToDictionary(row => row.RequestId);
            Assert.Multiple(() =>
            {
                foreach (var (parent, child) in pairs)
                {
                    var (above, below) = (stored[parent.RequestId], stored[child.RequestId]);
                    Assert.That(below.ParentRequestId, Is.EqualTo(above.RequestId));
                    Assert.That(below.ConversationId, Is.EqualTo(above.ConversationId));
                    Assert.That(below.BranchId, Is.EqualTo("main"));
                }
            });
        }
    }

    [Test]
    public async Task A_sub_task_stored_at_once_with_the_answer_that_asks_for_it_is_linked()
    {
        await using var contexts = new Contexts(OpenContext, Connections);
        for (var round = 0; round < Rounds; round++)
        {
            var pairs = Enumerable.Range(0, Connections / 2).Select(i => (
                Parent: Bodies.Request(round * 10, $"Ask {i}, round {round}").AskingFor($"Do {i}, round {round}"),
                Child: Bodies.Request((round * 10) + 1, $"Do {i}, round {round}"))).ToArray();

            await contexts.AtOnceAsync(
                [.. pairs.SelectMany(pair => new[] { pair.Parent, pair.Child })], (db, request) => StoreAsync(db, request));

            var since = Bodies.Noon.AddMinutes(round * 10);
            var stored = (await ReadAllAsync(row => row.Timestamp >= since)).ToDictionary(row => row.RequestId);
            Assert.Multiple(() =>
            {
                foreach (var (parent, child) in pairs)
                {
                    var below = stored[child.RequestId];
                    Assert.That(below.ParentTaskRequestId, Is.EqualTo(parent.RequestId));
                    Assert.That(below.ConversationId, Is.EqualTo(stored[parent.RequestId].ConversationId));
                    Assert.That(below.BranchId, Is.EqualTo("subtask_1"));
                }
            });
        }
    }

    /// <summary>Contexts whose connections are open before the barrier falls.</summary>
    private sealed class Contexts(Func<NexusDbContext> open, int count) : IAsyncDisposable
    {
        private readonly NexusDbContext[] _contexts = [.. Enumerable.Range(0, count).Select(_ => open())];

        public async Task AtOnceAsync(ApiRequest[] requests, Func<NexusDbContext, ApiRequest, Task> store)
        {
            var barrier = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var ready = requests.Zip(_contexts).Select(async pair =>
            {
                pair.Second.ChangeTracker.Clear();
                await Microsoft.EntityFrameworkCore.RelationalDatabaseFacadeExtensions.OpenConnectionAsync(
                    pair.Second.Database);
                return pair;
            });
            var stores = (await Task.WhenAll(ready)).Select(async pair =>
            {
                await barrier.Task;
                await store(pair.Second, pair.First);
            }).ToArray();
            barrier.SetResult();
            await Task.WhenAll(stores);
        }

        public async ValueTask DisposeAsync()
        {
            foreach (var context in _contexts)
            {
                await context.DisposeAsync();
            }
        }
    }
}
