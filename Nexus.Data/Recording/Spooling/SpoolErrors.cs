namespace Nexus.Data.Recording.Spooling;

/// <summary>What the operating system refuses, in words for whoever has to do something about it.</summary>
internal static class SpoolErrors
{
    public static bool IsDisk(Exception exception) => exception is IOException or UnauthorizedAccessException;

    public static NexusDataException Unavailable(string folder, Exception exception)
        => new(
            NexusDataErrorKind.Unavailable,
            $"The spool in {folder} cannot be used: {exception.Message.TrimEnd('.')}. See that the folder is there, that "
            + "this user may write to it, and that its disk has space and no errors.",
            exception);
}
