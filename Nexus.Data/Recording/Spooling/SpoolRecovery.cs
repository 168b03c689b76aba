using Microsoft.Extensions.Logging;

namespace Nexus.Data.Recording.Spooling;

/// <summary>What a spool's folder holds when it is opened.</summary>
internal sealed class SpoolRecovery
{
    private readonly SpoolFolder _folder;
    private readonly ILogger _logger;
    private readonly long _doneBefore;
    private readonly List<(long Start, long End)> _gaps = [];
    private long _oldest;
    private long _newest;
    private long _last;

    /// <param name="folder">The folder, which is ours.</param>
    /// <param name="doneBefore">What is lower is done, as far as was noted.</param>
    /// <param name="logger">Told of damage.</param>
    public SpoolRecovery(SpoolFolder folder, long doneBefore, ILogger logger)
    {
        (_folder, _doneBefore, _logger) = (folder, doneBefore, logger);
        Next = doneBefore;
        Done = new(doneBefore);
    }

    /// <summary>In their order, those without an entry too.</summary>
    public List<Segment> Segments { get; } = [];

    public SpoolAges Ages { get; } = new();

    /// <summary>Entries that are not done.</summary>
    public long Count { get; private set; }

    /// <summary>Places that nobody can read.</summary>
    public int Damages { get; private set; }

    /// <summary>The highest number of a file.</summary>
    public long LastNumber { get; private set; }

    /// <summary>The sequence of the next entry to be appended.</summary>
    public long Next { get; private set; }

    /// <summary>What is done, and what is lost.</summary>
    public SequenceSet Done { get; private set; }

    public void Run(CancellationToken cancellationToken)
    {
        var files = _folder.Segments();
        foreach (var (number, path) in files)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Segments.Add(Read(path, isNewest: number == files.Keys[^1]));
            LastNumber = number;
        }

        Done = new(Count > 0 ? _oldest : Next);
        foreach (var (start, end) in _gaps)
        {
            Done.AddRange(start, end);
        }

        Done.AddRange(_newest + 1, Next);
    }

    private Segment Read(string path, bool isNewest)
    {
        using var reader = new SegmentReader(path);
        var length = reader.Length;
        var isHeaderWhole = SegmentHeader.TryRead(reader.Peek(0, SegmentHeader.Size, length), out var header);
        if (isHeaderWhole && header.Version != SegmentHeader.CurrentVersion)
        {
            throw new NexusDataException(
                NexusDataErrorKind.Conflict,
                $"{path} has version {header.Version} of the spool's format, and this program knows "
                + $"{SegmentHeader.CurrentVersion}: let the newer program that wrote it store what is in it first.");
        }

        Next = Math.Max(Next, header.First);
        var marker = isHeaderWhole ? header.Marker : FindMarker(reader, length);
        var segment = new Segment(path, marker, header.First) { Length = length };
        if (!isHeaderWhole && length > 0 && (length >= SegmentHeader.Size || !isNewest))
        {
            ReportDamage(segment, 0, Math.Min(length, SegmentHeader.Size));
        }

        var isFirst = true;
        for (var offset = (long)SegmentHeader.Size; offset < length;)
        {
            if (reader.IsIntact(offset, length, marker, out var entry) && entry.Sequence > _last)
            {
                Add(segment, entry, header.First, isFirst);
                isFirst = false;
                offset += entry.EntrySize;
                continue;
            }

            var next = reader.FindNext(offset + 1, length, marker);
            if (next == length && isNewest && IsTorn(reader, offset, length, marker))
            {
                Cut(segment, offset);
                break;
            }

            // What is damaged and done needs no words.
            if (next == length || (reader.TryReadHeader(next, length, marker, out entry) && entry.Sequence > _doneBefore))
            {
                ReportDamage(segment, offset, next - offset);
            }

            offset = next;
        }

        return segment;
    }

    private void Add(Segment segment, EntryHeader entry, long headerFirst, bool isFirst)
    {
        if (isFirst)
        {
            segment.First = entry.Sequence;
        }

        segment.Last = entry.Sequence;
        _last = entry.Sequence;
        Next = Math.Max(Next, entry.Sequence + 1);
        if (entry.Sequence < _doneBefore || entry.Sequence < headerFirst)
        {
            return;
        }

        if (Count++ == 0)
        {
            _oldest = entry.Sequence;
        }
        else if (entry.Sequence > _newest + 1)
        {
            _gaps.Add((_newest + 1, entry.Sequence));
        }

        _newest = entry.Sequence;
        Ages.Add(entry.Sequence, entry.Ticks);
    }

    // A write that was not finished leaves less than an entry. A whole one with a wrong checksum was changed later.
    private static bool IsTorn(SegmentReader reader, long offset, long length, ulong marker)
        => length - offset < EntryHeader.Size
            || (EntryHeader.TryRead(reader.Peek(offset, EntryHeader.Size, length), out var header)
                && header.Marker == marker && header.EntrySize > length - offset);

    private void Cut(Segment segment, long offset)
    {
        _logger.LogCut(segment.Path, segment.Length - offset);
        segment.Length = offset;
        using var file = SpoolFolder.OpenPrivate(segment.Path, FileMode.Open, FileShare.ReadWrite | FileShare.Delete);
        file.SetLength(offset);
    }

    // Without the file's header, the first entry that is whole tells.
    private static ulong FindMarker(SegmentReader reader, long length)
    {
        var offset = reader.FindNext(SegmentHeader.Size, length, marker: null);
        return reader.TryReadHeader(offset, length, marker: null, out var entry) ? entry.Marker : 0;
    }

    private void ReportDamage(Segment segment, long offset, long bytes)
    {
        Damages++;
        segment.IsDamaged = true;
        _logger.LogDamage(segment.Path, offset, bytes);
    }
}
