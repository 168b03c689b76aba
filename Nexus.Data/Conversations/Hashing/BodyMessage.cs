namespace Nexus.Data.Conversations.Hashing;

/// <summary>A message of a body, with what linking compares of it.</summary>
/// <param name="Index">Its place in the body, from 0.</param>
/// <param name="Role">Whose it is; null where the body does not say it in a text.</param>
/// <param name="Json">The message.</param>
/// <param name="Digest">Equal for messages that say the same; null where nothing of it counts.</param>
internal sealed record BodyMessage(int Index, string? Role, ReadOnlyMemory<byte> Json, byte[]? Digest)
{
    /// <summary>Whether linking looks at messages of this role.</summary>
    public bool IsOfCountedRole => Role is "user" or "assistant";

    /// <summary>Whether linking counts it.</summary>
    public bool Counts => IsOfCountedRole && Digest is not null;

    /// <summary>Whether it holds nothing but what linking overlooks: reminders, thinking, blank text.</summary>
    public bool IsBlank => IsOfCountedRole && Digest is null;

    /// <summary>Whether both say the same.</summary>
    public bool Equates(BodyMessage other)
        => Role == other.Role && Digest.AsSpan().SequenceEqual(other.Digest) && Digest is null == other.Digest is null;

    /// <summary>Its content as JSON, and its texts, each a paragraph; null where it has none.</summary>
    public (ReadOnlyMemory<byte>? Content, string? Text) Read()
    {
        using var tape = new JsonTape(Json.Span);
        using var form = new LinkForm(tape);
        ReadOnlyMemory<byte>? content = null;
        string? text = null;
        if (tape.TryTake((byte)'{') && !tape.TryTake((byte)'}'))
        {
            do
            {
                tape.LoadName();
                var isContent = tape.Is(0, "content"u8);
                var start = tape.Begin();
                tape.Load();
                if (isContent)
                {
                    var texts = AnswerHasher.TextsOf(tape, form, 0).Where(part => part.Length > 0).ToList();
                    (content, text) = (Json[start..tape.Position], texts.Count == 0 ? null : string.Join("\n\n", texts));
                }
            }
            while (tape.TryTake((byte)','));
        }

        return (content, text);
    }

    /// <summary>Its blocks in their normal form, as an answer that becomes a message is compared.</summary>
    public byte[] Blocks()
    {
        using var tape = new JsonTape(Json.Span);
        tape.Load();
        return BlocksOf(tape, new MessageFields(tape, 0).Content);
    }

    /// <summary>The blocks of an answer; none where it is no message.</summary>
    public static byte[] BlocksOf(ReadOnlySpan<byte> answer)
    {
        using var tape = new JsonTape(answer);
        return BlocksOf(tape, AnswerHasher.FindContent(tape));
    }

    private static byte[] BlocksOf(JsonTape tape, int content)
    {
        using var form = new LinkForm(tape);
        form.Write(isUser: false, content);
        return form.Alone.IsEmpty ? [] : form.Alone[LinkForm.HeaderLength..].ToArray();
    }
}
