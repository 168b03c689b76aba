using Microsoft.Extensions.Logging;

namespace Nexus.Data.Recording.Spooling;

internal static partial class SpoolLog
{
    [LoggerMessage(1, LogLevel.Information, "The spool in {Folder} holds {Count} entries from before.")]
    public static partial void LogFound(this ILogger logger, string folder, long count);

    [LoggerMessage(2, LogLevel.Information, "Cut {Bytes} bytes off {Path}: an entry that was never acknowledged.")]
    public static partial void LogCut(this ILogger logger, string path, long bytes);

    [LoggerMessage(3, LogLevel.Error, "{Bytes} bytes at {Offset} in {Path} are damaged. The entries around them are read, and the file will be put aside.")]
    public static partial void LogDamage(this ILogger logger, string path, long offset, long bytes);

    [LoggerMessage(4, LogLevel.Error, "The entries {First} to {Last} in {Path} are damaged. The others are read, and the file will be put aside.")]
    public static partial void LogLost(this ILogger logger, string path, long first, long last);

    [LoggerMessage(5, LogLevel.Warning, "All readable entries of {Path} are done. It is kept as {Aside}, for it was damaged.")]
    public static partial void LogPutAside(this ILogger logger, string path, string aside);

    [LoggerMessage(6, LogLevel.Warning, "{Path} is done and could not be removed.")]
    public static partial void LogNotRemoved(this ILogger logger, Exception exception, string path);

    [LoggerMessage(7, LogLevel.Warning, "The spool in {Folder} is done and could not be emptied.")]
    public static partial void LogNotEmptied(this ILogger logger, Exception exception, string folder);

    [LoggerMessage(8, LogLevel.Warning, "How far the spool in {Folder} is done could not be noted; after a restart some entries are read again.")]
    public static partial void LogNoCheckpoint(this ILogger logger, Exception exception, string folder);

    [LoggerMessage(9, LogLevel.Error, "The spool in {Folder} could not be written to.")]
    public static partial void LogNotWritten(this ILogger logger, Exception exception, string folder);
}
