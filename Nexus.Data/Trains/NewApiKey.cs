namespace Nexus.Data.Trains;

/// <summary>A key that was just made: the one time that it can be seen. Not a record: it holds a secret.</summary>
public sealed class NewApiKey
{
    /// <summary>The key. A secret; nobody can read it again.</summary>
    public required string Key { get; init; }

    /// <summary>What is kept of it.</summary>
    public required ApiKeyInfo Info { get; init; }

    /// <inheritdoc />
    public override string ToString() => $"API key {Info.Preview}";
}
