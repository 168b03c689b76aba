using System.Collections.Concurrent;
using System.Diagnostics;
using System.Threading.Channels;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Nexus.Data;
using Nexus.Data.Conversations.Rebuilding;
using Nexus.Data.Recording;
using Nexus.Data.Seeding.Traffic;

namespace Nexus.Samples.ProxySimulation;

/// <summary>
/// Calls of five trains at a steady rate, each train's in the order of their times, handed to a queue while the server is
/// stopped twice and killed once.
/// </summary>
internal sealed class Simulation
{
    private const int Trains = 5;
    private static readonly TimeSpan _outage = TimeSpan.FromSeconds(10);

    private readonly RequestIngestQueue _queue;
    private readonly ConcurrentDictionary<Guid, bool> _acknowledged = [];
    private readonly ConcurrentBag<double> _waits = [];
    private readonly Dictionary<string, Channel<Func<Task>>> _trains = [];

    private Simulation(RequestIngestQueue queue) => _queue = queue;

    public static async Task<SimulationReport> RunAsync(
        UnsteadyServer server, string spool, TimeSpan duration, int rate, TextWriter output)
    {
        var connectionString = await server.CreateDatabaseAsync("proxy");
        await Migration.StartAsync(connectionString);
        await using var services = new ServiceCollection()
            .AddNexusData(connectionString)
            .AddNexusRequestIngest(options => options.SpoolFolder = spool)
            .BuildServiceProvider();
        var queue = services.GetRequiredService<RequestIngestQueue>();
        await queue.StartAsync(CancellationToken.None);

        var simulation = new Simulation(queue);
        var outages = DisturbAsync(server, duration, queue, output);
        await simulation.CallAsync(duration, rate);
        await outages;
        var drain = Stopwatch.StartNew();
        await queue.StopAsync(CancellationToken.None);
        drain.Stop();

        // What was needed until here; the comparison below needs memory of its own.
        var memory = PeakMemory();
        var stored = await StoredAsync(services);
        var rebuild = await services.GetRequiredService<ConversationRebuilder>().RebuildAsync(new());
        return new()
        {
            Acknowledged = simulation._acknowledged.Count,
            Answered = simulation._acknowledged.Values.Count(isAnswered => isAnswered),
            Stored = stored.Count,
            Lost = simulation._acknowledged.Count(call => !stored.TryGetValue(call.Key, out var isAnswered) || (call.Value && !isAnswered)),
            LinkedOtherwise = rebuild.ChangedRequests,
            Rejects = File.Exists(Path.Combine(spool, "rejects.jsonl")),
            PeakMemory = memory,
            Waits = [.. simulation._waits.Order()],
            Drain = drain.Elapsed,
        };
    }

    // Calls and answers in the order of their times; each train by itself, so that trains do not wait for each other.
    private async Task CallAsync(TimeSpan duration, int rate)
    {
        var calls = (int)(duration.TotalSeconds * rate);
        var answers = new PriorityQueue<TrafficRequest, DateTimeOffset>();
        var clock = Stopwatch.StartNew();
        var emitters = new List<Task>();
        var number = 0;
        foreach (var call in new RequestTraffic(new() { Seed = 1, Trains = Trains, LateRate = 0, OpenConversations = 200 }).Generate(calls))
        {
            var due = TimeSpan.FromSeconds(number++ / (double)rate) - clock.Elapsed;
            if (due > TimeSpan.Zero)
            {
                await Task.Delay(due);
            }

            while (answers.TryPeek(out var answered, out var at) && at <= call.Timestamp)
            {
                answers.Dequeue();
                Emit(answered, () => AnswerAsync(answered));
            }

            Emit(call, () => CallAsync(call));
            if (call.ToRecordedResponse() is not null)
            {
                answers.Enqueue(call, call.CompletedAt ?? call.Timestamp);
            }
        }

        while (answers.TryDequeue(out var answered, out _))
        {
            Emit(answered, () => AnswerAsync(answered));
        }

        foreach (var train in _trains.Values)
        {
            train.Writer.Complete();
        }

        await Task.WhenAll(emitters);

        void Emit(TrafficRequest call, Func<Task> work)
        {
            if (!_trains.TryGetValue(call.TrainId, out var train))
            {
                _trains[call.TrainId] = train = Channel.CreateUnbounded<Func<Task>>();
                emitters.Add(Task.Run(async () =>
                {
                    await foreach (var next in train.Reader.ReadAllAsync())
                    {
                        await next();
                    }
                }));
            }

            train.Writer.TryWrite(work);
        }
    }

    private async Task CallAsync(TrafficRequest call)
    {
        await TimedAsync(() => _queue.EnqueueAsync(call.ToRecordedRequest()));
        _acknowledged[call.RequestId] = false;
    }

    private async Task AnswerAsync(TrafficRequest call)
    {
        await TimedAsync(() => _queue.EnqueueAnswerAsync(call.TrainId, call.RequestId, call.ToRecordedResponse()!));
        _acknowledged[call.RequestId] = true;
    }

    private async Task TimedAsync(Func<ValueTask<EnqueueOutcome>> work)
    {
        var since = Stopwatch.GetTimestamp();
        await work();
        _waits.Add(Stopwatch.GetElapsedTime(since).TotalMilliseconds);
    }

    // Stopped after a fifth and after three fifths of the time, killed after two fifths; away as long each time, and
    // shorter in a short run.
    private static async Task DisturbAsync(
        UnsteadyServer server, TimeSpan duration, RequestIngestQueue queue, TextWriter output)
    {
        var clock = Stopwatch.StartNew();
        for (var disturbance = 1; disturbance <= 3; disturbance++)
        {
            var due = (duration * disturbance / 5) - clock.Elapsed;
            await Task.Delay(due > TimeSpan.Zero ? due : TimeSpan.Zero);
            var isKill = disturbance == 2;
            await output.WriteLineAsync($"{clock.Elapsed:mm\\:ss} the server is {(isKill ? "killed" : "stopped")}");
            if (isKill)
            {
                await server.KillAsync();
            }
            else
            {
                await server.StopAsync();
            }

            await Task.Delay(_outage < duration / 10 ? _outage : duration / 10);
            var (depth, bytes) = (queue.Depth, queue.SpoolBytes);
            await server.StartAgainAsync();
            await output.WriteLineAsync($"{clock.Elapsed:mm\\:ss} the server is back; {depth:N0} entries wait, {bytes:N0} bytes");
        }
    }

    private static async Task<Dictionary<Guid, bool>> StoredAsync(IServiceProvider services)
    {
        await using var db = await services.GetRequiredService<IDbContextFactory<NexusDbContext>>().CreateDbContextAsync();
        return await db.Requests.AsNoTracking().Select(row => new { row.RequestId, IsAnswered = row.CompletedAt != null })
            .ToDictionaryAsync(row => row.RequestId, row => row.IsAnswered);
    }

    private static long PeakMemory()
    {
        using var process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64;
    }
}
