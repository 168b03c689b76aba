using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Nexus.Data.Conversations;
using Nexus.Data.Conversations.Rebuilding;
using Nexus.Data.Persistence;
using Nexus.Data.Recording;
using Nexus.Data.Requests;
using Nexus.Data.Seeding.Traffic;
using Nexus.Data.Tests.Fixtures;
using Nexus.Data.Totals;
using Npgsql;

namespace Nexus.Data.Tests.Totals;

/// <summary>Totals while many connections write all that there is to write, in no order.</summary>
[Category("Load")]
public sealed class TotalsUnderLoadTests : ServiceTest
{
    private const int Workers = 16;

    // As many services as write by a queue.
    private const int MostQueues = 2;

    [Test]
    public async Task After_random_operations_on_many_connections_totals_are_what_a_count_gives()
    {
        var watch = Stopwatch.StartNew();
        await ResolveDeadlocksSoonAsync();
        var operations = TestScale.Of(6_000, 1_000_000);
        var services = Services();
        var state = new State(services, operations);

        await Task.WhenAll(Enumerable.Range(0, Workers).Select(worker => Task.Run(() => state.WorkAsync(worker))));

        var report = await services.GetRequiredService<TotalsRepair>().VerifyAsync();
        await TestContext.Out.WriteLineAsync(
            $"{string.Join(", ", state.Done.OrderBy(done => done.Key).Select(done => $"{done.Value} {done.Key}"))}; "
            + $"{watch.Elapsed.TotalSeconds:N0} s, deadlocks: {await DeadlocksAsync()}");
        Assert.That(await PlainTotals.DifferencesAsync(ConnectionString), Is.Empty);
        Assert.That(report, Is.EqualTo(new TotalsReport(0, 0, 0)));
        Assert.That(state.Done.Keys, Is.SupersetOf(
            (string[])["answered", "changed", "deleted", "failed", "linked", "of a batch", "pruned", "rebuilt", "recorded"]));
    }

    // Rebuilds and sweeps meet others all the time here, and each deadlock would hold up many for a second.
    private Task ResolveDeadlocksSoonAsync()
    {
        var database = new NpgsqlConnectionStringBuilder(ConnectionString).Database;
        return AdministerAsync($"ALTER DATABASE \"{database}\" SET deadlock_timeout = '50ms'");
    }

    private sealed class State(ServiceProvider services, int operations)
    {
        private readonly IEnumerator<TrafficRequest> _traffic = new RequestTraffic(new()
        {
            Seed = 20,
            Trains = 6,
            BodyBytes = 1_500,
            ForkRate = 0.15,
            SubtaskRate = 0.15,
            ContinuationRate = 0.05,
            RetryRate = 0.1,
            OpenConversations = 300,
        }).Generate(operations).GetEnumerator();

        private readonly ConcurrentDictionary<string, int> _done = new(StringComparer.Ordinal);
        private readonly ConcurrentQueue<TrafficRequest> _unanswered = new();
        private readonly ConcurrentDictionary<Guid, bool> _stored = new();
        private readonly List<TrafficRequest> _held = [];
        private int _queues;
        private int _left = operations;

        public IReadOnlyDictionary<string, int> Done => _done;

        public async Task WorkAsync(int seed)
        {
            var random = new Random(seed);
            while (Interlocked.Decrement(ref _left) >= 0)
            {
                var what = random.Next(1_000) switch
                {
                    < 200 => await WriteBatchAsync(random),
                    < 520 => await RecordAsync(random),
                    < 900 => await AnswerAsync(random),
                    < 950 => await ChangeAsync(random),
                    < 980 => await DeleteAsync(random),
                    < 992 => await LinkAsync(),
                    < 998 => await PruneAsync(random),
                    _ => await RebuildAsync(),
                };
                _done.AddOrUpdate(what, 1, (_, count) => count + 1);
            }
        }

        // Some requests come late, after those that go on from them.
        private TrafficRequest Next(Random random)
        {
            lock (_held)
            {
                while (_held.Count < 60 && _traffic.MoveNext())
                {
                    _held.Add(_traffic.Current);
                }

                var place = random.Next(4) == 0 ? random.Next(_held.Count) : 0;
                var next = _held[place];
                _held.RemoveAt(place);
                return next;
            }
        }

        private async Task<string> RecordAsync(Random random)
        {
            var request = Next(random);
            await AgainAsync(() => services.GetRequiredService<RequestRecorder>().RecordAsync(request.ToRecordedRequest()));
            _stored[request.RequestId] = true;
            if (_stored.Count > 500)
            {
                _stored.TryRemove(_stored.Keys.First(), out _);
            }

            _unanswered.Enqueue(request);
            return "recorded";
        }

        private async Task<string> AnswerAsync(Random random)
        {
            if (!_unanswered.TryDequeue(out var request))
            {
                return await RecordAsync(random);
            }

            var recorder = services.GetRequiredService<RequestRecorder>();
            try
            {
                if (random.Next(10) == 0)
                {
                    await AgainAsync(() => recorder.FailAsync(request.RequestId, "The connection broke."));
                    return "failed";
                }

                if (request.ToRecordedResponse() is { } response)
                {
                    await AgainAsync(() => recorder.CompleteAsync(request.RequestId, response));
                }
            }
            catch (NexusDataException exception) when (exception.Kind == NexusDataErrorKind.NotFound)
            {
                // It was deleted or pruned meanwhile.
            }

            return "answered";
        }

        // As the queue does: calls, and answers to these and to earlier ones, in one batch. Each is an operation.
        private async Task<string> WriteBatchAsync(Random random)
        {
            try
            {
                return Interlocked.Increment(ref _queues) > MostQueues
                    ? await RecordAsync(random)
                    : await QueueAsync(random);
            }
            finally
            {
                Interlocked.Decrement(ref _queues);
            }
        }

        private async Task<string> QueueAsync(Random random)
        {
            var intake = services.GetRequiredService<RequestIntake>();
            var writes = new List<CallWrite>();
            var size = random.Next(1, TestScale.Of(60, 400));
            while (writes.Count < size)
            {
                if (random.Next(2) == 0 && _unanswered.TryDequeue(out var answered))
                {
                    if (answered.ToRecordedResponse() is { } response)
                    {
                        writes.Add(intake.Take(answered.TrainId, answered.RequestId, response));
                    }

                    continue;
                }

                var request = Next(random);
                writes.Add(intake.Take(request.ToRecordedRequest()));
                _unanswered.Enqueue(request);
            }

            await AgainAsync(() => services.GetRequiredService<CallStore>().WriteBatchAsync(writes, CancellationToken.None));
            Interlocked.Add(ref _left, 1 - writes.Count);
            _done.AddOrUpdate("of a batch", writes.Count - 1, (_, count) => count + writes.Count - 1);
            return "of a batch";
        }

        // As the queue does, for as long as it takes: beside rebuilds and sweeps some deadlock more often than a call retries.
        private async Task AgainAsync(Func<Task> work)
        {
            for (var tries = 1; ; tries++)
            {
                try
                {
                    await work();
                    return;
                }
                catch (NexusDataException exception) when (exception.Kind == NexusDataErrorKind.Unavailable && tries < 20)
                {
                    _done.AddOrUpdate("tried again", 1, (_, count) => count + 1);
                }
            }
        }

        // What a host does to requests by a context of its own: another account, another model.
        private async Task<string> ChangeAsync(Random random)
        {
            await SaveAsync(random, (_, request) =>
            {
                request.AccountId = random.Next(3) switch { 0 => null, 1 => "acc-1", _ => "acc-2" };
                request.Model = random.Next(2) == 0 ? "model-x" : request.Model;
            });
            return "changed";
        }

        private async Task<string> DeleteAsync(Random random)
        {
            await SaveAsync(random, (db, request) => db.Remove(request));
            return "deleted";
        }

        // Half of them without a transaction of the host's. What two change at once, one of them changes.
        private async Task SaveAsync(Random random, Action<NexusDbContext, ApiRequest> change)
        {
            var contexts = services.GetRequiredService<IDbContextFactory<NexusDbContext>>();
            var id = _stored.Keys.Skip(random.Next(100)).FirstOrDefault();
            try
            {
                if (random.Next(2) == 0)
                {
                    await contexts.ExecuteInTransactionAsync(ChangeAsync);
                }
                else
                {
                    await using var db = await contexts.CreateDbContextAsync();
                    await ChangeAsync(db, CancellationToken.None);
                }
            }
            catch (DbUpdateConcurrencyException)
            {
                _done.AddOrUpdate("lost", 1, (_, count) => count + 1);
            }
            catch (Exception exception) when (TransientFaults.AreIn(exception))
            {
                _done.AddOrUpdate("deadlocked", 1, (_, count) => count + 1);
            }

            async Task ChangeAsync(NexusDbContext db, CancellationToken token)
            {
                if (await db.Requests.AsTracking().SingleOrDefaultAsync(row => row.RequestId == id, token) is { } request)
                {
                    change(db, request);
                    await db.SaveChangesAsync(token);
                }
            }
        }

        private async Task<string> LinkAsync()
        {
            await using var scope = services.CreateAsyncScope();
            await scope.ServiceProvider.GetRequiredService<ConversationLinker>().LinkDeferredAsync(limit: 50);
            return "linked";
        }

        private async Task<string> PruneAsync(Random random)
        {
            TrafficRequest next;
            lock (_held)
            {
                next = _held[0];
            }

            await services.GetRequiredService<RequestPruner>().PruneAsync(new()
            {
                Before = next.Timestamp.AddMinutes(-random.Next(20, 400)),
                Execute = true,
                BatchSize = 50,
                Pause = TimeSpan.Zero,
                MaxDuration = TimeSpan.FromSeconds(2),
            });
            return "pruned";
        }

        private async Task<string> RebuildAsync()
        {
            await services.GetRequiredService<ConversationRebuilder>().RebuildAsync(new() { Execute = true });
            return "rebuilt";
        }
    }
}
