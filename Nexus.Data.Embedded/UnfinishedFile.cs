namespace Nexus.Data.Embedded;

/// <summary>A file that only its owner can read, under another name until it is whole. Who writes it holds it: what a process that was
/// killed has left is held by nobody, and is written anew.</summary>
internal sealed class UnfinishedFile : IDisposable
{
    /// <summary>What the other name ends with.</summary>
    public const string Suffix = ".partial";

    private readonly string _file;
    private bool _isCommitted;

    private UnfinishedFile(string file, FileStream stream)
    {
        _file = file;
        Stream = stream;
    }

    /// <summary>The file, as long as it is held.</summary>
    public FileStream Stream { get; }

    /// <summary>Its name until then.</summary>
    public string Path => _file + Suffix;

    /// <summary>Makes it.</summary>
    /// <param name="file">What it will be called.</param>
    /// <exception cref="IOException">A file of that name is there, or somebody is writing one.</exception>
    public static UnfinishedFile Claim(string file)
    {
        EnsureFree(file);
        var path = file + Suffix;
        if (File.Exists(path))
        {
            EnsureLeft(path);
            File.Delete(path);
        }

        return new(file, new(path, OnlyForOwner()));
    }

    /// <summary>Refuses a name that is taken.</summary>
    /// <param name="file">The name.</param>
    /// <exception cref="IOException">It is taken.</exception>
    public static void EnsureFree(string file)
    {
        if (File.Exists(file))
        {
            throw new IOException($"{file} is there already: name another file for the backup.");
        }
    }

    /// <summary>Gives it its name, when it is on the disk.</summary>
    public void Commit()
    {
        Stream.Flush(flushToDisk: true);
        File.Move(Path, _file);
        _isCommitted = true;
        Stream.Dispose();
    }

    /// <summary>Removes it, unless it has its name.</summary>
    public void Dispose()
    {
        if (_isCommitted)
        {
            return;
        }

        try
        {
            Stream.Dispose();
        }
        catch (Exception exception) when (exception is IOException or ArgumentOutOfRangeException)
        {
            // What could not be written before cannot be now, and goes.
        }
        finally
        {
            File.Delete(Path);
        }
    }

    private static void EnsureLeft(string path)
    {
        try
        {
            using var left = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException exception)
        {
            throw new IOException($"{path} is being written by another backup: wait for that one, or name another file.", exception);
        }
    }

    private static FileStreamOptions OnlyForOwner()
    {
        // There, pg_dump could not write what is held.
        if (OperatingSystem.IsWindows())
        {
            return new() { Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, Share = FileShare.ReadWrite | FileShare.Delete };
        }

        return new()
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Share = FileShare.None,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };
    }
}
