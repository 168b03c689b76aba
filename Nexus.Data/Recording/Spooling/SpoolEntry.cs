namespace Nexus.Data.Recording.Spooling;

/// <summary>What was appended, as the reader gets it. A class and no record: nothing prints its payload by accident.</summary>
/// <param name="sequence">Its number, which grows for ever; by it the entry is completed.</param>
/// <param name="kind">What the caller gave.</param>
/// <param name="appendedAt">When it was appended.</param>
/// <param name="payload">Its bytes, which nobody else uses.</param>
/// <param name="attachment">What was attached to it; null where the entry comes from the disk.</param>
internal sealed class SpoolEntry(
    long sequence, byte kind, DateTimeOffset appendedAt, ReadOnlyMemory<byte> payload, object? attachment = null)
{
    public long Sequence { get; } = sequence;

    public byte Kind { get; } = kind;

    public DateTimeOffset AppendedAt { get; } = appendedAt;

    public ReadOnlyMemory<byte> Payload { get; } = payload;

    public object? Attachment { get; } = attachment;
}
