namespace Nexus.Data.Trains;

/// <summary>What is said of trains in more than one place.</summary>
internal static class TrainErrors
{
    public static NexusDataException NotFound(string trainId)
        => new(NexusDataErrorKind.NotFound, $"There is no train '{trainId}'.");
}
