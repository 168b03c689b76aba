using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using Nexus.Data.Conversations;
using Nexus.Data.Seeding.Traffic;
using Nexus.Data.Tests.Fixtures;

namespace Nexus.Data.Tests.Conversations.Rebuilding;

/// <summary>Rebuilds that are disturbed: by others who store, and by the end of their process.</summary>
public sealed class RebuildBesideWritersTests : RebuildTest
{
    private const string Structure =
        """
        SELECT request_id, branch_id, parent_request_id, link_kind, link_distance, retry_of_request_id, is_subtask,
               unlinked_because, conversation_id IS NULL AS alone,
               first_value(request_id) OVER (PARTITION BY train_id, conversation_id ORDER BY "timestamp", message_count, request_id)
        FROM api_requests ORDER BY request_id
        """;

    [Test]
    [Category("Load")]
    public async Task While_others_store_nothing_is_lost_and_the_last_rebuild_leaves_what_one_in_peace_does()
    {
        const int writers = 8;
        var traffic = new RequestTraffic(new() { Seed = 5, Trains = 2 }).Generate(TestScale.Of(1_200, 10_000)).ToList();
        await StoreAllAsync(traffic.Take(traffic.Count / 3));
        await ChangeRequestsAsync(Wipe);
        var rest = new Queue<TrafficRequest>(traffic.Skip(traffic.Count / 3));

        var longest = new TimeSpan[writers];
        var storing = Task.WhenAll(Enumerable.Range(0, writers).Select(writer => Task.Run(async () =>
        {
            while (Next() is { } item)
            {
                var clock = Stopwatch.StartNew();
                var withAnswer = item.RequestId.GetHashCode() % 3 != 0;
                await StoreAsync(item.ToRequest(withAnswer));
                var stored = clock.Elapsed;
                if (!withAnswer && (item.ResponseStatus is not null || item.Error is not null))
                {
                    await AnswerAsync(item.RequestId, item.Answer);
                }

                var answered = clock.Elapsed - stored;
                longest[writer] = new[] { longest[writer], stored, answered }.Max();
            }
        })));
        var rebuilds = 0;
        do
        {
            await RebuildAsync();
            rebuilds++;
        }
        while (!storing.IsCompleted);
        await storing;
        await RebuildAsync();
        var report = await RebuildAsync();

        var actual = await RowsAsync(Structure);
        await ChangeRequestsAsync(Wipe + "; UPDATE api_requests SET conversation_id = NULL");
        await RebuildAsync();
        TestContext.Progress.WriteLine(
            $"{rebuilds} rebuilds beside {writers} writers; the longest that one waited: {longest.Max().TotalSeconds:N2} s");
        Assert.Multiple(() =>
        {
            Assert.That(report.ChangedRequests + report.Trains.Sum(train => train.ChangedDetails), Is.Zero);
            Assert.That(actual, Has.Count.EqualTo(traffic.Count));
        });
        AssertSame(actual, await RowsAsync(Structure));

        TrafficRequest? Next()
        {
            lock (rest)
            {
                return rest.TryDequeue(out var item) ? item : null;
            }
        }
    }

    [Test]
    public async Task What_is_stored_between_the_reading_and_the_lock_is_linked_too()
    {
        var traffic = new RequestTraffic(new() { Seed = 6, Trains = 1 }).Generate(400).ToList();
        await StoreAllAsync(traffic.Take(300));
        await ChangeRequestsAsync(Wipe);

        // Whoever holds the train keeps the rebuild between its reading and its writing.
        await using var db = OpenContext();
        await using var transaction = await db.Database.BeginTransactionAsync();
        await db.Database.ExecuteSqlAsync(
            $"SELECT pg_advisory_xact_lock_shared({LinkKeys.TrainLock(traffic[0].TrainId)})");
        var rebuild = RebuildAsync();
        await Server.WaitForAsync(ConnectionString, "wait_event_type = 'Lock' AND wait_event = 'advisory'");
        await StoreAllAsync(traffic.Skip(300));
        await transaction.CommitAsync();
        await rebuild;

        var actual = await RowsAsync(Structure);
        await ChangeRequestsAsync(Wipe);
        await RebuildAsync();
        Assert.That(actual, Has.Count.EqualTo(traffic.Count));
        AssertSame(actual, await RowsAsync(Structure));
    }

    [Test]
    [Category("Crash")]
    public async Task Killed_in_the_middle_each_train_is_as_it_was_or_as_it_will_be_and_a_second_run_completes_it()
    {
        await ImportTrafficAsync(new() { Seed = 7, Trains = 3, BodyBytes = 3_000 }, TestScale.Of(1_500, 20_000));
        var expected = await TrainsAsync();
        await ChangeRequestsAsync(Scramble.Replace("SET conversation_id = conversation,", "SET", StringComparison.Ordinal));
        var before = await TrainsAsync();
        var killed = 0;
        var random = new Random(7);

        var between = new List<Dictionary<string, string>>();
        for (var kill = 0; kill < TestScale.Of(3, 20); kill++)
        {
            // Anywhere, and where it writes, which is short.
            var isWriting = kill % 2 == 0;
            killed += await RunAndKillAsync(isWriting, TimeSpan.FromMilliseconds(random.Next(0, isWriting ? 150 : 2_500))) ? 1 : 0;
            between.Add(await TrainsAsync());
        }

        await RebuildAsync();
        var after = await TrainsAsync();
        TestContext.Progress.WriteLine($"{killed} of {between.Count} rebuilds were killed");
        Assert.Multiple(() =>
        {
            Assert.That(killed, Is.GreaterThan(0));
            Assert.That(after, Is.EqualTo(expected));
            foreach (var (train, rows) in between.SelectMany(trains => trains))
            {
                Assert.That(rows == before[train] || rows == after[train], train);
            }
        });
        Assert.That((await RebuildAsync()).ChangedRequests, Is.Zero);
    }

    private async Task<Dictionary<string, string>> TrainsAsync()
        => (await LinksAsync()).Where(row => row.StartsWith("?column?: request", StringComparison.Ordinal))
            .GroupBy(row => row.Split(" | ")[2]).ToDictionary(train => train.Key, train => string.Join('\n', train));

    // The tool in a process of its own, killed a while after its start, or after it has begun to write.
    private async Task<bool> RunAndKillAsync(bool isWriting, TimeSpan after)
    {
        var start = new ProcessStartInfo(
            Environment.ProcessPath!,
            [
                "exec", Path.Combine(TestContext.CurrentContext.TestDirectory, "nexus-data.dll"), "rebuild-conversations",
                "--execute", "--yes", "--connection", ConnectionString,
            ])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        if (isWriting)
        {
            await Server.WaitForAsync(
                ConnectionString, "query LIKE '%rebuilt_requests%' AND query NOT LIKE '%pg_stat_activity%'",
                () => process.HasExited);
        }

        await Task.Delay(after);
        if (!process.HasExited)
        {
            process.Kill();
        }

        await process.WaitForExitAsync();
        Assert.That(process.ExitCode, Is.EqualTo(137).Or.Zero, $"{await output}{await error}");
        return process.ExitCode != 0;
    }

    private async Task StoreAllAsync(IEnumerable<TrafficRequest> traffic)
    {
        foreach (var batch in traffic.Chunk(100))
        {
            await StoreAsync([.. batch.Select(item => item.ToRequest())]);
        }
    }
}
