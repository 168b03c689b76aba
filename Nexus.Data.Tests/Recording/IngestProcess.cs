using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Nexus.Data.Recording;
using Nexus.Data.Tests.Conversations;

namespace Nexus.Data.Tests.Recording;

/// <summary>A process that hands calls to a queue and says which are acknowledged, to be killed. Started through this
/// assembly's Main.</summary>
internal static class IngestProcess
{
    public const string Name = "ingest";

    private const string Variable = "NEXUS_DATABASE_URL";
    private const int Callers = 4;

    /// <summary>Starts it; what it says is on its standard output.</summary>
    public static Process Start(string connectionString, string folder)
    {
        var start = new ProcessStartInfo(
            Environment.ProcessPath!, ["exec", typeof(IngestProcess).Assembly.Location, Name, folder])
        {
            RedirectStandardOutput = true,
        };
        start.Environment[Variable] = connectionString;
        return Process.Start(start)!;
    }

    public static async Task<int> RunAsync(string folder)
    {
        await using var services = new ServiceCollection()
            .AddNexusData(Environment.GetEnvironmentVariable(Variable)!)
            .AddNexusRequestIngest(options => (options.SpoolFolder, options.BatchDelayMs) = (folder, 5))
            .BuildServiceProvider();
        var queue = services.GetRequiredService<RequestIngestQueue>();
        await queue.StartAsync(CancellationToken.None);
        await Task.WhenAll(Enumerable.Range(0, Callers).Select(caller => Task.Run(() => CallAsync(queue, caller))));
        return 0;
    }

    // Each line ends with a full stop, for the last may be cut off.
    private static async Task CallAsync(RequestIngestQueue queue, int caller)
    {
        for (var number = 0; ; number++)
        {
            var call = Bodies.Request(
                number, string.Create(CultureInfo.InvariantCulture, $"{caller} {number} {new string('x', 1_000)}")).Answered("Yes.");
            Console.WriteLine($"issued {call.RequestId}.");
            await queue.EnqueueAsync(Calls.Of(call));
            Console.WriteLine($"request {call.RequestId}.");
            await queue.EnqueueAnswerAsync(call.TrainId, call.RequestId, Calls.AnswerOf(call));
            Console.WriteLine($"answer {call.RequestId}.");
        }
    }
}
