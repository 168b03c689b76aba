namespace Nexus.Data.Embedded;

/// <summary>
/// No server of our own can be had: no binaries, a folder that cannot be used, a server that does not start. The
/// message says in one sentence what to do, and ends with the server's own last lines where it has left any.
/// </summary>
public sealed class PostgresUnavailableException : Exception
{
    /// <inheritdoc/>
    public PostgresUnavailableException()
    {
    }

    /// <inheritdoc/>
    public PostgresUnavailableException(string message)
        : base(message)
    {
    }

    /// <inheritdoc/>
    public PostgresUnavailableException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
