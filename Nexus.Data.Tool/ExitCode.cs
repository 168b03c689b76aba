namespace Nexus.Data.Tool;

/// <summary>What the tool tells the shell.</summary>
internal static class ExitCode
{
    public const int Done = 0;

    /// <summary>A check failed, or something that was named is not there.</summary>
    public const int CheckFailed = 1;

    public const int WrongUsage = 2;

    /// <summary>Refused, or not confirmed.</summary>
    public const int Refused = 3;

    /// <summary>No connection, or no PostgreSQL.</summary>
    public const int NoConnection = 4;

    /// <summary>An error that nobody foresaw.</summary>
    public const int Unexpected = 70;

    /// <summary>Ctrl-C.</summary>
    public const int Interrupted = 130;
}
