namespace Nexus.Data;

/// <summary>What kind of promise could not be kept.</summary>
public enum NexusDataErrorKind
{
    /// <summary>What was named does not exist.</summary>
    NotFound,

    /// <summary>It contradicts what is stored.</summary>
    Conflict,

    /// <summary>The input is wrong; the message says where.</summary>
    Validation,

    /// <summary>The caller may not do it.</summary>
    Forbidden,

    /// <summary>The database, or something else that is needed, cannot be had now.</summary>
    Unavailable,
}

/// <summary>A promise of Nexus.Data that could not be kept. Its message names the entity and the key, never a secret.</summary>
public sealed class NexusDataException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="kind">What kind of promise could not be kept.</param>
    /// <param name="message">One sentence that names the thing and the remedy.</param>
    /// <param name="innerException">The cause; null where there is none.</param>
    public NexusDataException(NexusDataErrorKind kind, string message, Exception? innerException = null)
        : base(message, innerException)
        => Kind = kind;

    /// <summary>What kind of promise could not be kept.</summary>
    public NexusDataErrorKind Kind { get; }
}
