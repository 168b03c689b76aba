using Nexus.Data.Conversations.Hashing;

namespace Nexus.Data.Recording.Answers;

/// <summary>The four kinds of tokens that a provider tells, and the usage object as it is spelled.</summary>
internal readonly record struct TokenUsage(int? Input, int? Output, int? CacheCreation, int? CacheRead, byte[]? Json)
{
    /// <summary>Reads the usage of an answer or of an event; the answer to a count of tokens has it without an object
    /// around.</summary>
    public static TokenUsage Of(JsonMembers answer)
    {
        var usage = answer["usage"];
        if (usage.Kind != JsonKind.Object)
        {
            return new TokenUsage(answer["input_tokens"].Integer(), null, null, null, null);
        }

        var counts = usage.Members();
        return new TokenUsage(
            counts["input_tokens"].Integer() ?? counts["prompt_tokens"].Integer(),
            counts["output_tokens"].Integer() ?? counts["completion_tokens"].Integer(),
            counts["cache_creation_input_tokens"].Integer() ?? SumOf(counts["cache_creation"].Members()),
            counts["cache_read_input_tokens"].Integer(),
            usage.Bytes.ToArray());
    }

    private static int? SumOf(JsonMembers lifetimes) =>
        (lifetimes["ephemeral_5m_input_tokens"].Integer(), lifetimes["ephemeral_1h_input_tokens"].Integer()) switch
        {
            (null, null) => null,
            var (five, sixty) => (int)Math.Clamp((five ?? 0L) + (sixty ?? 0L), int.MinValue, int.MaxValue),
        };
}
