using System.Text;

namespace Nexus.Data.Masking;

/// <summary>Replaces what is found until nothing is left to find: masking twice is masking once.</summary>
internal static class TextMask
{
    // A mask may bare what its secret had hidden, as a digit beside a card's number; never more than once or twice.
    private const int MostRounds = 16;

    /// <summary>The bytes without their secrets, null where there are none.</summary>
    public static byte[]? Mask(ReadOnlySpan<byte> text, TextForm form, in MaskingPlan plan, Action<SecretKind>? report)
    {
        byte[]? masked = null;
        for (var round = 0; round < MostRounds; round++)
        {
            var current = masked is null ? text : masked;
            if (TextSecrets.Find(current, form, plan) is not { } found)
            {
                break;
            }

            Report(found, report);
            masked = Apply(current, Dropping(found, plan, current.Length));
        }

        return masked;
    }

    /// <summary>
    /// The pieces of a text without its secrets; the very list where there are none. A mask goes into the first
    /// of the pieces that its secret touches.
    /// </summary>
    public static IReadOnlyList<string> Mask(
        IReadOnlyList<string> pieces, TextForm form, in MaskingPlan plan, Action<SecretKind>? report)
    {
        for (var round = 0; round < MostRounds; round++)
        {
            var text = pieces.Count == 1 ? pieces[0] : string.Concat(pieces);
            var utf8 = Encoding.UTF8.GetBytes(text);
            if (TextSecrets.Find(utf8, form, plan) is not { } found)
            {
                break;
            }

            Report(found, report);
            pieces = Apply(pieces, InCharacters(text, Dropping(found, plan, utf8.Length)));
        }

        return pieces;
    }

    private static void Report(List<FoundSecret> found, Action<SecretKind>? report)
    {
        if (report is not null)
        {
            found.ForEach(secret => report(secret.Kind));
        }
    }

    // One secret that is to be dropped takes the whole text along.
    private static List<FoundSecret> Dropping(List<FoundSecret> found, in MaskingPlan plan, int length)
    {
        foreach (var secret in found)
        {
            if (plan[secret.Kind] == MaskingAction.Drop)
            {
                return [new(0, length, secret.Kind, MaskingPlan.DropMark(secret.Kind))];
            }
        }

        return found;
    }

    private static byte[] Apply(ReadOnlySpan<byte> text, List<FoundSecret> found)
    {
        var masked = new byte[text.Length + found.Sum(secret => secret.Mask.Length - secret.Length)];
        var written = 0;
        var copied = 0;
        foreach (var secret in found)
        {
            text[copied..secret.Start].CopyTo(masked.AsSpan(written));
            written += secret.Start - copied;
            written += Encoding.ASCII.GetBytes(secret.Mask, masked.AsSpan(written));
            copied = secret.End;
        }

        text[copied..].CopyTo(masked.AsSpan(written));
        return masked;
    }

    private static string[] Apply(IReadOnlyList<string> pieces, List<FoundSecret> found)
    {
        var masked = new string[pieces.Count];
        var start = 0;
        var next = 0;
        for (var i = 0; i < pieces.Count; i++)
        {
            var piece = pieces[i];
            var end = start + piece.Length;
            StringBuilder? changed = null;
            var copied = start;
            for (; next < found.Count && found[next].Start < end; next++)
            {
                var secret = found[next];
                changed ??= new StringBuilder();
                if (secret.Start >= start)
                {
                    changed.Append(piece, copied - start, secret.Start - copied).Append(secret.Mask);
                }

                copied = Math.Min(secret.End, end);
                if (secret.End > end)
                {
                    break;
                }
            }

            masked[i] = changed?.Append(piece, copied - start, end - copied).ToString() ?? piece;
            start = end;
        }

        return masked;
    }

    private static List<FoundSecret> InCharacters(string text, List<FoundSecret> found)
    {
        var character = 0;
        var offset = 0;
        return found.ConvertAll(secret =>
        {
            var start = CharacterAt(secret.Start);
            return secret with { Start = start, End = CharacterAt(secret.End) };
        });

        int CharacterAt(int target)
        {
            while (offset < target)
            {
                var isPair = char.IsSurrogatePair(text, character);
                offset += text[character] < 0x80 ? 1 : text[character] < 0x800 ? 2 : isPair ? 4 : 3;
                character += isPair ? 2 : 1;
            }

            return character;
        }
    }
}
