using System.Globalization;
using System.Text.Json;
using Nexus.Data.Credentials;

namespace Nexus.Data.Tool;

/// <summary>Tokens as JSON: <c>access_token</c>, <c>refresh_token</c>, <c>expires_at</c> or <c>expires_in</c>, <c>scopes</c> or
/// <c>scope</c>. From a file or from standard input, for arguments are seen by others.</summary>
internal static class TokenFile
{
    /// <exception cref="ToolException">Something is missing or cannot be read; nothing of it is quoted.</exception>
    public static async Task<OAuthTokens> ReadAsync(ToolHost host, string? path, CancellationToken cancellationToken)
    {
        await using var stream = path is null ? host.OpenInput() : File.OpenRead(path);
        JsonElement root;
        try
        {
            using var document = await JsonDocument.ParseAsync(stream, cancellationToken: cancellationToken);
            root = document.RootElement.Clone();
        }
        catch (JsonException)
        {
            throw Unreadable("is no JSON");
        }

        if (root.ValueKind != JsonValueKind.Object)
        {
            throw Unreadable("is no JSON object");
        }

        return new()
        {
            AccessToken = Text(root, "access_token") ?? throw Unreadable("has no access_token"),
            RefreshToken = Text(root, "refresh_token") ?? throw Unreadable("has no refresh_token"),
            ExpiresAt = ExpiryOf(root, host.Time.GetUtcNow()),
            Scopes = ScopesOf(root),
        };
    }

    private static DateTimeOffset ExpiryOf(JsonElement root, DateTimeOffset now)
        => root.TryGetProperty("expires_in", out var seconds)
            ? seconds.ValueKind == JsonValueKind.Number && seconds.TryGetDouble(out var value) && value is >= 0 and < 1e10
                ? now.AddSeconds(value)
                : throw Unreadable("has an expires_in that is no number of seconds")
            : root.TryGetProperty("expires_at", out var time)
                ? TimeOf(time) ?? throw Unreadable("has an expires_at that is no time")
            : throw Unreadable("has neither expires_at nor expires_in");

    // In ISO 8601, or as seconds or milliseconds since 1970, which is how other programs keep it.
    private static DateTimeOffset? TimeOf(JsonElement value)
        => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) && number is > 0 and < 10_000_000_000_000
            ? number < 100_000_000_000
                ? DateTimeOffset.FromUnixTimeSeconds(number)
                : DateTimeOffset.FromUnixTimeMilliseconds(number)
            : value.ValueKind == JsonValueKind.String && DateTimeOffset.TryParse(
                value.GetString(), CultureInfo.InvariantCulture,
                DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time)
                ? time
            : null;

    private static string[] ScopesOf(JsonElement root)
        => root.TryGetProperty("scopes", out var list) && list.ValueKind == JsonValueKind.Array
            ? [.. list.EnumerateArray().Select(
                scope => scope.ValueKind == JsonValueKind.String ? scope.GetString()! : throw Unreadable("has a scope that is no text"))]
            : (Text(root, "scope") ?? Text(root, "scopes") ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private static string? Text(JsonElement root, string name)
        => root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
           && value.GetString() is { Length: > 0 } text
            ? text
            : null;

    private static ToolException Unreadable(string how)
        => new(ExitCode.WrongUsage, $"What should hold the tokens {how}.");
}
