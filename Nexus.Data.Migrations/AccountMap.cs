using System.Text.Json;

namespace Nexus.Data.Migrations;

/// <summary>The accounts that domains belong to, from the JSON file that <c>NEXUS_ACCOUNT_MAP</c> names.</summary>
internal static class AccountMap
{
    public const string Variable = "NEXUS_ACCOUNT_MAP";

    private const int MaxLength = 255;

    /// <summary>The map as JSON that can stand between a script's quotes; null where the variable is not set.</summary>
    /// <exception cref="InvalidOperationException">The file cannot be read, or is no object of names to names.</exception>
    public static string? Read(Func<string, string?> environment)
    {
        var path = environment(Variable);
        if (string.IsNullOrWhiteSpace(path))
        {
            return null;
        }

        try
        {
            var map = JsonSerializer.Deserialize<Dictionary<string, string?>>(File.ReadAllText(path))
                ?? throw new JsonException("null is no map");
            foreach (var (domain, account) in map)
            {
                if (string.IsNullOrWhiteSpace(account) || account.Length > MaxLength
                    || account.Contains('\0') || domain.Contains('\0'))
                {
                    throw new JsonException(
                        $"the account of '{domain}' must be a text of 1 to {MaxLength} characters");
                }
            }

            // The serializer escapes quotes; a dollar could end the block that the text stands in.
            return JsonSerializer.Serialize(map).Replace("$", "\\u0024", StringComparison.Ordinal);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException
            or NotSupportedException or ArgumentException)
        {
            throw new InvalidOperationException(
                $"{Variable} names '{path}', which is no JSON object of domains to accounts: {exception.Message}",
                exception);
        }
    }
}
