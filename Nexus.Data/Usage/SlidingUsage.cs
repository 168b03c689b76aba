namespace Nexus.Data.Usage;

/// <summary>Output tokens of the window that ends with a piece of time.</summary>
/// <param name="From">The beginning of the piece, in UTC.</param>
/// <param name="Until">Its end, and the window's; the last one of an answer may lie in the future.</param>
/// <param name="OutputTokens">Output tokens of the window. A request at the beginning counts, one at the end does not.</param>
/// <param name="Warnings">Answers of the window whose headers said that the provider's limit is near.</param>
public readonly record struct SlidingUsage(DateTimeOffset From, DateTimeOffset Until, long OutputTokens, long Warnings);
