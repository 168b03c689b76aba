using System.Buffers;

namespace Nexus.Data.Seeding.Traffic;

/// <summary>
/// Makes the traffic of a proxy: requests in the order of their times, whole histories in their bodies, and for each
/// the conversation that the rules of linking must find. The same options give the same bytes everywhere.
/// </summary>
public sealed class RequestTraffic
{
    // Large enough that a stream sees few writes, small enough to stay in the cache.
    private const int WriteSize = 1 << 18;

    private readonly TrafficOptions _options;

    /// <summary>Checks the options.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The option that it names is out of range.</exception>
    public RequestTraffic(TrafficOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _options = options;
    }

    /// <summary>
    /// Exactly <paramref name="count"/> requests, made while they are read. Each reading begins anew, and a longer log
    /// begins with the shorter one. Memory is that of the conversations that are open at the moment.
    /// </summary>
    public IEnumerable<TrafficRequest> Generate(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        return Lazily();

        // An iterator around the simulation's own, so that who reads it twice gets the same twice.
        IEnumerable<TrafficRequest> Lazily()
        {
            foreach (var request in new TrafficSimulation(_options).Run(count))
            {
                yield return request;
            }
        }
    }

    /// <summary>Writes <paramref name="count"/> requests, a line each, and says how many bytes that were.</summary>
    public long ToLines(int count, Stream output)
    {
        ArgumentNullException.ThrowIfNull(output);
        var lines = new ArrayBufferWriter<byte>(2 * WriteSize);
        var total = 0L;
        foreach (var request in Generate(count))
        {
            request.WriteLine(lines);
            if (lines.WrittenCount >= WriteSize)
            {
                WriteOut();
            }
        }

        WriteOut();
        return total;

        void WriteOut()
        {
            output.Write(lines.WrittenSpan);
            total += lines.WrittenCount;
            lines.ResetWrittenCount();
        }
    }
}
