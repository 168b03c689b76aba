using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Nexus.Data.Recording.Spooling;

namespace Nexus.Data.Tests.Recording.Spooling;

/// <summary>A process that uses a spool, to be killed or to be kept short of disk. Started through this assembly's Main.</summary>
internal static class SpoolProcess
{
    public const string Name = "spool";

    private const int Writers = 4;

    /// <summary>Starts it.</summary>
    /// <param name="mode">append, consume or fill.</param>
    /// <param name="folder">The spool's.</param>
    /// <param name="fileBlocks">The blocks that each of its files may have; null: as many as it likes.</param>
    public static Process Start(string mode, string folder, int? fileBlocks = null)
    {
        string[] command = ["exec", typeof(SpoolProcess).Assembly.Location, Name, mode, folder];
        var start = fileBlocks is null
            ? new ProcessStartInfo(Environment.ProcessPath!, command)
            : new ProcessStartInfo(
                "sh", ["-c", $"trap '' XFSZ; ulimit -f {fileBlocks}; exec \"$@\"", "sh", Environment.ProcessPath!, .. command]);
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;

        // The runtime's own files would be too long.
        start.Environment["DOTNET_EnableWriteXorExecute"] = "0";
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        return Process.Start(start)!;
    }

    /// <summary>What an entry of this name holds: its name, and bytes that follow from it.</summary>
    public static byte[] Payload(string name)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(name));
        var payload = Encoding.UTF8.GetBytes($"{name} ").AsEnumerable();
        for (var count = 0; count <= hash[0]; count++)
        {
            payload = payload.Concat(hash);
        }

        return [.. payload];
    }

    public static async Task<int> RunAsync(string mode, string folder)
    {
        var options = new SpoolOptions { Folder = folder, SegmentBytes = mode == "fill" ? long.MaxValue : 100_000, CacheBytes = 50_000 };
        await using var spool = await Spool.OpenAsync(options);
        if (mode == "fill")
        {
            await FillAsync(spool);
            return 0;
        }

        var consuming = mode == "consume" ? ConsumeAsync(spool) : Task.CompletedTask;
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(_ => Task.Run(() => AppendAsync(spool))).Append(consuming));
        return 0;
    }

    // Each line ends with a full stop, for the last may be cut off.
    private static async Task AppendAsync(Spool spool)
    {
        while (true)
        {
            var name = $"{Guid.NewGuid():N}";
            await spool.AppendAsync(1, Payload(name));
            Console.WriteLine($"appended {name}.");
        }
    }

    private static async Task ConsumeAsync(Spool spool)
    {
        var batch = new List<SpoolEntry>();
        while (true)
        {
            batch.Add(await spool.ReadAsync());
            while (batch.Count < 20 && spool.TryRead(out var entry))
            {
                batch.Add(entry);
            }

            foreach (var entry in batch)
            {
                Console.WriteLine($"completes {Encoding.UTF8.GetString(entry.Payload.Span[..32])}.");
            }

            spool.Complete([.. batch.Select(entry => entry.Sequence)]);
            batch.Clear();
        }
    }

    private static async Task FillAsync(Spool spool)
    {
        var payload = new byte[10_000];
        for (var round = 0; round < 2; round++)
        {
            var count = 0;
            try
            {
                while (true)
                {
                    await spool.AppendAsync(1, payload);
                    count++;
                }
            }
            catch (NexusDataException exception)
            {
                Console.WriteLine($"{count} {exception.Kind} {exception.Message}");
            }

        }
    }
}
