namespace Nexus.Data.Usage;

/// <summary>Tokens of four kinds, which never count for each other: cache reads are most of all tokens, and cost least.</summary>
/// <param name="Input">Tokens read, without the cache's.</param>
/// <param name="Output">Tokens written.</param>
/// <param name="CacheCreation">Tokens put into the cache.</param>
/// <param name="CacheRead">Tokens from the cache.</param>
public readonly record struct TokenCounts(long Input, long Output, long CacheCreation, long CacheRead)
{
    /// <summary>All four.</summary>
    public long Total => Input + Output + CacheCreation + CacheRead;

    /// <summary>Input and output.</summary>
    public long WithoutCache => Input + Output;

    /// <summary>The sum, kind by kind.</summary>
    public static TokenCounts operator +(TokenCounts left, TokenCounts right) => left.Add(right);

    /// <summary>The sum, kind by kind.</summary>
    /// <param name="other">What comes on top.</param>
    public TokenCounts Add(TokenCounts other) => new(
        Input + other.Input, Output + other.Output, CacheCreation + other.CacheCreation, CacheRead + other.CacheRead);
}
