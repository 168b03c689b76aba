namespace Nexus.Data.Recording.Spooling;

/// <summary>What is known of a segment's file.</summary>
internal sealed class Segment(string path, ulong marker, long first)
{
    public string Path { get; } = path;

    public ulong Marker { get; } = marker;

    /// <summary>Nothing in it is lower.</summary>
    public long First { get; set; } = first;

    /// <summary>Of its last entry; lower than <see cref="First"/> where there is none.</summary>
    public long Last { get; set; } = first - 1;

    /// <summary>The bytes up to the end of its last entry.</summary>
    public long Length { get; set; } = SegmentHeader.Size;

    /// <summary>Grows when the file is emptied, so that whoever reads it knows that its place is none any more.</summary>
    public int Generation { get; set; }

    /// <summary>There is something in it that nobody can read, so it is put aside and not deleted.</summary>
    public bool IsDamaged { get; set; }

    public bool IsEmpty => Last < First;
}
