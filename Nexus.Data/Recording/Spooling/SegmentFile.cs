namespace Nexus.Data.Recording.Spooling;

/// <summary>The file that is written to. An interface, because no test can make a disk fail otherwise.</summary>
internal interface ISegmentFile : IDisposable
{
    void Write(ReadOnlySpan<byte> bytes, long offset);

    void Truncate(long length);

    void Flush();
}

/// <summary>A file of the operating system, which nobody but its owner may read, from its first byte.</summary>
internal sealed class SegmentFile : ISegmentFile
{
    private readonly FileStream _file;

    private SegmentFile(FileStream file) => _file = file;

    public static ISegmentFile Create(string path)
        => new SegmentFile(SpoolFolder.OpenPrivate(path, FileMode.CreateNew, FileShare.ReadWrite | FileShare.Delete));

    public void Write(ReadOnlySpan<byte> bytes, long offset) => RandomAccess.Write(_file.SafeFileHandle, bytes, offset);

    public void Truncate(long length) => RandomAccess.SetLength(_file.SafeFileHandle, length);

    public void Flush() => RandomAccess.FlushToDisk(_file.SafeFileHandle);

    public void Dispose() => _file.Dispose();
}
