using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Nexus.Data.Analyses;

namespace Nexus.Data.Tests.Analyses;

/// <summary>A process that works on a queue of analyses, to be killed or stopped. Started through this assembly's Main.
/// </summary>
internal static class AnalysisProcess
{
    public const string Name = "analyses";

    private const string Variable = "NEXUS_DATABASE_URL";
    private const int Count = 8;

    private static readonly TimeSpan _lease = TimeSpan.FromSeconds(2);

    /// <summary>Starts it; it says how many answers counted and how many came too late.</summary>
    public static Process Start(string connectionString, string worker)
    {
        var start = new ProcessStartInfo(
            Environment.ProcessPath!, ["exec", typeof(AnalysisProcess).Assembly.Location, Name, worker])
        {
            RedirectStandardOutput = true,
        };
        start.Environment[Variable] = connectionString;
        return Process.Start(start)!;
    }

    public static async Task<int> RunAsync(string worker)
    {
        await using var services = new ServiceCollection()
            .AddNexusData(Environment.GetEnvironmentVariable(Variable)!)
            .Configure<AnalysisQueueOptions>(options => (options.MaxRetries, options.FirstRetryDelayMs, options.MaxRetryDelayMs) = (100, 100, 100))
            .BuildServiceProvider();
        var queue = services.GetRequiredService<AnalysisQueue>();
        while (true)
        {
            var jobs = await queue.ClaimAsync(worker, Count, _lease);
            Console.WriteLine($"claimed {jobs.Count}.");
            for (var i = 0; i < jobs.Count; i++)
            {
                await Task.Delay(Random.Shared.Next(0, 40));
                var isFailing = Random.Shared.Next(20) == 0;
                var counted = isFailing
                    ? (await queue.FailAsync(jobs[i], new("By chance."))).Outcome != FailedTryOutcome.NotHeld
                    : await queue.CompleteAsync(jobs[i], new() { Content = Content(jobs[i]) });
                Console.WriteLine(!counted ? "late." : isFailing ? "failed." : "done.");
                if (i % 4 == 0)
                {
                    await queue.HeartbeatAsync([.. jobs.Skip(i + 1)], _lease);
                }
            }

            if (jobs.Count == 0)
            {
                await Task.Delay(100);
            }
        }
    }

    /// <summary>What a claim writes: no other writes the same.</summary>
    private static string Content(AnalysisJob job) => $"{job.LeaseId} {job.Worker}";
}
