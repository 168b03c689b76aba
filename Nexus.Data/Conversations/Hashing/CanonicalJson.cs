namespace Nexus.Data.Conversations.Hashing;

/// <summary>
/// Values in the one form that the link hash counts: members sorted by the UTF-8 of their names, the last of equal
/// ones, none named <c>cache_control</c>; text without reminders, well formed; numbers as JavaScript spells them. What
/// has a length is written with it: <c>s</c> length text, <c>n</c> length digits, <c>k</c> length name then its value,
/// <c>{…}</c>, <c>[…]</c>, and <c>t</c>, <c>f</c>, <c>z</c> for true, false and null. Lengths are 32 bits,
/// little-endian.
/// </summary>
internal sealed class CanonicalJson(JsonTape tape) : JsonWriter(tape), IDisposable
{
    private readonly PooledBuffer _scratch = new();

    public void Dispose() => _scratch.Dispose();

    protected override void WriteScalar(int token, PooledBuffer output)
    {
        switch (Tape.Kind(token))
        {
            case JsonKind.String:
                output.Append((byte)'s');
                output.AppendCounted(ReadText(token));
                break;
            case JsonKind.Number:
                output.Append((byte)'n');
                var start = output.BeginCounted();
                JavaScriptNumber.Append(Tape.Raw(token), output);
                output.EndCounted(start);
                break;
            case JsonKind.True:
                output.Append((byte)'t');
                break;
            case JsonKind.False:
                output.Append((byte)'f');
                break;
            default:
                output.Append((byte)'z');
                break;
        }
    }

    protected override void WriteName(int name, PooledBuffer output)
    {
        output.Append((byte)'k');
        output.AppendCounted(NameBytes(name));
    }

    protected override void WriteSeparator(PooledBuffer output)
    {
        // Every part says itself where it ends.
    }

    protected override byte[] Unescape(int name) => Tape.WellFormed(name, _scratch).ToArray();

    protected override void Arrange(List<int> names, int first)
    {
        var kept = first;
        for (var position = first; position < names.Count; position++)
        {
            if (!Tape.Is(names[position], "cache_control"u8))
            {
                names[kept++] = names[position];
            }
        }

        names.RemoveRange(kept, names.Count - kept);
        SortDistinct(names, first);
    }

    private ReadOnlySpan<byte> ReadText(int token)
    {
        var text = Tape.WellFormed(token, _scratch);
        if (!JavaScriptText.HasReminder(text))
        {
            return text;
        }

        var copy = text.ToArray();
        return copy.AsSpan(0, JavaScriptText.StripReminders(copy));
    }
}
