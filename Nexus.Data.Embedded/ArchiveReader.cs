using System.Buffers.Binary;

namespace Nexus.Data.Embedded;

/// <summary>Reads what <c>pg_dump</c> writes in its custom format, from a stream that is read once.</summary>
internal sealed class ArchiveReader(Stream stream)
{
    private const int LongestText = 1 << 30;

    private readonly byte[] _buffer = new byte[1 << 16];
    private int _position;
    private int _length;

    /// <summary>How many bytes an integer has, behind its sign.</summary>
    public int IntSize { get; set; } = 4;

    public async ValueTask<byte> ByteAsync(CancellationToken cancellationToken)
        => await IsAtEndAsync(cancellationToken) ? throw new EndOfStreamException("The archive ends in the middle.") : _buffer[_position++];

    public async ValueTask<byte[]> BytesAsync(int count, CancellationToken cancellationToken)
    {
        var bytes = new byte[count];
        for (var i = 0; i < count; i++)
        {
            bytes[i] = await ByteAsync(cancellationToken);
        }

        return bytes;
    }

    public async ValueTask<int> IntAsync(CancellationToken cancellationToken)
    {
        var isNegative = await ByteAsync(cancellationToken) != 0;
        var value = BinaryPrimitives.ReadInt32LittleEndian(await BytesAsync(IntSize, cancellationToken));
        return isNegative ? -value : value;
    }

    /// <summary>A text's bytes; null for none.</summary>
    public async ValueTask<byte[]?> TextAsync(CancellationToken cancellationToken)
        => await IntAsync(cancellationToken) switch
        {
            < 0 => null,
            > LongestText => throw new InvalidDataException("The archive has a text that is too long to be one."),
            var length => await BytesAsync(length, cancellationToken),
        };

    public async ValueTask<bool> IsAtEndAsync(CancellationToken cancellationToken)
    {
        if (_position == _length)
        {
            (_position, _length) = (0, await stream.ReadAsync(_buffer, cancellationToken));
        }

        return _length == 0;
    }

    public async ValueTask CopyAsync(int count, Stream output, CancellationToken cancellationToken)
    {
        while (count > 0)
        {
            if (await IsAtEndAsync(cancellationToken))
            {
                throw new EndOfStreamException("The archive ends in the middle.");
            }

            var part = Math.Min(count, _length - _position);
            await output.WriteAsync(_buffer.AsMemory(_position, part), cancellationToken);
            _position += part;
            count -= part;
        }
    }
}
