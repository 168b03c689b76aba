namespace Nexus.Data.Embedded;

/// <summary>A file that one process at a time has open. The system takes it back from a process that dies.</summary>
internal static class LockFile
{
    public static async Task<FileStream> TakeAsync(string path, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (File.Exists(path))
            {
                await Task.Delay(100, cancellationToken);
            }
        }
    }
}
