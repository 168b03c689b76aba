using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Nexus.Data.Persistence;
using Nexus.Data.Requests;

namespace Nexus.Data.Analyses;

/// <summary>
/// What went wrong in each try, as one JSON object: <c>retry_1</c> and so on, <c>final_error</c>, each with message, name and
/// timestamp. What was there and is no such object goes under <c>parse_error</c>.
/// </summary>
internal static class ErrorHistory
{
    /// <summary>The entry of the last try.</summary>
    public const string FinalError = "final_error";

    /// <summary>The entry that says that a worker was not heard of any more.</summary>
    public const string StuckJob = "stuck_job";

    /// <summary>The most characters of a history; the oldest entries go first.</summary>
    public const int MaxLength = 32_768;

    /// <summary>The most characters of a message.</summary>
    public const int MaxMessageLength = 2_000;

    private const string ParseError = "parse_error";

    private static readonly JsonSerializerOptions _readable = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
    };

    /// <summary>The entry of a try that another one follows.</summary>
    /// <param name="retry">Which retry follows: 1 for the first.</param>
    public static string RetryEntry(int retry) => string.Create(CultureInfo.InvariantCulture, $"retry_{retry}");

    /// <summary>The history with one more entry, or with another in its place.</summary>
    /// <param name="stored">The history so far: any text, or null.</param>
    /// <param name="key">The entry's name.</param>
    /// <param name="error">The error, as it is to be stored.</param>
    /// <param name="time">When it happened.</param>
    public static string Add(string? stored, string key, AnalysisError error, DateTimeOffset time)
        => AddJson(stored, key, Json(new { error.Message, error.Name, Timestamp = time.UtcDateTime }));

    /// <summary>The history with a note.</summary>
    /// <param name="stored">The history so far: any text, or null.</param>
    /// <param name="key">The entry's name.</param>
    /// <param name="note">The note, as it is to be stored.</param>
    public static string Add(string? stored, string key, string note) => AddJson(stored, key, Json(note));

    /// <summary>The message of the newest entry; null where there is none.</summary>
    public static string? LastMessage(string? stored)
    {
        if (Parse(stored) is not [.., var (_, json)])
        {
            return null;
        }

        using var entry = JsonDocument.Parse(json);
        return entry.RootElement switch
        {
            { ValueKind: JsonValueKind.String } note => note.GetString(),
            { ValueKind: JsonValueKind.Object } error when error.TryGetProperty("message", out var message)
                && message.ValueKind == JsonValueKind.String => message.GetString(),
            _ => StoredText.Of(json, MaxMessageLength),
        };
    }

    private static string AddJson(string? stored, string key, string json)
    {
        var entries = Parse(stored);
        entries.RemoveAll(entry => entry.Key == key);
        entries.Add((key, json));
        while (entries.Count > 1 && Text(entries).Length > MaxLength)
        {
            entries.RemoveAt(0);
        }

        return Text(entries);
    }

    private static string Text(List<(string Key, string Json)> entries)
        => $"{{{string.Join(',', entries.Select(entry => $"{Json(entry.Key)}:{entry.Json}"))}}}";

    private static List<(string Key, string Json)> Parse(string? stored)
    {
        if (string.IsNullOrWhiteSpace(stored))
        {
            return [];
        }

        try
        {
            // It may spell what no text of the database can hold.
            using var document = JsonDocument.Parse(StoredJson.TextOf(Encoding.UTF8.GetBytes(stored), "history of errors"));
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                return [.. document.RootElement.EnumerateObject().Select(entry => (entry.Name, entry.Value.GetRawText()))];
            }
        }
        catch (Exception exception) when (exception is JsonException or NexusDataException)
        {
            // Somebody wrote a plain text.
        }

        return [(ParseError, Json(StoredText.Of(stored, MaxMessageLength)))];
    }

    private static string Json<T>(T value) => JsonSerializer.Serialize(value, _readable);
}
