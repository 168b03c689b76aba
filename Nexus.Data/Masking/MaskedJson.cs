namespace Nexus.Data.Masking;

/// <summary>A JSON text without the secrets that were found in it.</summary>
/// <param name="Json">The very memory that came where nothing was found.</param>
/// <param name="IsChanged">Whether anything was replaced.</param>
public sealed record MaskedJson(ReadOnlyMemory<byte> Json, bool IsChanged);
