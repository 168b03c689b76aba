using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Nexus.Data.Conversations;
using Nexus.Data.Recording;
using Nexus.Data.Recording.Spooling;
using Nexus.Data.Requests;
using Nexus.Data.Seeding.Traffic;
using Nexus.Data.Tests.Conversations;
using Nexus.Data.Tests.Fixtures;
using Npgsql;

namespace Nexus.Data.Tests.Recording;

/// <summary>Calls off their callers' path: through a spool, in batches.</summary>
public sealed class RequestIngestQueueTests : RecordingTest
{
    [Test]
    public async Task What_is_handed_in_is_stored_when_the_host_has_stopped()
    {
        var queue = await StartAsync();
        var calls = Enumerable.Range(0, 50).Select(i => Bodies.Request(i, $"Question {i}").Answered($"Answer {i}")).ToList();
        foreach (var call in calls)
        {
            await queue.EnqueueAsync(Calls.Of(call));
        }

        foreach (var call in calls)
        {
            await queue.EnqueueAnswerAsync(call.TrainId, call.RequestId, Calls.AnswerOf(call));
        }

        await queue.StopAsync(CancellationToken.None);

        var rows = await ReadAllAsync();
        Assert.Multiple(() =>
        {
            Assert.That(rows.Select(row => row.RequestId), Is.EqualTo(calls.Select(call => call.RequestId)));
            Assert.That(rows, Has.All.Matches<ApiRequest>(
                row => row is { LinkKind: LinkKind.Root, ResponseStatus: 200, UnlinkedBecause: null, AnswerHash: not null }));
            Assert.That(queue.Depth, Is.Zero);
        });
    }

    [Test]
    public async Task Traffic_through_the_queue_has_the_links_that_a_rebuild_gives()
    {
        var queue = await StartAsync();
        foreach (var call in new RequestTraffic(new() { Seed = 5, Trains = 2, LateRate = 0 }).Generate(TestScale.Of(400, 4_000)))
        {
            await queue.EnqueueAsync(call.ToRecordedRequest());
            if (call.ToRecordedResponse() is { } response)
            {
                await queue.EnqueueAnswerAsync(call.TrainId, call.RequestId, response);
            }
        }

        await queue.StopAsync(CancellationToken.None);

        var report = await new Data.Conversations.Rebuilding.ConversationRebuilder(new Contexts(ConnectionString)).RebuildAsync(new());
        Assert.That(report.Trains.SelectMany(train => train.Changes), Is.Empty);
    }

    [Test]
    public async Task A_call_and_its_answer_in_one_batch_are_one_row_and_one_insert()
    {
        var call = Bodies.Request(0, "Begin").AskingFor("Find the trains");
        var task = Bodies.Request(1, "Find the trains");
        var queue = await StartAsync(options => options.BatchDelayMs = 500);
        await queue.EnqueueAsync(Calls.Of(call));
        await queue.EnqueueAsync(Calls.Of(task));
        await queue.EnqueueAnswerAsync(call.TrainId, call.RequestId, Calls.AnswerOf(call));
        await queue.StopAsync(CancellationToken.None);

        var rows = await ReadAllAsync();
        Assert.Multiple(() =>
        {
            Assert.That(rows[1].LinkKind, Is.EqualTo(LinkKind.Subtask));
            Assert.That(rows[1].ParentTaskRequestId, Is.EqualTo(call.RequestId));
        });
    }

    [Test]
    public async Task Pieces_that_come_one_by_one_are_one_answer()
    {
        var queue = await StartAsync();
        var call = Calls.Of(Bodies.Request(0, "Begin"));
        await queue.EnqueueAsync(call);
        foreach (var item in Streams.Of("Hello, ", "world", "."))
        {
            await queue.EnqueueChunksAsync(call.TrainId, call.RequestId, [item]);
        }

        await queue.EnqueueAnswerAsync(call.TrainId, call.RequestId, new() { Status = 200 });
        await queue.StopAsync(CancellationToken.None);

        var row = await ReadAsync(call.RequestId);
        Assert.Multiple(() =>
        {
            Assert.That(JsonNode.Parse(row.GetResponseBody()!.Value.Span)!["content"]![0]!["text"]!.GetValue<string>(),
                Is.EqualTo("Hello, world."));
            Assert.That(row.OutputTokens, Is.EqualTo(7));
        });
    }

    [Test]
    public async Task What_was_acknowledged_while_the_database_was_away_is_stored_by_the_next_process()
    {
        var calls = Enumerable.Range(0, 20).Select(i => Bodies.Request(i, $"Question {i}")).ToList();
        await CloseDatabaseAsync(isClosed: true);
        await using (var services = Services(Ingest()))
        {
            var queue = services.GetRequiredService<RequestIngestQueue>();
            await queue.StartAsync(CancellationToken.None);
            foreach (var call in calls)
            {
                Assert.That(await queue.EnqueueAsync(Calls.Of(call)), Is.EqualTo(EnqueueOutcome.Accepted));
            }

            using var impatient = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
            await queue.StopAsync(impatient.Token);
            Assert.That(queue.Depth, Is.EqualTo(20));
        }

        await CloseDatabaseAsync(isClosed: false);
        var next = await StartAsync();
        await next.StopAsync(CancellationToken.None);

        Assert.That(
            (await ReadAllAsync()).Select(row => row.RequestId), Is.EqualTo(calls.Select(call => call.RequestId)));
    }

    [Test]
    public async Task The_database_may_come_and_go()
    {
        var queue = await StartAsync();
        var calls = Enumerable.Range(0, 40).Select(i => Bodies.Request(i, $"Question {i}")).ToList();
        for (var i = 0; i < calls.Count; i++)
        {
            if (i % 10 == 5)
            {
                await CloseDatabaseAsync(isClosed: i % 20 == 5);
            }

            await queue.EnqueueAsync(Calls.Of(calls[i]));
            await Task.Delay(20);
        }

        await queue.StopAsync(CancellationToken.None);

        var rejects = Path.Combine(Folder, "rejects.jsonl");
        Assert.That(File.Exists(rejects) ? await File.ReadAllTextAsync(rejects) : "", Is.Empty);
        Assert.That(
            (await ReadAllAsync()).Select(row => row.RequestId), Is.EqualTo(calls.Select(call => call.RequestId)));
    }

    [Test]
    public async Task An_entry_that_the_database_refuses_goes_to_the_rejects_and_holds_nobody_up()
    {
        await AdministerAsync(
            "ALTER TABLE api_requests ADD CONSTRAINT no_thirteen CHECK (ip_address IS DISTINCT FROM '13')");
        var queue = await StartAsync(options => options.BatchDelayMs = 200);
        var calls = Enumerable.Range(0, 20).Select(i => Bodies.Request(i, $"Question {i}")).ToList();
        for (var i = 0; i < calls.Count; i++)
        {
            await queue.EnqueueAsync(Calls.Of(calls[i]) with { IpAddress = $"{i}" });
        }

        await queue.StopAsync(CancellationToken.None);

        var rejected = JsonNode.Parse((await File.ReadAllLinesAsync(Path.Combine(Folder, "rejects.jsonl"))).Single())!;
        Assert.Multiple(async () =>
        {
            Assert.That((await ReadAllAsync()), Has.Count.EqualTo(19));
            Assert.That(rejected["request_id"]!.GetValue<Guid>(), Is.EqualTo(calls[13].RequestId));
            Assert.That(rejected["rejected_because"]!.GetValue<string>(), Does.Contain("23514").And.Contains("no_thirteen"));
            Assert.That(rejected["body"]!["messages"]![0]!["content"]!.GetValue<string>(), Is.EqualTo("Question 13"));
        });
    }

    [Test]
    public async Task Another_call_under_a_known_identifier_goes_to_the_rejects_and_so_does_an_answer_to_nothing()
    {
        var queue = await StartAsync();
        var call = Calls.Of(Bodies.Request(0, "Begin"));
        await queue.EnqueueAsync(call);
        await queue.EnqueueAsync(call with { Body = Bodies.Request(0, "Other").GetBody() });
        await queue.EnqueueAsync(call);
        await queue.EnqueueAnswerAsync(call.TrainId, Guid.NewGuid(), Calls.Answer("{}"));

        await queue.StopAsync(CancellationToken.None);

        var rejects = await File.ReadAllTextAsync(Path.Combine(Folder, "rejects.jsonl"));
        Assert.Multiple(async () =>
        {
            Assert.That(rejects.Split('\n', StringSplitOptions.RemoveEmptyEntries), Has.Length.EqualTo(2));
            Assert.That(rejects, Does.Contain("Something else is stored").And.Contains("no such request"));
            Assert.That(Encoding.UTF8.GetString((await ReadAsync(call.RequestId)).GetBody()!.Value.Span), Does.Contain("Begin"));
        });
    }

    [Test]
    public async Task A_second_answer_goes_to_the_rejects_also_where_it_comes_in_the_same_batch()
    {
        var queue = await StartAsync(options => options.BatchDelayMs = 300);
        var call = Calls.Of(Bodies.Request(0, "Begin"));
        await queue.EnqueueAsync(call);
        await queue.EnqueueAnswerAsync(call.TrainId, call.RequestId, Calls.Answer("{}"));
        await queue.EnqueueAnswerAsync(call.TrainId, call.RequestId, Calls.Answer("{}"));
        await queue.EnqueueFailureAsync(call.TrainId, call.RequestId, "It broke.");
        await queue.StopAsync(CancellationToken.None);

        var rejects = await File.ReadAllLinesAsync(Path.Combine(Folder, "rejects.jsonl"));
        Assert.That(rejects, Has.Length.EqualTo(1));
        Assert.That(rejects[0], Does.Contain("It broke."));
        Assert.That((await ReadAsync(call.RequestId)).Error, Is.Null);
    }

    [Test]
    public async Task An_entry_that_cannot_be_read_and_one_that_a_trigger_refuses_hold_nobody_up()
    {
        await AdministerAsync(
            """
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN IF NEW.ip_address = '13' THEN RAISE 'No.'; END IF; RETURN NEW; END $$;
            CREATE TRIGGER refuse BEFORE INSERT ON api_requests FOR EACH ROW EXECUTE FUNCTION refuse();
            """);
        await using (var spool = await Spool.OpenAsync(new() { Folder = Folder }))
        {
            await spool.AppendAsync(0, new byte[] { 99, 1, 2, 3 });
        }

        await File.WriteAllTextAsync(Path.Combine(Folder, "rejects.jsonl"), "{\"torn\":");
        var queue = await StartAsync();
        var calls = Enumerable.Range(0, 20).Select(i => Bodies.Request(i, $"Question {i}")).ToList();
        for (var i = 0; i < calls.Count; i++)
        {
            await queue.EnqueueAsync(Calls.Of(calls[i]) with { IpAddress = $"{i}" });
        }

        await queue.StopAsync(CancellationToken.None);

        var rejects = await File.ReadAllLinesAsync(Path.Combine(Folder, "rejects.jsonl"));
        Assert.Multiple(async () =>
        {
            Assert.That(await ReadAllAsync(), Has.Count.EqualTo(19));
            Assert.That(rejects, Has.Length.EqualTo(3));
            Assert.That(JsonNode.Parse(rejects[1])!["entry"]!.GetValue<string>(), Is.EqualTo("YwECAw=="));
            Assert.That(JsonNode.Parse(rejects[2])!["rejected_because"]!.GetValue<string>(), Does.Contain("P0001"));
        });
    }

    [Test]
    public async Task A_call_that_cannot_be_stored_is_refused_before_it_is_acknowledged()
    {
        var queue = await StartAsync();

        var exception = Assert.ThrowsAsync<NexusDataException>(
            async () => await queue.EnqueueAsync(Calls.WithBody("{\"messages\":[}")));

        Assert.Multiple(() =>
        {
            Assert.That(exception!.Kind, Is.EqualTo(NexusDataErrorKind.Validation));
            Assert.That(exception.Message, Does.Contain("no JSON").And.Contains("byte 14"));
            Assert.That(queue.Depth, Is.Zero);
        });
    }

    [Test]
    public async Task A_full_spool_drops_bodies_and_keeps_the_usage()
    {
        await CloseDatabaseAsync(isClosed: true);
        var queue = await StartAsync(options => (options.MaxSpoolBytes, options.WhenFull) = (1 << 20, SpoolFullMode.DropPayload));
        var calls = Enumerable.Range(0, 8)
            .Select(i => Bodies.Request(i, new string('x', 200_000)).Answered($"Answer {i}")).ToList();
        var outcomes = new List<EnqueueOutcome>();
        foreach (var call in calls)
        {
            outcomes.Add(await queue.EnqueueAsync(Calls.Of(call)));
            await queue.EnqueueAnswerAsync(call.TrainId, call.RequestId, Calls.Answer(
                """{"type":"message","role":"assistant","content":[],"usage":{"input_tokens":3,"output_tokens":4}}"""));
        }

        await CloseDatabaseAsync(isClosed: false);
        await queue.StopAsync(CancellationToken.None);

        var rows = await ReadAllAsync();
        Assert.Multiple(() =>
        {
            Assert.That(outcomes[0], Is.EqualTo(EnqueueOutcome.Accepted));
            Assert.That(outcomes[^1], Is.EqualTo(EnqueueOutcome.PayloadDropped));
            Assert.That(rows, Has.Count.EqualTo(8));
            Assert.That(rows, Has.All.Matches<ApiRequest>(row => row is { TotalTokens: 7, ResponseStatus: 200 }));
            Assert.That(
                rows.Select(row => row.GetBody() is not null),
                Is.EqualTo(outcomes.Select(outcome => outcome == EnqueueOutcome.Accepted)));
        });
    }

    [Test]
    public async Task A_full_spool_keeps_the_usage_of_a_stream_and_puts_no_answer_together_with_holes()
    {
        await CloseDatabaseAsync(isClosed: true);
        var queue = await StartAsync(options => (options.MaxSpoolBytes, options.WhenFull) = (1 << 20, SpoolFullMode.DropPayload));
        var call = Calls.Of(Bodies.Request(0, "Begin"));
        await queue.EnqueueAsync(call);
        var outcomes = new List<EnqueueOutcome>();
        foreach (var item in Streams.Of("Hello, ", new string('x', 500_000), new string('y', 900_000), " world"))
        {
            outcomes.Add(await queue.EnqueueChunksAsync(call.TrainId, call.RequestId, [item]));
        }

        outcomes.Add(await queue.EnqueueAnswerAsync(call.TrainId, call.RequestId, new() { Status = 200 }));
        await CloseDatabaseAsync(isClosed: false);
        await queue.StopAsync(CancellationToken.None);

        var row = await ReadAsync(call.RequestId);
        Assert.Multiple(() =>
        {
            Assert.That(outcomes, Has.Exactly(2).EqualTo(EnqueueOutcome.PayloadDropped));
            Assert.That((row.InputTokens, row.OutputTokens, row.ResponseStatus), Is.EqualTo((10, 7, 200)));
            Assert.That((row.GetResponseBody(), row.Error, row.Model), Is.EqualTo((default(ReadOnlyMemory<byte>?), default(string), "test-model")));
        });
    }

    [Test]
    public async Task A_full_spool_makes_callers_wait_until_there_is_room()
    {
        await CloseDatabaseAsync(isClosed: true);
        var queue = await StartAsync(options => options.MaxSpoolBytes = 1 << 20);
        var calls = Enumerable.Range(0, 8).Select(i => Bodies.Request(i, new string('x', 200_000))).ToList();
        var waiting = Task.Run(async () =>
        {
            foreach (var call in calls)
            {
                await queue.EnqueueAsync(Calls.Of(call));
            }
        });
        await Task.WhenAny(waiting, Task.Delay(500));
        var isWaiting = !waiting.IsCompleted;

        await CloseDatabaseAsync(isClosed: false);
        await waiting;
        await queue.StopAsync(CancellationToken.None);

        Assert.That(isWaiting);
        Assert.That(await ReadAllAsync(), Has.Count.EqualTo(8));
    }

    [Test]
    public async Task What_waits_to_be_linked_is_swept()
    {
        await using (var db = OpenContext())
        {
            var request = Bodies.Request(0, "Begin");
            request.UnlinkedBecause = "A rebuild held the train.";
            db.Add(request);
            await db.SaveChangesAsync();
        }

        await StartAsync(options => options.SweepSeconds = 1);

        var until = DateTimeOffset.UtcNow.AddSeconds(30);
        while ((await ReadAllAsync())[0].UnlinkedBecause is not null && DateTimeOffset.UtcNow < until)
        {
            await Task.Delay(50);
        }

        Assert.That((await ReadAllAsync())[0].LinkKind, Is.EqualTo(LinkKind.Root));
    }

    [Test]
    public async Task Metrics_and_activities_say_what_was_done()
    {
        var counts = new ConcurrentDictionary<string, long>();
        var activities = new ConcurrentQueue<string>();
        using var meters = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name == NexusDataTelemetry.MeterName)
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        meters.SetMeasurementEventCallback<long>((instrument, value, tags, _) => counts.AddOrUpdate(
            $"{instrument.Name}{string.Concat(tags.ToArray().Select(tag => $" {tag.Value}"))}", value, (_, sum) => sum + value));
        meters.Start();
        using var sources = new ActivityListener
        {
            ShouldListenTo = source => source.Name == NexusDataTelemetry.ActivitySourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = activity => activities.Enqueue(activity.OperationName),
        };
        ActivitySource.AddActivityListener(sources);
        var queue = await StartAsync();
        var call = Calls.Of(Bodies.Request(0, "mail ghp_" + "0123456789abcdefABCDEF0123456789abcd"));
        await queue.EnqueueAsync(call);
        await queue.EnqueueAsync(call with { TrainId = "other" });
        await queue.StopAsync(CancellationToken.None);

        Assert.Multiple(() =>
        {
            Assert.That(counts["nexus.data.ingest.stored"], Is.EqualTo(1));
            Assert.That(counts["nexus.data.ingest.rejected"], Is.EqualTo(1));
            Assert.That(counts["nexus.data.masking.secrets api_key body"], Is.EqualTo(2));
            Assert.That(activities, Does.Contain("nexus.ingest.batch").And.Contain("nexus.store"));
        });
    }

    [Test]
    public async Task Health_checks_say_what_is_wrong()
    {
        var services = Services(collection =>
        {
            Ingest()(collection);
            collection.AddHealthChecks().AddNexusData();
        });
        var queue = services.GetRequiredService<RequestIngestQueue>();
        var health = services.GetRequiredService<HealthCheckService>();
        var before = await health.CheckHealthAsync();
        await queue.StartAsync(CancellationToken.None);
        var running = await health.CheckHealthAsync();
        await AdministerAsync("""DELETE FROM "__EFMigrationsHistory" WHERE "MigrationId" LIKE '%17_IndexConversationLinks'""");
        var behind = await health.CheckHealthAsync();
        await CloseDatabaseAsync(isClosed: true);
        var away = await health.CheckHealthAsync();
        await CloseDatabaseAsync(isClosed: false);

        Assert.Multiple(() =>
        {
            Assert.That(Status(before), Is.EqualTo("nexus-data Healthy, nexus-data-ingest Unhealthy, nexus-data-schema Healthy"));
            Assert.That(Status(running), Is.EqualTo("nexus-data Healthy, nexus-data-ingest Healthy, nexus-data-schema Healthy"));
            Assert.That(Status(behind), Is.EqualTo("nexus-data Healthy, nexus-data-ingest Healthy, nexus-data-schema Unhealthy"));
            Assert.That(behind.Entries["nexus-data-schema"].Description, Does.Contain("IndexConversationLinks").And.Contains("migrate"));
            Assert.That(Status(away), Is.EqualTo("nexus-data Unhealthy, nexus-data-ingest Healthy, nexus-data-schema Unhealthy"));
        });
    }

    private static string Status(HealthReport report)
        => string.Join(", ", report.Entries.OrderBy(entry => entry.Key).Select(entry => $"{entry.Key} {entry.Value.Status}"));

    private Action<IServiceCollection> Ingest(Action<RequestIngestOptions>? configure = null)
        => services => services.AddNexusRequestIngest(options =>
        {
            options.SpoolFolder = Folder;
            configure?.Invoke(options);
        });

    private async Task<RequestIngestQueue> StartAsync(Action<RequestIngestOptions>? configure = null)
    {
        var services = Services(Ingest(configure));
        var queue = services.GetServices<IHostedService>().OfType<RequestIngestQueue>().Single();
        await queue.StartAsync(CancellationToken.None);
        return queue;
    }

    // Nobody gets in, and who was in is thrown out.
    private async Task CloseDatabaseAsync(bool isClosed)
    {
        var name = new NpgsqlConnectionStringBuilder(ConnectionString).Database;
        await using var source = NpgsqlDataSource.Create(await Server.ConnectionStringAsync());
        await using var allow = source.CreateCommand($"ALTER DATABASE \"{name}\" ALLOW_CONNECTIONS {!isClosed}");
        await allow.ExecuteNonQueryAsync();
        if (isClosed)
        {
            await using var end = source.CreateCommand(
                $"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
            await end.ExecuteNonQueryAsync();
        }
    }
}
