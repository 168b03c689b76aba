using System.Text;

namespace Nexus.Data.Recording.Answers;

/// <summary>One event of a streamed answer.</summary>
/// <param name="Index">Its place in the stream, from 0; no two events of a stream share one.</param>
/// <param name="Timestamp">When it arrived.</param>
/// <param name="Data">Its JSON text in UTF-8. The caller leaves the bytes as they are.</param>
public readonly record struct StreamEvent(int Index, DateTimeOffset Timestamp, ReadOnlyMemory<byte> Data)
{
    /// <summary>An event whose JSON text is a string.</summary>
    public StreamEvent(int index, DateTimeOffset timestamp, string data)
        : this(index, timestamp, Encoding.UTF8.GetBytes(data))
    {
    }

    /// <summary>In the order of their indexes, of those with one index the first: it is the same event again.</summary>
    internal static IEnumerable<StreamEvent> InOrder(IEnumerable<StreamEvent> events) =>
        events.OrderBy(item => item.Index).DistinctBy(item => item.Index);
}
