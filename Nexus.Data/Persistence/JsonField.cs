using System.Text.Json;
using Npgsql;

namespace Nexus.Data.Persistence;

/// <summary>JSON that people give for columns of type jsonb.</summary>
internal static class JsonField
{
    /// <summary>Refuses what is no JSON text of a kind.</summary>
    /// <param name="text">The text. It is not shown.</param>
    /// <param name="kind">An array or an object.</param>
    /// <param name="field">What the text is: <c>metadata of a message</c>.</param>
    /// <exception cref="NexusDataException">It is none (validation).</exception>
    public static void Check(string text, JsonValueKind kind, string field)
    {
        try
        {
            using var document = JsonDocument.Parse(StoredText.Of(text));
            if (document.RootElement.ValueKind == kind)
            {
                return;
            }
        }
        catch (JsonException)
        {
            // Said below, without the text.
        }

        throw new NexusDataException(
            NexusDataErrorKind.Validation, $"The {field} are no JSON {(kind is JsonValueKind.Array ? "array" : "object")}.");
    }

    /// <summary>Whether the server refused a value that is JSON, and none that it stores.</summary>
    public static bool IsRefused(PostgresException exception)
        => exception.SqlState is PostgresErrorCodes.UntranslatableCharacter or PostgresErrorCodes.InvalidTextRepresentation
            or PostgresErrorCodes.NumericValueOutOfRange or PostgresErrorCodes.ProgramLimitExceeded;

    /// <summary>Says so.</summary>
    /// <param name="fields">What the texts are.</param>
    /// <param name="cause">What the server said.</param>
    public static NexusDataException Refusal(string fields, PostgresException cause) => new(
        NexusDataErrorKind.Validation,
        $"The {fields} hold what PostgreSQL does not store: the character U+0000, half a character, or a number of too many digits.",
        cause);
}
