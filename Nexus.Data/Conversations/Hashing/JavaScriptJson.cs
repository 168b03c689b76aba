using System.Globalization;

namespace Nexus.Data.Conversations.Hashing;

/// <summary>Values as <c>JSON.stringify</c> prints what <c>JSON.parse</c> read, byte for byte.</summary>
internal sealed class JavaScriptJson(JsonTape tape) : JsonWriter(tape, wellFormed: false)
{
    // Up to here comparing each with each is quicker than a dictionary.
    private const int FewNames = 12;

    /// <summary>
    /// Appends what a template literal makes of a value: text as it is, an object as [object Object].
    /// </summary>
    public static void AppendText(JsonTape tape, int token, PooledBuffer output)
    {
        if (token == JsonTape.Missing)
        {
            output.Append("undefined"u8);
            return;
        }

        if (tape.Kind(token) != JsonKind.Array)
        {
            AppendSimple(tape, token, output);
            return;
        }

        // Arrays print their elements with commas between, null as nothing, at any depth alike.
        var (end, start, closing) = (tape.Next(token), true, new Stack<int>());
        closing.Push(end);
        for (var element = token + 1; ;)
        {
            while (closing.Count > 0 && closing.Peek() == element)
            {
                closing.Pop();
                start = false;
            }

            if (element == end)
            {
                return;
            }

            if (!start)
            {
                output.Append((byte)',');
            }

            start = tape.Kind(element) == JsonKind.Array;
            if (start)
            {
                closing.Push(tape.Next(element));
                element++;
                continue;
            }

            if (tape.Kind(element) != JsonKind.Null)
            {
                AppendSimple(tape, element, output);
            }

            element = tape.Next(element);
        }
    }

    /// <summary>Whether JavaScript takes the value for true.</summary>
    public static bool IsTruthy(JsonTape tape, int token) => token != JsonTape.Missing && tape.Kind(token) switch
    {
        JsonKind.Null or JsonKind.False => false,
        JsonKind.String => !tape.Raw(token).IsEmpty,
        JsonKind.Number => JavaScriptNumber.Parse(tape.Raw(token)) != 0,
        _ => true,
    };

    protected override void WriteScalar(int token, PooledBuffer output)
    {
        switch (Tape.Kind(token))
        {
            case JsonKind.String:
                WriteString(token, output);
                break;
            case JsonKind.Number:
                JavaScriptNumber.Append(Tape.Raw(token), output);
                break;
            default:
                AppendSimple(Tape, token, output);
                break;
        }
    }

    protected override void WriteName(int name, PooledBuffer output)
    {
        WriteString(name, output);
        output.Append((byte)':');
    }

    protected override void WriteSeparator(PooledBuffer output) => output.Append((byte)',');

    /// <summary>Names that are array indices first, by number; the others as they came; equal ones at the first's
    /// place with the last's value.</summary>
    protected override void Arrange(List<int> names, int first)
    {
        if (AreDistinctWords(names, first))
        {
            return;
        }

        var found = new Dictionary<string, int>();
        var values = new List<(uint Index, int Place, int Name)>();
        for (var position = first; position < names.Count; position++)
        {
            var bytes = NameBytes(names[position]);

            // One char for each byte: only equality matters, and lone surrogates must stay different.
            var key = string.Create(bytes.Length, bytes, static (chars, source) =>
            {
                for (var index = 0; index < chars.Length; index++)
                {
                    chars[index] = (char)source[index];
                }
            });
            if (found.TryGetValue(key, out var place))
            {
                values[place] = values[place] with { Name = names[position] };
            }
            else
            {
                found.Add(key, values.Count);
                values.Add((ArrayIndex(bytes), values.Count, names[position]));
            }
        }

        values.Sort();
        names.RemoveRange(first, names.Count - first);
        foreach (var value in values)
        {
            names.Add(value.Name);
        }
    }

    private static void AppendSimple(JsonTape tape, int token, PooledBuffer output)
    {
        switch (tape.Kind(token))
        {
            case JsonKind.Object:
                output.Append("[object Object]"u8);
                break;
            case JsonKind.String:
                AppendUtf8(tape, token, output);
                break;
            case JsonKind.Number:
                AppendNumber(tape.Raw(token), output);
                break;
            case JsonKind.True:
                output.Append("true"u8);
                break;
            case JsonKind.False:
                output.Append("false"u8);
                break;
            default:
                output.Append("null"u8);
                break;
        }
    }

    // Outside JSON an overflow prints its name.
    private static void AppendNumber(ReadOnlySpan<byte> json, PooledBuffer output)
    {
        var value = JavaScriptNumber.Parse(json);
        if (double.IsFinite(value))
        {
            JavaScriptNumber.Append(json, output);
        }
        else
        {
            output.Append(value > 0 ? "Infinity"u8 : "-Infinity"u8);
        }
    }

    private static void AppendUtf8(JsonTape tape, int token, PooledBuffer output)
    {
        var text = tape.Text(token, out var traits);
        var start = output.Length;
        output.Append(text);
        if ((traits & TextTraits.Lone) != 0)
        {
            output.Truncate(start + JsonText.Join(output.Content[start..]));
        }
    }

    // The largest index is one less than the largest number, which so stands for no index.
    private static uint ArrayIndex(ReadOnlySpan<byte> name) =>
        name is [>= (byte)'1' and <= (byte)'9', ..] or [(byte)'0']
            && uint.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var index)
            ? index
            : uint.MaxValue;

    private bool AreDistinctWords(List<int> names, int first)
    {
        if (names.Count - first > FewNames)
        {
            return false;
        }

        for (var position = first; position < names.Count; position++)
        {
            var name = NameBytes(names[position]);
            if (name is [>= (byte)'0' and <= (byte)'9', ..])
            {
                return false;
            }

            for (var other = first; other < position; other++)
            {
                if (NameBytes(names[other]).SequenceEqual(name))
                {
                    return false;
                }
            }
        }

        return true;
    }

    private void WriteString(int token, PooledBuffer output)
    {
        output.Append((byte)'"');
        var raw = Tape.Raw(token);
        if (IsSpelledAlike(token))
        {
            output.Append(raw);
        }
        else
        {
            WriteEscaped(raw, output);
        }

        output.Append((byte)'"');
    }

    private bool IsSpelledAlike(int token)
    {
        if (!Tape.IsEscaped(token))
        {
            return true;
        }

        _ = Tape.Text(token, out var traits);
        return (traits & TextTraits.Respelled) == 0;
    }

    // From escapes to escapes: those that JavaScript would write stay, the others become what they stand for.
    private static void WriteEscaped(ReadOnlySpan<byte> raw, PooledBuffer output)
    {
        while (true)
        {
            var escape = raw.IndexOf((byte)'\\');
            if (escape < 0)
            {
                output.Append(raw);
                return;
            }

            output.Append(raw[..escape]);
            raw = raw[escape..];
            switch (raw[1])
            {
                case (byte)'/':
                    output.Append((byte)'/');
                    raw = raw[2..];
                    break;
                case (byte)'u':
                    WriteCodePoint(JsonText.CodePoint(raw, out var read), output);
                    raw = raw[read..];
                    break;
                default:
                    output.Append(raw[..2]);
                    raw = raw[2..];
                    break;
            }
        }
    }

    private static void WriteCodePoint(int code, PooledBuffer output)
    {
        switch (code)
        {
            case '"':
                output.Append("\\\""u8);
                break;
            case '\\':
                output.Append(@"\\"u8);
                break;
            case '\b':
                output.Append(@"\b"u8);
                break;
            case '\f':
                output.Append(@"\f"u8);
                break;
            case '\n':
                output.Append(@"\n"u8);
                break;
            case '\r':
                output.Append(@"\r"u8);
                break;
            case '\t':
                output.Append(@"\t"u8);
                break;
            case < 0x20 or (>= 0xD800 and <= 0xDFFF):
                output.Append(@"\u"u8);
                code.TryFormat(output.Reserve(4), out _, "x4", CultureInfo.InvariantCulture);
                output.Advance(4);
                break;
            default:
                output.Advance(JsonText.Encode(code, output.Reserve(4)));
                break;
        }
    }
}
