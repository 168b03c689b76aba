using System.Globalization;
using System.Numerics;
using System.Text;

namespace Nexus.Data.Tests.Conversations.Hashing;

/// <summary>A JSON value that keeps what parsers drop: equal names, the spelling of numbers, lone surrogates.</summary>
internal abstract record Json
{
    public static implicit operator Json(string text) => new JsonString(text);

    public static Json Raw(string spelling) => new JsonRaw(spelling);

    public static JsonObject Object(params IEnumerable<(string Name, Json Value)> members) => new([.. members]);

    public static JsonArray Array(params IEnumerable<Json> elements) => new([.. elements]);

    /// <summary>As a client might send it: with white space and escapes where <paramref name="random"/> says.</summary>
    public byte[] ToUtf8(Random? random = null)
    {
        var text = new StringBuilder();
        Write(text, random);
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    /// <summary>As PostgreSQL gives it back from a <c>jsonb</c> column, altered so that the column takes it.</summary>
    public abstract Json AsJsonb();

    public abstract void Write(StringBuilder text, Random? random);

    protected static void WriteSpace(StringBuilder text, Random? random)
    {
        if (random?.Next(8) == 0)
        {
            text.Append(" \n\r\t"[random.Next(4)]);
        }
    }

    protected static string WellFormed(string text) =>
        Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)).Replace('\0', '\uFFFD');
}

internal sealed record JsonString(string Text) : Json
{
    public override Json AsJsonb() => new JsonString(WellFormed(Text));

    public override void Write(StringBuilder text, Random? random) => WriteText(text, Text, random);

    public static void WriteText(StringBuilder output, string text, Random? random)
    {
        output.Append('"');
        for (var index = 0; index < text.Length; index++)
        {
            var character = text[index];
            var pair = index + 1 < text.Length && char.IsSurrogatePair(character, text[index + 1]);
            if (pair && random?.Next(4) != 0)
            {
                output.Append(character).Append(text[++index]);
            }
            else if (char.IsSurrogate(character) || character == '\0' || random?.Next(40) == 0)
            {
                output.Append(CultureInfo.InvariantCulture, $"\\u{(int)character:x4}");
                if (pair)
                {
                    output.Append(CultureInfo.InvariantCulture, $"\\u{(int)text[++index]:X4}");
                }
            }
            else
            {
                output.Append(character switch
                {
                    '"' => "\\\"",
                    '\\' => "\\\\",
                    '\n' => "\\n",
                    '\r' => "\\r",
                    '\t' => "\\t",
                    '\b' => "\\b",
                    '\f' => "\\f",
                    '/' when random?.Next(3) == 0 => "\\/",
                    < ' ' => string.Create(CultureInfo.InvariantCulture, $"\\u{(int)character:X4}"),
                    _ => character.ToString(),
                });
            }
        }

        output.Append('"');
    }
}

internal sealed record JsonRaw(string Spelling) : Json
{
    public override Json AsJsonb() => char.IsLetter(Spelling[0]) ? this : new JsonRaw(Numeric());

    public override void Write(StringBuilder text, Random? random) => text.Append(Spelling);

    // Without exponent, with the fraction's zeros, without the sign of zero.
    private string Numeric()
    {
        var parts = Spelling.TrimStart('-').ToLowerInvariant().Split('e');
        var exponent = parts.Length == 1 ? 0 : int.Parse(parts[1], CultureInfo.InvariantCulture);
        var digits = parts[0].Split('.');
        var fraction = digits.Length == 1 ? "" : digits[1];
        var value = BigInteger.Parse(digits[0] + fraction, CultureInfo.InvariantCulture);
        var scale = fraction.Length - exponent;
        if (scale < 0)
        {
            (value, scale) = (value * BigInteger.Pow(10, -scale), 0);
        }

        var text = value.ToString(CultureInfo.InvariantCulture).PadLeft(scale + 1, '0');
        var sign = Spelling[0] == '-' && !value.IsZero ? "-" : "";
        return scale == 0 ? sign + text : $"{sign}{text[..^scale]}.{text[^scale..]}";
    }
}

internal sealed record JsonArray(IReadOnlyList<Json> Elements) : Json
{
    public override Json AsJsonb() => Array(Elements.Select(element => element.AsJsonb()));

    public override void Write(StringBuilder text, Random? random)
    {
        text.Append('[');
        for (var index = 0; index < Elements.Count; index++)
        {
            text.Append(index == 0 ? "" : ",");
            WriteSpace(text, random);
            Elements[index].Write(text, random);
            WriteSpace(text, random);
        }

        text.Append(']');
    }
}

internal sealed record JsonObject(IReadOnlyList<(string Name, Json Value)> Members) : Json
{
    /// <summary>The object with a member more, or with another value for it.</summary>
    public JsonObject With(string name, Json value) =>
        Object([.. Members.Where(member => member.Name != name), (name, value)]);

    // By the length of the names, then by their bytes; the last of equal ones.
    public override Json AsJsonb() => Object(
        from member in Members
        group member.Value by WellFormed(member.Name) into equal
        let bytes = Encoding.UTF8.GetBytes(equal.Key)
        orderby bytes.Length, Convert.ToHexString(bytes)
        select (equal.Key, equal.Last().AsJsonb()));

    public override void Write(StringBuilder text, Random? random)
    {
        text.Append('{');
        for (var index = 0; index < Members.Count; index++)
        {
            text.Append(index == 0 ? "" : ",");
            WriteSpace(text, random);
            JsonString.WriteText(text, Members[index].Name, random);
            WriteSpace(text, random);
            text.Append(':');
            WriteSpace(text, random);
            Members[index].Value.Write(text, random);
            WriteSpace(text, random);
        }

        text.Append('}');
    }
}
