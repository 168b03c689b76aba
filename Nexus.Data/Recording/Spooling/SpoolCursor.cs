namespace Nexus.Data.Recording.Spooling;

/// <summary>Which entry is sought, and where.</summary>
/// <param name="Sequence">The entry's.</param>
/// <param name="Segment">The one it is in.</param>
/// <param name="Generation">The segment's, when this was asked for.</param>
/// <param name="Limit">Where the segment's last entry ended then.</param>
/// <param name="Last">The sequence of that entry.</param>
internal readonly record struct SpoolPlace(long Sequence, Segment Segment, int Generation, long Limit, long Last);

/// <summary>The place on the disk that reading has come to. One thread at a time.</summary>
internal sealed class SpoolCursor : IDisposable
{
    private Segment? _segment;
    private int _generation;
    private long _offset;
    private SegmentReader? _reader;

    /// <summary>Goes to a place that is known, without a look at it.</summary>
    public void MoveTo(Segment segment, int generation, long offset)
    {
        if (segment != _segment)
        {
            _reader?.Dispose();
            _reader = null;
        }
        else if (generation != _generation)
        {
            _reader?.Forget();
        }

        (_segment, _generation, _offset) = (segment, generation, offset);
    }

    /// <summary>
    /// Reads the entry. Where it cannot be read, gives back null and the sequence of the next that can, or what follows the
    /// segment's last.
    /// </summary>
    public SpoolEntry? Read(SpoolPlace place, out long next)
    {
        if (place.Segment != _segment || place.Generation != _generation)
        {
            MoveTo(place.Segment, place.Generation, SegmentHeader.Size);
        }

        var marker = place.Segment.Marker;
        _reader ??= new(place.Segment.Path);
        while (_offset < place.Limit)
        {
            if (!_reader.TryReadHeader(_offset, place.Limit, marker, out var header))
            {
                _offset = _reader.FindNext(_offset + 1, place.Limit, marker);
                continue;
            }

            // What was done before it was read is passed over.
            if (header.Sequence < place.Sequence)
            {
                _offset += header.EntrySize;
                continue;
            }

            next = header.Sequence;
            if (header.Sequence > place.Sequence)
            {
                return null;
            }

            if (_reader.ReadPayload(_offset, header, place.Limit) is { } payload)
            {
                _offset += header.EntrySize;
                return new(header.Sequence, header.Kind, header.Time, payload);
            }

            _offset = _reader.FindNext(_offset + 1, place.Limit, marker);
        }

        next = place.Last + 1;
        return null;
    }

    public void Dispose() => _reader?.Dispose();
}
