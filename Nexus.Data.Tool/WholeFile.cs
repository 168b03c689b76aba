namespace Nexus.Data.Tool;

/// <summary>A file that is there as a whole or not at all: written beside its place under another name, for its owner alone,
/// and renamed at the end.</summary>
internal sealed class WholeFile : IAsyncDisposable
{
    private readonly string _path;
    private readonly string _temporary;

    private WholeFile(string path, string temporary, FileStream stream)
    {
        (_path, _temporary, Stream) = (path, temporary, stream);
    }

    public FileStream Stream { get; }

    /// <summary>Begins a file. One that is there stays until <see cref="CommitAsync"/>.</summary>
    public static WholeFile Create(string path)
    {
        var temporary = $"{path}.{Guid.NewGuid():N}.part";
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return new(path, temporary, new FileStream(temporary, options));
    }

    /// <summary>Puts the file into its place once it is on the disk.</summary>
    public async Task CommitAsync()
    {
        Stream.Flush(flushToDisk: true);
        await Stream.DisposeAsync();
        File.Move(_temporary, _path, overwrite: true);
    }

    public async ValueTask DisposeAsync()
    {
        await Stream.DisposeAsync();
        File.Delete(_temporary);
    }
}
