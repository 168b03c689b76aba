using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace Nexus.Data.Recording;

/// <summary>A line of a log, in memory of its own.</summary>
internal readonly record struct LogLine(long Number, long End, byte[] Bytes);

/// <summary>Splits a stream into lines of any length. Blank lines and comments, which begin with #, are passed over.</summary>
internal static class LogLines
{
    // A line holds two bodies at most, each of which may have 256 MiB.
    private const int MaxLength = 768 * 1024 * 1024;

    public static async IAsyncEnumerable<LogLine> ReadAsync(
        Stream input, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var reader = PipeReader.Create(input, new StreamPipeReaderOptions(bufferSize: 128 * 1024, leaveOpen: true));
        long number = 0, end = 0;
        while (true)
        {
            var read = await reader.ReadAsync(cancellationToken);
            var buffer = read.Buffer;
            while (TryTake(ref buffer, read.IsCompleted, out var line, out var length))
            {
                end += length;
                number++;
                if (Content(line, number) is { Length: > 0 } bytes)
                {
                    yield return new(number, end, bytes);
                }
            }

            if (read.IsCompleted)
            {
                break;
            }

            if (buffer.Length > MaxLength)
            {
                throw new NexusDataException(
                    NexusDataErrorKind.Validation,
                    $"Line {number + 1} has more than {MaxLength:N0} bytes: is this a request log, one JSON object a line?");
            }

            reader.AdvanceTo(buffer.Start, buffer.End);
        }

        await reader.CompleteAsync();
    }

    private static bool TryTake(
        ref ReadOnlySequence<byte> buffer, bool isLast, out ReadOnlySequence<byte> line, out long length)
    {
        line = default;
        length = 0;
        if (buffer.PositionOf((byte)'\n') is { } feed)
        {
            line = buffer.Slice(0, feed);
            length = line.Length + 1;
        }
        else if (isLast && buffer.Length > 0)
        {
            line = buffer;
            length = line.Length;
        }
        else
        {
            return false;
        }

        buffer = buffer.Slice(length);
        return true;
    }

    private static byte[] Content(ReadOnlySequence<byte> line, long number)
    {
        var bytes = line.ToArray();
        ReadOnlySpan<byte> content = bytes;
        if (number == 1 && content.StartsWith("\uFEFF"u8))
        {
            content = content[3..];
        }

        content = content.Trim(" \t\r"u8);
        return content.StartsWith("#"u8) ? [] : content.Length == bytes.Length ? bytes : content.ToArray();
    }
}
