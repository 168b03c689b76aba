using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;

namespace Nexus.Data.Requests;

/// <summary>
/// A JSON text as it is stored: what <c>jsonb</c> can hold of it, and the bytes that came where the two differ or where
/// they are to be kept.
/// </summary>
/// <remarks>
/// Replaced are U+0000 and lone surrogates (by U+FFFD), numbers beyond the server's range and parts nested deeper than
/// <see cref="MaxDepth"/> (each by a string that says so). Nothing else is touched, white space and key order included.
/// </remarks>
internal readonly record struct StoredJson(byte[] Json, byte[]? Original, bool IsAltered)
{
    /// <summary>The deepest nesting that is stored. A server of default settings takes 10,000 levels and more.</summary>
    public const int MaxDepth = 6_000;

    // Of a page of HTML nothing but quotes and backslashes needs an escape.
    private static readonly JsonSerializerOptions _readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    // PostgreSQL's own limits of a numeric: digits before the point, digits after it.
    private const int MaxIntegerDigits = 131_072;
    private const int MaxScale = 16_383;

    // A single jsonb string may have 268,435,455 bytes; a body of that size is somebody's mistake.
    private const int MaxBytes = 256 * 1024 * 1024;

    /// <summary>Checks a JSON text and replaces what the server would refuse.</summary>
    /// <param name="utf8Json">The text; it is copied.</param>
    /// <param name="name">What it is, for messages.</param>
    /// <param name="keepsOriginal">Whether the bytes are kept also where nothing had to be replaced.</param>
    /// <exception cref="NexusDataException">It is no JSON text, or too large; the message names it and the place.</exception>
    public static StoredJson Of(ReadOnlyMemory<byte> utf8Json, string name, bool keepsOriginal = false)
    {
        if (utf8Json.IsEmpty)
        {
            throw Invalid(name, "is no JSON: it is empty; give none where there was none", null);
        }

        if (utf8Json.Length > MaxBytes)
        {
            throw Invalid(name, $"has {utf8Json.Length:N0} bytes; the most that is stored is {MaxBytes:N0}", null);
        }

        if (!Utf8.IsValid(utf8Json.Span))
        {
            throw Invalid(name, "is not UTF-8", null);
        }

        var json = utf8Json.ToArray();
        try
        {
            var altered = Altered(json);
            return new(altered ?? json, altered is not null || keepsOriginal ? json : null, altered is not null);
        }
        catch (JsonException exception)
        {
            var at = $"line {exception.LineNumber + 1}, byte {exception.BytePositionInLine + 1}";
            throw Invalid(name, $"is no JSON: it breaks at {at}", exception);
        }
    }

    /// <summary>A JSON text as it is stored, for columns that keep no bytes beside it.</summary>
    /// <exception cref="NexusDataException">It is no JSON text, or too large; the message names it and the place.</exception>
    public static string TextOf(ReadOnlyMemory<byte> utf8Json, string name)
        => Encoding.UTF8.GetString(Of(utf8Json, name).Json);

    /// <summary>Whether it is one JSON value.</summary>
    public static bool IsJson(ReadOnlySpan<byte> utf8)
    {
        var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = int.MaxValue });
        try
        {
            while (reader.Read())
            {
            }

            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>A text that is no JSON, as a JSON string.</summary>
    public static StoredJson OfText(string text)
        => Of(JsonSerializer.SerializeToUtf8Bytes(text, _readable), "text") with { Original = null, IsAltered = true };

    private static NexusDataException Invalid(string name, string what, Exception? inner)
        => new(NexusDataErrorKind.Validation, string.Create(CultureInfo.InvariantCulture, $"The {name} {what}."), inner);

    // Null where nothing had to be replaced, which is the rule.
    private static byte[]? Altered(ReadOnlySpan<byte> json)
    {
        ArrayBufferWriter<byte>? output = null;
        var copied = 0;
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = int.MaxValue });
        while (reader.Read())
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.String or JsonTokenType.PropertyName when reader.ValueIsEscaped:
                    var text = json.Slice((int)reader.TokenStartIndex + 1, reader.ValueSpan.Length);
                    if (Mended(text) is { } mended)
                    {
                        Replace(ref output, json, ref copied, (int)reader.TokenStartIndex + 1, text.Length, mended);
                    }

                    break;

                case JsonTokenType.Number when !IsInRange(reader.ValueSpan):
                    var number = Encoding.ASCII.GetString(reader.ValueSpan[..Math.Min(40, reader.ValueSpan.Length)]);
                    Replace(
                        ref output, json, ref copied, (int)reader.TokenStartIndex, reader.ValueSpan.Length,
                        Encoding.ASCII.GetBytes($"\"[number out of range: {number}]\""));
                    break;

                case JsonTokenType.StartArray or JsonTokenType.StartObject when reader.CurrentDepth >= MaxDepth:
                    var start = (int)reader.TokenStartIndex;
                    reader.Skip();
                    var length = (int)reader.BytesConsumed - start;
                    Replace(
                        ref output, json, ref copied, start, length,
                        Encoding.ASCII.GetBytes($"\"[nested too deep: {length} bytes]\""));
                    break;
            }
        }

        if (output is null)
        {
            return null;
        }

        output.Write(json[copied..]);
        return output.WrittenSpan.ToArray();
    }

    private static void Replace(
        ref ArrayBufferWriter<byte>? output, ReadOnlySpan<byte> json, ref int copied, int start, int length,
        ReadOnlySpan<byte> replacement)
    {
        output ??= new ArrayBufferWriter<byte>(json.Length);
        output.Write(json[copied..start]);
        output.Write(replacement);
        copied = start + length;
    }

    // The inside of a string with each \u0000 and each lone \ud8xx–\udfxx as �, which is as long; null where it has none.
    private static byte[]? Mended(ReadOnlySpan<byte> text)
    {
        byte[]? mended = null;
        for (var i = 0; i < text.Length;)
        {
            if (text[i] != '\\')
            {
                i++;
                continue;
            }

            if (text[i + 1] != 'u')
            {
                i += 2;
                continue;
            }

            var unit = CodeUnit(text, i);
            if (char.IsHighSurrogate(unit) && IsEscapedLowSurrogate(text, i + 6))
            {
                i += 12;
                continue;
            }

            if (unit == '\0' || char.IsSurrogate(unit))
            {
                mended ??= text.ToArray();
                "\\ufffd"u8.CopyTo(mended.AsSpan(i));
            }

            i += 6;
        }

        return mended;
    }

    private static bool IsEscapedLowSurrogate(ReadOnlySpan<byte> text, int i)
        => i + 6 <= text.Length && text[i] == '\\' && text[i + 1] == 'u' && char.IsLowSurrogate(CodeUnit(text, i));

    private static char CodeUnit(ReadOnlySpan<byte> text, int i)
    {
        _ = Utf8Parser.TryParse(text.Slice(i + 2, 4), out ushort unit, out _, 'x');
        return (char)unit;
    }

    private static bool IsInRange(ReadOnlySpan<byte> number)
    {
        var exponentAt = number.IndexOfAny((byte)'e', (byte)'E');
        if (exponentAt < 0 && number.Length <= MaxScale)
        {
            return true;
        }

        var exponent = 0;
        var mantissa = number.TrimStart((byte)'-');
        if (exponentAt >= 0)
        {
            var digits = number[(exponentAt + 1)..];
            digits = digits[0] == '+' ? digits[1..] : digits;
            if (!Utf8Parser.TryParse(digits, out exponent, out var used) || used != digits.Length
                || Math.Abs((long)exponent) > 1_000_000)
            {
                return false;
            }

            mantissa = mantissa[..mantissa.IndexOfAny((byte)'e', (byte)'E')];
        }

        var point = mantissa.IndexOf((byte)'.');
        var integer = point < 0 ? mantissa : mantissa[..point];
        var fraction = point < 0 ? [] : mantissa[(point + 1)..];
        if (fraction.Length - exponent > MaxScale)
        {
            return false;
        }

        // The place of the first digit that is not zero, counted from the point to the left.
        var firstInteger = integer.IndexOfAnyExcept((byte)'0');
        var firstFraction = fraction.IndexOfAnyExcept((byte)'0');
        return firstInteger >= 0 ? integer.Length - firstInteger + exponent <= MaxIntegerDigits
            : firstFraction < 0 || exponent - firstFraction <= MaxIntegerDigits;
    }
}
