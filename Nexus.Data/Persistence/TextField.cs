using System.Globalization;
using System.Text;

namespace Nexus.Data.Persistence;

/// <summary>Texts that people give for columns of limited length.</summary>
internal static class TextField
{
    /// <summary>The text without the spaces around it.</summary>
    /// <exception cref="NexusDataException">It is empty, too long, or holds what PostgreSQL does not store.</exception>
    public static string Required(string? text, int length, string field)
        => Optional(text, length, field)
           ?? throw new NexusDataException(NexusDataErrorKind.Validation, $"The {field} must not be empty.");

    /// <summary>The same, and null for an empty one.</summary>
    public static string? Optional(string? text, int length, string field)
    {
        var trimmed = text?.Trim();
        if (string.IsNullOrEmpty(trimmed))
        {
            return null;
        }

        // Characters as PostgreSQL counts them: not halves of them.
        if (trimmed.Length > length && trimmed.EnumerateRunes().Count() > length)
        {
            throw new NexusDataException(
                NexusDataErrorKind.Validation,
                string.Create(CultureInfo.InvariantCulture, $"The {field} must have at most {length} characters."));
        }

        return IsStorable(trimmed)
            ? trimmed
            : throw new NexusDataException(
                NexusDataErrorKind.Validation,
                $"The {field} holds the character U+0000 or half a character, which PostgreSQL does not store.");
    }

    /// <summary>A text to look for: where PostgreSQL could not store it, one that nothing is equal to.</summary>
    public static string Sought(string? text) => text is not null && IsStorable(text) ? text : "\uFFFF";

    /// <summary>The text in one spelling of its characters; null where it holds halves of characters, or what is none.</summary>
    public static string? Normalized(string text, NormalizationForm form = NormalizationForm.FormC)
    {
        try
        {
            return text.Normalize(form);
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    private static bool IsStorable(string text) => string.Equals(StoredText.Of(text), text, StringComparison.Ordinal);
}
