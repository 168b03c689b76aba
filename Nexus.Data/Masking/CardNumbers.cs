namespace Nexus.Data.Masking;

/// <summary>Numbers of payment cards: an issuer's beginning and length, and a right check digit.</summary>
internal static class CardNumbers
{
    private const int MinDigits = 13;
    private const int MaxDigits = 19;

    /// <summary>Whether so many digits stand together, with single spaces or hyphens between them.</summary>
    public static bool MayBeIn(ReadOnlySpan<byte> text)
    {
        for (var at = 0; ;)
        {
            var next = text[at..].IndexOfAnyInRange((byte)'0', (byte)'9');
            if (next < 0)
            {
                return false;
            }

            at += next;
            var digits = 0;
            for (; at < text.Length; at++)
            {
                if (Charsets.IsDigit(text[at]))
                {
                    digits++;
                }
                else if (!IsSeparator(text[at]) || !Charsets.IsDigit(text[at - 1]))
                {
                    break;
                }
            }

            if (digits >= MinDigits)
            {
                return true;
            }
        }
    }

    public static void Find(ReadOnlySpan<byte> text, in MaskingPlan plan, List<FoundSecret> found)
    {
        Span<byte> digits = stackalloc byte[MaxDigits];
        var at = 0;
        while (at < text.Length)
        {
            var next = text[at..].IndexOfAnyInRange((byte)'0', (byte)'9');
            if (next < 0)
            {
                return;
            }

            at += next;
            var count = 0;
            var length = IsLeftEdge(text, at) ? LengthAt(text, at, digits, out count) : 0;
            if (length > 0)
            {
                found.Add(new(
                    at, at + length, SecretKind.CardNumber, plan.MaskOf(SecretKind.CardNumber, digits[..count])));
                at += length;
            }
            else
            {
                at += Charsets.Run(text, at, Charsets.Digits);
            }
        }
    }

    /// <summary>Whether the digits are such a number.</summary>
    public static bool IsCard(ReadOnlySpan<byte> digits)
        => digits.Length is >= MinDigits and <= MaxDigits
            && digits.IndexOfAnyExceptInRange((byte)'0', (byte)'9') < 0
            && HasIssuer(digits) && HasCheckDigit(digits);

    // The longest number that begins here and ends where a group ends; 0 without one.
    private static int LengthAt(ReadOnlySpan<byte> text, int at, Span<byte> digits, out int count)
    {
        count = 0;
        var best = 0;
        var bestCount = 0;
        var separator = (byte)0;
        for (var i = at; i < text.Length;)
        {
            var group = Charsets.Run(text, i, Charsets.Digits);
            if (group == 0 || count + group > MaxDigits || (i > at && group is < 3 or > 7 && group != 1))
            {
                break;
            }

            text.Slice(i, group).CopyTo(digits[count..]);
            count += group;
            i += group;
            if (IsRightEdge(text, i) && IsCard(digits[..count]))
            {
                best = i - at;
                bestCount = count;
            }

            if (i >= text.Length || !IsSeparator(text[i]) || (separator != 0 && text[i] != separator) || group > 7)
            {
                break;
            }

            separator = text[i++];
        }

        count = bestCount;
        return best;
    }

    private static bool IsSeparator(byte value) => value is (byte)' ' or (byte)'-';

    private static bool IsLeftEdge(ReadOnlySpan<byte> text, int at)
        => at == 0
            || (Charsets.IsLeftEdge(text, at, afterDash: true) && text[at - 1] != '_'
                && !(text[at - 1] is (byte)'-' or (byte)'.' && at >= 2 && Charsets.IsAlphanumeric(text[at - 2])));

    private static bool IsRightEdge(ReadOnlySpan<byte> text, int end)
        => end == text.Length
            || (!Charsets.Word.Contains(text[end])
                && !(text[end] is (byte)'-' && end + 1 < text.Length && Charsets.IsAlphanumeric(text[end + 1]))
                && !(text[end] is (byte)'.' && end + 1 < text.Length && Charsets.IsDigit(text[end + 1])));

    private static bool HasIssuer(ReadOnlySpan<byte> digits)
    {
        var length = digits.Length;
        var four = ((((digits[0] - '0') * 10) + digits[1] - '0') * 100) + ((digits[2] - '0') * 10) + digits[3] - '0';
        var two = four / 100;
        return two / 10 == 4 ? length is 13 or 16 or 19
            : two is >= 51 and <= 55 || four is >= 2221 and <= 2720 ? length == 16
            : two is 34 or 37 ? length == 15
            : two is 36 or 38 or 39 || four is >= 3000 and <= 3059 ? length is 14 or 16
            : four is >= 3528 and <= 3589 ? length is >= 16
            : four == 6011 || two == 65 || four is >= 6440 and <= 6499 ? length is 16 or 19
            : two == 62 ? length >= 16
            : four is 5018 or 5020 or 5038 or 5893 or 6304 or 6759 or (>= 6761 and <= 6763) && length >= 16;
    }

    private static bool HasCheckDigit(ReadOnlySpan<byte> digits)
    {
        var sum = 0;
        for (var i = 0; i < digits.Length; i++)
        {
            var digit = digits[^(i + 1)] - '0';
            digit *= i % 2 == 1 ? 2 : 1;
            sum += digit > 9 ? digit - 9 : digit;
        }

        return sum % 10 == 0;
    }
}
