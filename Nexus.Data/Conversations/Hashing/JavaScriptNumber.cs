using System.Globalization;

namespace Nexus.Data.Conversations.Hashing;

/// <summary>
/// Numbers as JavaScript reads and prints them: doubles, the shortest digits that give the double back.
/// </summary>
internal static class JavaScriptNumber
{
    // More digits than this may not survive the way through a double.
    private const int SafeDigits = 15;

    /// <summary>
    /// Appends a number of JSON as <c>JSON.stringify</c> prints it; <c>null</c> where no double holds it.
    /// </summary>
    public static void Append(ReadOnlySpan<byte> json, PooledBuffer output)
    {
        if (IsPlainInteger(json))
        {
            output.Append(json);
        }
        else
        {
            Append(Parse(json), output);
        }
    }

    /// <summary>The nearest double; infinite where the number is out of range.</summary>
    public static double Parse(ReadOnlySpan<byte> json) =>
        double.Parse(json, NumberStyles.Float, CultureInfo.InvariantCulture);

    /// <summary>
    /// Appends a double as <c>JSON.stringify</c> prints it: 1e21 as 1e+21, -0 as 0, what is infinite as null.
    /// </summary>
    public static void Append(double value, PooledBuffer output)
    {
        if (!double.IsFinite(value))
        {
            output.Append("null"u8);
            return;
        }

        if (value == 0)
        {
            output.Append((byte)'0');
            return;
        }

        if (value < 0)
        {
            output.Append((byte)'-');
        }

        Span<byte> printed = stackalloc byte[32];
        Math.Abs(value).TryFormat(printed, out var length, "R", CultureInfo.InvariantCulture);
        Span<byte> digits = stackalloc byte[32];
        var count = Digits(printed[..length], digits, out var point);
        Layout(digits[..count], point, output);
    }

    /// <summary>
    /// Takes apart what .NET prints: the significant digits, and where the point stands among them.
    /// </summary>
    private static int Digits(ReadOnlySpan<byte> printed, Span<byte> digits, out int point)
    {
        var exponent = 0;
        if (printed.IndexOf((byte)'E') is >= 0 and var mark)
        {
            exponent = int.Parse(printed[(mark + 1)..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
            printed = printed[..mark];
        }

        var dot = printed.IndexOf((byte)'.');
        point = (dot < 0 ? printed.Length : dot) + exponent;
        var count = 0;
        foreach (var character in printed)
        {
            if (character == (byte)'.')
            {
                continue;
            }

            if (count == 0 && character == (byte)'0')
            {
                point--;
                continue;
            }

            digits[count++] = character;
        }

        while (digits[count - 1] == (byte)'0')
        {
            count--;
        }

        return count;
    }

    /// <summary>
    /// ECMAScript's Number::toString: <paramref name="point"/> is the n of its text, the digits are its s.
    /// </summary>
    private static void Layout(ReadOnlySpan<byte> digits, int point, PooledBuffer output)
    {
        if (point is > 0 and <= 21)
        {
            if (digits.Length <= point)
            {
                output.Append(digits);
                AppendZeros(point - digits.Length, output);
            }
            else
            {
                output.Append(digits[..point]);
                output.Append((byte)'.');
                output.Append(digits[point..]);
            }
        }
        else if (point is > -6 and <= 0)
        {
            output.Append("0."u8);
            AppendZeros(-point, output);
            output.Append(digits);
        }
        else
        {
            output.Append(digits[0]);
            if (digits.Length > 1)
            {
                output.Append((byte)'.');
                output.Append(digits[1..]);
            }

            output.Append((byte)'e');
            output.Append((byte)(point > 0 ? '+' : '-'));
            Span<byte> exponent = stackalloc byte[8];
            Math.Abs(point - 1).TryFormat(exponent, out var length, provider: CultureInfo.InvariantCulture);
            output.Append(exponent[..length]);
        }
    }

    private static void AppendZeros(int count, PooledBuffer output)
    {
        output.Reserve(count).Fill((byte)'0');
        output.Advance(count);
    }

    private static bool IsPlainInteger(ReadOnlySpan<byte> json)
    {
        var digits = json[0] == (byte)'-' ? json[1..] : json;
        return digits.Length <= SafeDigits
            && !digits.ContainsAnyExceptInRange((byte)'0', (byte)'9')
            && (digits[0] != (byte)'0' || json.Length == 1);
    }
}
