using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;

namespace Nexus.Data.Recording.Answers;

/// <summary>Reads the events of a streamed answer off its bytes, as a provider sends them.</summary>
public static class ServerSentEvents
{
    /// <summary>Reads events until the stream ends, in pieces of whatever size the stream gives them. Comments are passed
    /// over; the last event counts also where the end cuts it off, as far as it came.</summary>
    /// <param name="stream">The response's bytes; the caller disposes it.</param>
    /// <param name="time">Tells when an event arrived; null for the system's clock.</param>
    /// <param name="firstIndex">The index of the first event.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    public static async IAsyncEnumerable<StreamEvent> ReadAsync(
        Stream stream, TimeProvider? time = null, int firstIndex = 0,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(stream);

        time ??= TimeProvider.System;
        var index = firstIndex;
        await using var ended = new EndedStream(stream);
        var parser = SseParser.Create(ended, (_, data) => data.ToArray());
        await foreach (var item in parser.EnumerateAsync(cancellationToken))
        {
            yield return new StreamEvent(index++, time.GetUtcNow(), item.Data);
        }
    }

    /// <summary>Reads the events of a stream that has arrived as a whole.</summary>
    internal static List<StreamEvent> Read(ReadOnlySpan<byte> utf8, DateTimeOffset arrivedAt)
    {
        // The last event counts without the line that would end it.
        using var stream = new MemoryStream([.. utf8, .. "\n\n"u8], writable: false);
        var parser = SseParser.Create(stream, (_, data) => data.ToArray());
        return [.. parser.Enumerate().Select((item, index) => new StreamEvent(index, arrivedAt, item.Data))];
    }

    /// <summary>Whether a text begins as the events of a stream do, and no JSON does.</summary>
    internal static bool AreIn(ReadOnlySpan<byte> utf8)
    {
        utf8 = utf8.StartsWith("\uFEFF"u8) ? utf8[3..] : utf8;
        utf8 = utf8.TrimStart("\r\n"u8);
        return utf8.StartsWith("data:"u8) || utf8.StartsWith("event:"u8) || utf8.StartsWith("id:"u8)
            || utf8.StartsWith("retry:"u8) || utf8.StartsWith(":"u8);
    }
}
