using System.Text.Json;
using System.Text.RegularExpressions;

namespace Nexus.Data.Conversations;

/// <summary>What the user said last in a request's body, short enough for a line in a list.</summary>
internal static partial class LastWords
{
    private const int Most = 60;

    public static string? Of(ReadOnlyMemory<byte>? body)
    {
        if (body is not { } utf8)
        {
            return null;
        }

        try
        {
            using var json = JsonDocument.Parse(utf8, new JsonDocumentOptions { MaxDepth = 1000 });
            return json.RootElement.ValueKind == JsonValueKind.Object
                && json.RootElement.TryGetProperty("messages", out var messages)
                && messages.ValueKind == JsonValueKind.Array
                    ? messages.EnumerateArray().Where(IsOfUser).SelectMany(Texts).Select(OnOneLine)
                        .LastOrDefault(text => text.Length > 0)
                    : null;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // Nested too deep, or holding a lone surrogate: it is a label that is missing, nothing more.
            return null;
        }
    }

    private static bool IsOfUser(JsonElement message)
        => message.ValueKind == JsonValueKind.Object
            && message.TryGetProperty("role", out var role) && role.ValueKind == JsonValueKind.String
            && role.ValueEquals("user");

    private static IEnumerable<string> Texts(JsonElement message)
    {
        if (!message.TryGetProperty("content", out var content))
        {
            yield break;
        }

        if (content.ValueKind == JsonValueKind.String)
        {
            yield return content.GetString()!;
        }
        else if (content.ValueKind == JsonValueKind.Array)
        {
            foreach (var block in content.EnumerateArray())
            {
                if (block.ValueKind == JsonValueKind.Object && block.TryGetProperty("text", out var text)
                    && text.ValueKind == JsonValueKind.String)
                {
                    yield return text.GetString()!;
                }
            }
        }
    }

    private static string OnOneLine(string text)
    {
        var line = Spaces().Replace(Reminders().Replace(text, " "), " ").Trim();
        return line.Length <= Most ? line : line[..(Most - 1)].TrimEnd() + "…";
    }

    [GeneratedRegex("<system-reminder>.*?</system-reminder>", RegexOptions.Singleline)]
    private static partial Regex Reminders();

    [GeneratedRegex(@"[\s\p{C}]+")]
    private static partial Regex Spaces();
}
