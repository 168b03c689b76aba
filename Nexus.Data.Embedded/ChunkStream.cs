namespace Nexus.Data.Embedded;

/// <summary>Writes bytes as an archive has them: in pieces with their lengths.</summary>
internal sealed class ChunkStream(Stream output) : Stream
{
    private readonly byte[] _buffer = new byte[1 << 16];
    private int _length;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (buffer.Length > 0)
        {
            var part = Math.Min(buffer.Length, _buffer.Length - _length);
            buffer[..part].CopyTo(_buffer.AsSpan(_length));
            buffer = buffer[part..];
            _length += part;
            if (_length == _buffer.Length)
            {
                WriteChunk();
            }
        }
    }

    // A piece without bytes would end the rows: only what there is is written.
    public override void Flush()
    {
    }

    /// <summary>Writes what is left, and the piece without bytes that ends them.</summary>
    public void Complete()
    {
        if (_length > 0)
        {
            WriteChunk();
        }

        output.WriteInt(0);
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    private void WriteChunk()
    {
        output.WriteInt(_length);
        output.Write(_buffer, 0, _length);
        _length = 0;
    }
}
