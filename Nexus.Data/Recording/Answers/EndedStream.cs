namespace Nexus.Data.Recording.Answers;

/// <summary>
/// A stream with a blank line behind its end: the parser gives out no event that none follows. It does not dispose what
/// it reads from.
/// </summary>
internal sealed class EndedStream(Stream inner) : Stream
{
    private byte[] _rest = "\n\n"u8.ToArray();
    private bool _isEnded;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = _isEnded ? 0 : await inner.ReadAsync(buffer, cancellationToken);
        _isEnded |= read == 0 && buffer.Length > 0;
        return _isEnded ? TakeRest(buffer.Span) : read;
    }

    public override int Read(byte[] buffer, int offset, int count)
    {
        var read = _isEnded ? 0 : inner.Read(buffer, offset, count);
        _isEnded |= read == 0 && count > 0;
        return _isEnded ? TakeRest(buffer.AsSpan(offset, count)) : read;
    }

    public override void Flush() => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private int TakeRest(Span<byte> buffer)
    {
        var length = Math.Min(_rest.Length, buffer.Length);
        _rest.AsSpan(0, length).CopyTo(buffer);
        _rest = _rest[length..];
        return length;
    }
}
