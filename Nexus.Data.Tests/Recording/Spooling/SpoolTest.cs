using System.Collections.Concurrent;
using System.Text;
using Microsoft.Extensions.Logging;
using Nexus.Data.Recording.Spooling;

namespace Nexus.Data.Tests.Recording.Spooling;

/// <summary>A folder for a spool, and short ways to fill and to read it.</summary>
public abstract class SpoolTest
{
    protected static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    protected string Folder { get; } = Path.Combine(Path.GetTempPath(), $"nexus-spool-{Guid.NewGuid():N}");

    internal LogLines Log { get; } = new();

    [TearDown]
    public void DeleteFolder()
    {
        if (Directory.Exists(Folder))
        {
            Directory.Delete(Folder, recursive: true);
        }
    }

    internal SpoolOptions Options => new() { Folder = Folder };

    internal Task<Spool> OpenAsync(SpoolOptions? options = null, TimeProvider? time = null)
        => Spool.OpenAsync(options ?? Options, time, Log);

    internal static ValueTask<long> AppendAsync(Spool spool, string text, CancellationToken cancellationToken = default)
        => spool.AppendAsync(1, Encoding.UTF8.GetBytes(text), cancellationToken: cancellationToken);

    internal static async Task AppendAllAsync(Spool spool, params string[] texts)
    {
        foreach (var text in texts)
        {
            await AppendAsync(spool, text);
        }
    }

    /// <summary>All that can be read now.</summary>
    internal static List<SpoolEntry> ReadAll(Spool spool)
    {
        var entries = new List<SpoolEntry>();
        while (spool.TryRead(out var entry))
        {
            entries.Add(entry);
        }

        return entries;
    }

    internal static string Text(SpoolEntry entry) => Encoding.UTF8.GetString(entry.Payload.Span);

    internal static List<string> Texts(Spool spool) => [.. ReadAll(spool).Select(Text)];

    internal static void CompleteAll(Spool spool, IEnumerable<SpoolEntry> entries)
        => spool.Complete([.. entries.Select(entry => entry.Sequence)]);

    /// <summary>What a spool of these texts leaves on the disk, in one segment.</summary>
    internal async Task<byte[]> SegmentOfAsync(params string[] texts)
    {
        await using (var spool = await OpenAsync())
        {
            await AppendAllAsync(spool, texts);
        }

        return await File.ReadAllBytesAsync(Segments().Single());
    }

    /// <summary>Leaves nothing in the folder but this segment.</summary>
    protected void Put(ReadOnlySpan<byte> segment, int number = 1)
    {
        foreach (var file in Directory.EnumerateFiles(Folder))
        {
            File.Delete(file);
        }

        File.WriteAllBytes(Path.Combine(Folder, $"{number:D16}.spool"), segment);
    }

    protected List<string> Segments() => [.. Directory.EnumerateFiles(Folder, "*.spool").Order()];

    internal sealed class LogLines : ILogger
    {
        public ConcurrentQueue<string> Lines { get; } = new();

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter)
            => Lines.Enqueue($"{logLevel}: {formatter(state, exception)}");
    }
}
