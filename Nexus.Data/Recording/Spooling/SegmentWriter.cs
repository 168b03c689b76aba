using System.Security.Cryptography;

namespace Nexus.Data.Recording.Spooling;

/// <summary>
/// Writes to the newest segment. One thread at a time. Where a write fails, nothing of it stays: the file is cut back, and
/// where that fails too, the next entry goes into a file of its own.
/// </summary>
internal sealed class SegmentWriter(SpoolFolder folder, SpoolOptions options, long lastNumber) : IDisposable
{
    private readonly long _segmentBytes = options.EffectiveSegmentBytes;
    private long _number = lastNumber;
    private ISegmentFile? _file;
    private Segment? _segment;
    private long _offset;
    private bool _isBroken;

    public ulong Marker => _segment!.Marker;

    /// <summary>Where the next entry will begin.</summary>
    public long Offset => _offset;

    /// <summary>Whether an entry has to go into another segment.</summary>
    public bool IsFullFor(int length)
        => _file is null || _isBroken || (_offset > SegmentHeader.Size && _offset + length > _segmentBytes);

    /// <summary>Goes on in a new file.</summary>
    public Segment Rotate(long next)
    {
        if (!folder.IsThere())
        {
            throw new DirectoryNotFoundException("It was deleted while it was in use; restart the process");
        }

        var path = folder.SegmentPath(_number + 1);
        var segment = new Segment(path, BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong))), next);
        var file = options.CreateFile(path);
        try
        {
            file.Write(Header(segment, next), 0);
            if (options.FlushToDisk)
            {
                file.Flush();
                folder.Flush();
            }
        }
        catch
        {
            file.Dispose();
            File.Delete(path);
            throw;
        }

        _file?.Dispose();
        (_file, _segment, _offset, _isBroken) = (file, segment, SegmentHeader.Size, false);
        _number++;
        return segment;
    }

    /// <summary>Writes an entry, in one call.</summary>
    public void Write(ReadOnlySpan<byte> entry)
    {
        try
        {
            _file!.Write(entry, _offset);
        }
        catch (ArgumentOutOfRangeException exception)
        {
            // So .NET says that the system lets no file grow further; another may.
            CutBackTo(_offset);
            _isBroken = true;
            throw new IOException($"{_segment!.Path} may not grow beyond {_offset:N0} bytes", exception);
        }
        catch
        {
            CutBackTo(_offset);
            throw;
        }

        _offset += entry.Length;
    }

    /// <summary>Takes back what was written from a place on.</summary>
    public void CutBackTo(long offset)
    {
        _offset = offset;
        try
        {
            _file!.Truncate(offset);
        }
        catch (Exception exception) when (SpoolErrors.IsDisk(exception))
        {
            _isBroken = true;
        }
    }

    /// <summary>Waits for the disk. Once it has failed, nobody knows what of the file has arrived, so it is left.</summary>
    public void Flush()
    {
        try
        {
            _file?.Flush();
        }
        catch
        {
            _isBroken = true;
            throw;
        }
    }

    /// <summary>Somebody may delete the file while it is open, and what is written to it then goes nowhere.</summary>
    public void EnsureThere()
    {
        if (!File.Exists(_segment!.Path))
        {
            _isBroken = true;
            throw new FileNotFoundException($"{_segment.Path} was deleted while it was in use");
        }
    }

    /// <summary>Empties the newest segment, all of which is done, or begins an empty one; says which it is.</summary>
    public Segment Restart(long next)
    {
        if (_file is null || _isBroken || _segment!.IsDamaged || !File.Exists(_segment.Path))
        {
            return Rotate(next);
        }

        // In this order: whoever finds the file between the two sees that all in it is done.
        _file.Write(Header(_segment, next), 0);
        _file.Truncate(SegmentHeader.Size);
        _offset = SegmentHeader.Size;
        return _segment;
    }

    public void Dispose() => _file?.Dispose();

    private static byte[] Header(Segment segment, long next)
    {
        var bytes = new byte[SegmentHeader.Size];
        new SegmentHeader(SegmentHeader.CurrentVersion, segment.Marker, next).Write(bytes);
        return bytes;
    }
}
