using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using Nexus.Data.Analyses;
using Nexus.Data.Tests.Fixtures;

namespace Nexus.Data.Tests.Analyses;

/// <summary>Workers that are killed, or stopped until their leases have run out, while they work on one queue.</summary>
[Category("Crash")]
public sealed class AnalysisCrashTests : AnalysisTest
{
    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(20);

    private readonly Dictionary<string, int> _said = [];
    private readonly List<Process> _workers = [];
    private readonly List<Task> _reading = [];
    private int _started;

    [TearDown]
    public async Task KillWorkers()
    {
        foreach (var worker in _workers)
        {
            await KillAsync(worker);
        }

        await Task.WhenAll(_reading);
        _workers.Clear();
    }

    [Test]
    public async Task Every_job_is_done_once_however_often_workers_are_killed_and_stopped()
    {
        var random = new Random(4711);
        var (workers, jobs, blows) = (TestScale.Of(4, 16), TestScale.Of(300, 10_000), TestScale.Of(6, 100));
        await OrderManyAsync(jobs);
        for (var i = 0; i < workers; i++)
        {
            StartWorker();
        }

        var clock = Stopwatch.StartNew();
        await WaitForAsync(counts => counts.Completed > 0);
        var (kills, stops) = (0, 0);
        for (var blow = 0; blow < blows && (await Queue.CountAsync()).Completed < jobs; blow++)
        {
            await Task.Delay(random.Next(50, 300));
            var victim = random.Next(workers);
            if (blow % 3 == 2)
            {
                stops++;
                _reading.Add(StopForAWhileAsync(_workers[victim]));
            }
            else
            {
                kills++;
                await KillAsync(_workers[victim]);
                _workers.RemoveAt(victim);
                StartWorker();
            }
        }

        await WaitForAsync(counts => counts.Completed == jobs);
        await TestContext.Progress.WriteLineAsync(
            $"{workers} workers, {jobs} jobs, {kills} kills and {stops} stops in {clock.Elapsed.TotalSeconds:0} s; the workers said: "
            + string.Join(", ", Said().Select(said => $"{said.Key} {said.Value}")));

        await using var db = OpenContext();
        var rows = await db.Analyses.AsNoTracking().ToListAsync();
        var ends = await db.AuditLog.AsNoTracking()
            .Where(entry => entry.EventType == AuditEvents.Completion && entry.Outcome == AuditOutcomes.Success).ToListAsync();
        var lost = await db.AuditLog.CountAsync(entry => EF.Functions.JsonContains(entry.Metadata!, """{"name": "LeaseExpired"}"""));
        await TestContext.Progress.WriteLineAsync($"{lost} tries were lost; the most retries of a job: {rows.Max(row => row.RetryCount)}");
        var end = ends.ToLookup(entry => entry.ConversationId);
        Assert.Multiple(() =>
        {
            Assert.That(rows, Has.Count.EqualTo(jobs));
            Assert.That(lost, Is.Positive, "No kill came while a job was in hand.");
            Assert.That(rows.Where(row => end[row.ConversationId].Count() != 1), Is.Empty, "done twice, or by nobody");
            Assert.That(
                rows.Where(row => !row.AnalysisContent!.StartsWith(end[row.ConversationId].First().RequestId, StringComparison.Ordinal)),
                Is.Empty, "another worker's content than the one whose answer counted");
        });
    }

    private async Task OrderManyAsync(int count)
    {
        var conversations = Enumerable.Range(0, count).Select(_ => Guid.CreateVersion7()).ToArray();
        await using var db = OpenContext();
        await db.Database.ExecuteSqlAsync(
            $"INSERT INTO conversation_analyses (conversation_id, train_id) SELECT unnest({conversations}), {Train}");
    }

    private async Task WaitForAsync(Func<AnalysisCounts, bool> condition)
    {
        var clock = Stopwatch.StartNew();
        while (!condition(await Queue.CountAsync()))
        {
            Assert.That(clock.Elapsed, Is.LessThan(_patience), $"It did not come to that: {await Queue.CountAsync()}");
            await Task.Delay(200);
        }
    }

    private void StartWorker()
    {
        var worker = AnalysisProcess.Start(ConnectionString, $"worker-{++_started}");
        _workers.Add(worker);
        _reading.Add(Task.Run(async () =>
        {
            while (await worker.StandardOutput.ReadLineAsync() is { } line)
            {
                if (line is "done." or "late." or "failed.")
                {
                    lock (_said)
                    {
                        _said[line] = _said.GetValueOrDefault(line) + 1;
                    }
                }
            }
        }));
    }

    private Dictionary<string, int> Said()
    {
        lock (_said)
        {
            return new(_said);
        }
    }

    // Longer than its leases are: what it finishes afterwards is another's by then.
    private static async Task StopForAWhileAsync(Process worker)
    {
        await SignalAsync(worker, "STOP");
        await Task.Delay(TimeSpan.FromSeconds(4));
        await SignalAsync(worker, "CONT");
    }

    private static async Task SignalAsync(Process worker, string signal)
    {
        if (!worker.HasExited)
        {
            using var kill = Process.Start("kill", [$"-{signal}", $"{worker.Id}"]);
            await kill.WaitForExitAsync();
        }
    }

    private static async Task KillAsync(Process worker)
    {
        worker.Kill();
        await worker.WaitForExitAsync();
    }
}
