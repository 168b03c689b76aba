namespace Nexus.Data.Seeding.Traffic;

/// <summary>A session's system prompt: a part that stays and parts that differ in each request.</summary>
internal sealed record SystemPrompt(byte[] Text, bool HasNonce, bool HasGitStatus, bool IsBlocks)
{
    /// <summary>The prompt by which a summary is known as one.</summary>
    public static readonly SystemPrompt Summarizer = new(
        [.. "You are a helpful AI assistant tasked with summarizing conversations."u8], false, false, false);

    /// <summary>The prompt of the client's helper that names a conversation.</summary>
    public static readonly SystemPrompt Helper = new(
        [.. "Analyze if this message indicates a new conversation topic. Answer with a short title."u8],
        false, false, false);

    /// <summary>Appends the value of the member <c>system</c>.</summary>
    public void AppendTo(ByteBuffer body, TrafficRandom random, DateTimeOffset now)
    {
        body.Append(IsBlocks || HasNonce ? "["u8 : "\""u8);
        if (HasNonce)
        {
            body.Append("""{"type":"text","text":"x-anthropic-billing-header: cc_version=2.1.0; cch="""u8);
            body.Append(random.Between(100_000_000, 999_999_999)).Append("""; cc_entrypoint=cli"},"""u8);
        }

        if (IsBlocks || HasNonce)
        {
            body.Append("{\"type\":\"text\",\"text\":\""u8);
        }

        body.Append(Text);
        if (HasGitStatus)
        {
            Span<byte> date = stackalloc byte[16];
            now.UtcDateTime.TryFormat(
                date, out var length, "yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture);
            body.Append("""\n\nToday's date: """u8).Append(date[..length]);
            body.Append("""\n\ngitStatus: as of the start\n M parser-"""u8).Append(random.Below(1000));
            body.Append(""".cs\n?? notes-"""u8).Append(random.Below(1000)).Append(".md"u8);
        }

        body.Append(IsBlocks || HasNonce ? "\",\"cache_control\":{\"type\":\"ephemeral\"}}]"u8 : "\""u8);
    }
}
