namespace Nexus.Data.Persistence;

/// <summary>
/// A connection string that cannot be read. The message names the part that is wrong in one sentence, and quotes
/// nothing that could be a password or a piece of one; nor does an inner exception.
/// </summary>
public sealed class InvalidConnectionStringException : FormatException
{
    /// <inheritdoc/>
    public InvalidConnectionStringException()
    {
    }

    /// <inheritdoc/>
    public InvalidConnectionStringException(string message)
        : base(message)
    {
    }

    /// <inheritdoc/>
    public InvalidConnectionStringException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
