namespace Nexus.Data.Masking;

/// <summary>What is done about a secret.</summary>
public enum MaskingAction
{
    /// <summary>It is not looked for.</summary>
    Off,

    /// <summary>It is replaced, and what stands around it stays.</summary>
    Mask,

    /// <summary>The whole JSON string, or the whole text, in which it stands is replaced.</summary>
    Drop,
}
