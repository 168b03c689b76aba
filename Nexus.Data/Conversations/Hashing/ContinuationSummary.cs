using System.Text;

namespace Nexus.Data.Conversations.Hashing;

/// <summary>The summary that a client begins with where a conversation ran out of context.</summary>
/// <param name="Key">16 bytes, equal to a key of the answer that the summary came from.</param>
/// <param name="Text">The summary as <see cref="SummaryText.Normalize"/> leaves it, 40 to 2,000 characters.</param>
public sealed record ContinuationSummary(byte[] Key, string Text)
{
    private static ReadOnlySpan<byte> Sentence =>
        "This session is being continued from a previous conversation that ran out of context"u8;

    /// <summary>Reads the summary out of a text block of the first message; null where it has none.</summary>
    internal static ContinuationSummary? Find(ReadOnlySpan<byte> block)
    {
        var sentence = block.IndexOf(Sentence);
        if (sentence < 0)
        {
            return null;
        }

        var text = Encoding.UTF8.GetString(block[(sentence + Sentence.Length)..]);
        if (After(text, "The conversation is summarized below:") is not { } summary
            && (summary = After(text, "Summary:")) is null)
        {
            return null;
        }

        var normalized = SummaryText.Normalize(Before(summary,
            "Please continue the conversation",
            "If you need specific details from before compaction",
            "Continue the conversation from where it left off"));
        return SummaryText.Key(normalized) is { } key
            ? new ContinuationSummary(key, normalized[..Math.Min(normalized.Length, SummaryText.MaxLength)])
            : null;
    }

    private static string? After(string text, string marker)
    {
        var start = text.IndexOf(marker, StringComparison.Ordinal);
        return start < 0 ? null : text[(start + marker.Length)..];
    }

    private static string Before(string text, params ReadOnlySpan<string> endings)
    {
        var length = text.Length;
        foreach (var ending in endings)
        {
            var start = text.IndexOf(ending, StringComparison.Ordinal);
            length = start < 0 ? length : Math.Min(length, start);
        }

        return text[..length];
    }
}
