namespace Nexus.Data.Recording;

/// <summary>What is kept of a call.</summary>
public sealed class RecordingOptions
{
    /// <summary>Whether the very bytes of bodies are kept beside their JSON, so that an export gives them back with white
    /// space and the order of keys. Takes about as much room again. Where something was masked, the masked bytes are
    /// kept.</summary>
    public bool KeepOriginalBody { get; set; }
}
