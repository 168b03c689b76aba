using Microsoft.Extensions.DependencyInjection;
using Nexus.Data.Recording;
using Nexus.Data.Tests.Fixtures;

namespace Nexus.Data.Tests.Recording;

/// <summary>A process with a queue that is killed again and again, beside one that remembers what was acknowledged.</summary>
[Category("Crash")]
public sealed class IngestCrashTests : RecordingTest
{
    [Test]
    public async Task What_was_acknowledged_is_stored_once_however_often_the_process_is_killed()
    {
        var random = new Random(4711);
        var (issued, requests, answers) = (new HashSet<Guid>(), new HashSet<Guid>(), new HashSet<Guid>());
        var (waiting, moments) = (0L, TestScale.Of(8, 200));
        for (var moment = 0; moment < moments; moment++)
        {
            // One in ten is killed while it starts and takes up what the one before it left.
            await RunAndKillAsync(random, isEarly: moment % 10 == 9, issued, requests, answers);
            waiting += BytesInSpool();
        }

        await using (var services = Services(Ingest()))
        {
            var queue = services.GetRequiredService<RequestIngestQueue>();
            await queue.StartAsync(CancellationToken.None);
            await queue.StopAsync(CancellationToken.None);
        }

        var rows = (await ReadAllAsync()).ToDictionary(row => row.RequestId);
        await TestContext.Progress.WriteLineAsync(
            $"{moments} kills: {issued.Count} issued, {requests.Count} calls and {answers.Count} answers acknowledged, "
            + $"{rows.Count} stored; {waiting} bytes lay in the spool at the kills");
        Assert.Multiple(() =>
        {
            Assert.That(requests, Is.Not.Empty);
            Assert.That(waiting, Is.Positive, "No kill came between acknowledgement and storing.");
            Assert.That(requests.Where(id => !rows.ContainsKey(id)), Is.Empty, "acknowledged and not stored");
            Assert.That(answers.Where(id => rows[id].ResponseStatus != 200), Is.Empty, "answered and not stored so");
            Assert.That(rows.Keys.Where(id => !issued.Contains(id)), Is.Empty, "stored and never issued");
            Assert.That(rows.Values.Where(row => row.LinkKind is null), Is.Empty, "not linked");
            Assert.That(File.Exists(Path.Combine(Folder, "rejects.jsonl")), Is.False, "There are rejects.");
        });
    }

    private async Task RunAndKillAsync(
        Random random, bool isEarly, HashSet<Guid> issued, HashSet<Guid> requests, HashSet<Guid> answers)
    {
        using var process = IngestProcess.Start(ConnectionString, Folder);
        var hasBegun = new TaskCompletionSource();
        var reading = Task.Run(async () =>
        {
            while (await process.StandardOutput.ReadLineAsync() is { } line)
            {
                hasBegun.TrySetResult();
                if (line.EndsWith('.') && line.Split(' ', '.') is [var what, var id, ..])
                {
                    (what switch { "issued" => issued, "request" => requests, _ => answers }).Add(Guid.Parse(id));
                }
            }
        });
        if (!isEarly)
        {
            await Task.WhenAny(hasBegun.Task, process.WaitForExitAsync());
        }

        await Task.Delay(random.Next(0, isEarly ? 600 : 300));
        process.Kill();
        await process.WaitForExitAsync();
        await reading;
    }

    private long BytesInSpool() => Directory.EnumerateFiles(Folder, "*.spool").Sum(file => new FileInfo(file).Length);

    private Action<IServiceCollection> Ingest()
        => services => services.AddNexusRequestIngest(options => options.SpoolFolder = Folder);
}
