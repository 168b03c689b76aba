namespace Nexus.Data.Conversations.Hashing;

/// <summary>
/// Values in the one form that the link hash counts: members sorted by the UTF-8 of their names, the last of equal
/// ones, none named <c>cache_control</c>; text without reminders, well formed; numbers as JavaScript spells them. What
/// has a length is written with it: <c>s</c> length text, <c>n</c> length digits, <c>k</c> length name then its value,
/// <c>{…}</c>, <c>[…]</c>, and <c>t</c>, <c>f</c>, <c>z</c> for true, false and null. Lengths are 32 bits,
/// little-endian.
/// </summary>
internal sealed class CanonicalJson(JsonTape tape) : JsonWriter(tape, wellFormed: true)
{
    protected override void WriteScalar(int token, PooledBuffer output)
    {
        switch (Tape.Kind(token))
        {
            case JsonKind.String:
                output.Append((byte)'s');
                WriteText(token, output);
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

    private void WriteText(int token, PooledBuffer output)
    {
        var text = Text(token, out var traits);
        var start = output.BeginCounted();
        output.Append(text);
        if ((traits & TextTraits.Reminder) != 0)
        {
            output.Truncate(start + JavaScriptText.StripReminders(output.Content[start..]));
        }

        output.EndCounted(start);
    }
}
