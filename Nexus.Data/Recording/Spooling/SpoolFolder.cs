using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Nexus.Data.Recording.Spooling;

/// <summary>The folder of a spool, held by this process as long as the object lives.</summary>
internal sealed class SpoolFolder : IDisposable
{
    private const string LockName = "lock";
    private const string Extension = ".spool";
    private const int Digits = 16;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly FileStream _lock;

    private SpoolFolder(string path, FileStream @lock)
    {
        Path = path;
        _lock = @lock;
    }

    public string Path { get; }

    public string CheckpointPath => System.IO.Path.Combine(Path, "checkpoint");

    /// <summary>Makes the folder where there is none, and takes it for this process.</summary>
    /// <exception cref="NexusDataException">Another process has it, others may write to it, or it cannot be had.</exception>
    public static SpoolFolder Take(string path)
    {
        path = System.IO.Path.GetFullPath(path);
        try
        {
            if (OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(path);
            }
            else
            {
                Directory.CreateDirectory(path, OwnerOnly | UnixFileMode.UserExecute);
                if ((File.GetUnixFileMode(path) & (UnixFileMode.GroupWrite | UnixFileMode.OtherWrite)) != 0)
                {
                    throw new NexusDataException(
                        NexusDataErrorKind.Validation,
                        $"Others may write to the spool's folder {path}: take that from them (chmod go-w), or name another "
                        + "folder.");
                }
            }

            return new(path, TakeLock(System.IO.Path.Combine(path, LockName)));
        }
        catch (Exception exception) when (SpoolErrors.IsDisk(exception))
        {
            throw SpoolErrors.Unavailable(path, exception);
        }
    }

    /// <summary>A file for reading and writing that only its owner may open, even before anything is in it.</summary>
    public static FileStream OpenPrivate(string path, FileMode mode, FileShare share)
    {
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.ReadWrite, Share = share, BufferSize = 0 };
        if (!OperatingSystem.IsWindows() && mode != FileMode.Open)
        {
            options.UnixCreateMode = OwnerOnly;
        }

        return new(path, options);
    }

    /// <summary>The segments by their numbers. Other files are nobody's business.</summary>
    public SortedList<long, string> Segments()
    {
        var segments = new SortedList<long, string>();
        foreach (var path in Directory.EnumerateFiles(Path, "*" + Extension))
        {
            var name = System.IO.Path.GetFileNameWithoutExtension(path);
            if (name.Length == Digits
                && long.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            {
                segments.Add(number, path);
            }
        }

        return segments;
    }

    public string SegmentPath(long number)
        => System.IO.Path.Combine(Path, number.ToString("D" + Digits, CultureInfo.InvariantCulture) + Extension);

    /// <summary>False where the folder was deleted: what is put into another of its name, others may take too.</summary>
    public bool IsThere() => File.Exists(_lock.Name);

    /// <summary>Gives a damaged segment a name that no spool reads.</summary>
    public static string PutAside(string path)
    {
        var aside = path + ".damaged";
        for (var number = 2; File.Exists(aside); number++)
        {
            aside = $"{path}.{number}.damaged";
        }

        File.Move(path, aside);
        return aside;
    }

    /// <summary>Has the disk know of the files that were made.</summary>
    public void Flush()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        using var handle = new SafeFileHandle(OpenFolder(Encoding.UTF8.GetBytes(Path + '\0'), 0), ownsHandle: true);
        if (handle.IsInvalid)
        {
            throw new IOException($"The folder cannot be opened (error {Marshal.GetLastPInvokeError()}).");
        }

        RandomAccess.FlushToDisk(handle);
    }

    public void Dispose() => _lock.Dispose();

    private static FileStream TakeLock(string path)
    {
        try
        {
            return OpenPrivate(path, FileMode.OpenOrCreate, FileShare.None);
        }
        // EWOULDBLOCK of Linux, the one of macOS, and Windows' sharing violation.
        catch (IOException exception) when ((exception.HResult & 0xFFFF) is 11 or 35 or 32)
        {
            throw new NexusDataException(
                NexusDataErrorKind.Unavailable,
                $"Another process has the spool in {System.IO.Path.GetDirectoryName(path)}: end it, or give each process "
                + "a folder of its own.",
                exception);
        }
    }

    // .NET opens no folder.
    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    private static extern nint OpenFolder(byte[] path, int flags);
}
