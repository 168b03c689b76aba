using System.Buffers;
using System.Buffers.Binary;
using Npgsql;

namespace Nexus.Data.Conversations.Rebuilding;

/// <summary>Rows of a binary COPY, one at a time, in one buffer that grows to the longest row: no object for a row or a
/// field.</summary>
internal sealed class CopyRows : IAsyncDisposable
{
    // Signature, flags and the length of an extension that nobody uses.
    private const int HeaderLength = 19;

    private readonly Stream _stream;
    private readonly int[] _starts;
    private readonly int[] _lengths;
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(256 * 1024);
    private int _first;
    private int _row;
    private int _end;
    private bool _hasHeader;

    private CopyRows(Stream stream, int columns)
    {
        _stream = stream;
        _starts = new int[columns];
        _lengths = new int[columns];
    }

    /// <summary>Begins to read what a query gives.</summary>
    public static async Task<CopyRows> OpenAsync(
        NpgsqlConnection connection, string query, int columns, CancellationToken cancellationToken)
        => new(
            await connection.BeginRawBinaryCopyAsync($"COPY ({query}) TO STDOUT (FORMAT binary)", cancellationToken), columns);

    /// <summary>Goes to the next row. False after the last.</summary>
    public async ValueTask<bool> ReadAsync(CancellationToken cancellationToken)
    {
        if (!_hasHeader)
        {
            await FillAsync(HeaderLength, cancellationToken);
            (_row, _hasHeader) = (HeaderLength, true);
        }

        var position = _row;
        position = await NeedAsync(position, sizeof(short), cancellationToken);
        var fields = BinaryPrimitives.ReadInt16BigEndian(_buffer.AsSpan(position));
        position += sizeof(short);
        if (fields < 0)
        {
            return false;
        }

        for (var field = 0; field < fields; field++)
        {
            position = await NeedAsync(position, sizeof(int), cancellationToken);
            var length = BinaryPrimitives.ReadInt32BigEndian(_buffer.AsSpan(position));
            position += sizeof(int);
            _lengths[field] = length;
            if (length > 0)
            {
                position = await NeedAsync(position, length, cancellationToken);
            }

            _starts[field] = position - _row;
            position += Math.Max(0, length);
        }

        _first = _row;
        _row = position;
        return true;
    }

    public bool IsNull(int field) => _lengths[field] < 0;

    /// <summary>A field's bytes, valid until the next row; none where it is null.</summary>
    public ReadOnlySpan<byte> Bytes(int field)
        => _lengths[field] <= 0 ? [] : _buffer.AsSpan(_first + _starts[field], _lengths[field]);

    /// <summary>The text of a <c>jsonb</c> field, without the version before it.</summary>
    public ReadOnlySpan<byte> Json(int field) => Bytes(field)[1..];

    public Guid Uuid(int field) => IsNull(field) ? Guid.Empty : new Guid(Bytes(field), bigEndian: true);

    public long Long(int field) => BinaryPrimitives.ReadInt64BigEndian(Bytes(field));

    public int Int(int field) => BinaryPrimitives.ReadInt32BigEndian(Bytes(field));

    public uint Transaction(int field) => BinaryPrimitives.ReadUInt32BigEndian(Bytes(field));

    public bool Flag(int field) => !IsNull(field) && Bytes(field)[0] != 0;

    public async ValueTask DisposeAsync()
    {
        await _stream.DisposeAsync();
        if (_buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = [];
        }
    }

    // Where the position is once so many bytes are there behind it: making room moves the row to the buffer's start.
    private ValueTask<int> NeedAsync(int position, int count, CancellationToken cancellationToken)
        => _end - position >= count ? new(position) : MoveAndFillAsync(position, count, cancellationToken);

    private async ValueTask<int> MoveAndFillAsync(int position, int count, CancellationToken cancellationToken)
    {
        if (_row > 0)
        {
            _buffer.AsSpan(_row, _end - _row).CopyTo(_buffer);
            position -= _row;
            _end -= _row;
            _row = 0;
        }

        await FillAsync(checked(position + count), cancellationToken);
        return position;
    }

    private async ValueTask FillAsync(int end, CancellationToken cancellationToken)
    {
        if (_buffer.Length < end)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(end, _buffer.Length * 2));
            _buffer.AsSpan(0, _end).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }

        while (_end < end)
        {
            var read = await _stream.ReadAsync(_buffer.AsMemory(_end), cancellationToken);
            if (read == 0)
            {
                throw new EndOfStreamException("The server ended a COPY in the middle of a row.");
            }

            _end += read;
        }
    }
}
