using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Nexus.Data.Tool;

/// <summary>What <c>--json</c> prints: one object, names and words in snake case.</summary>
internal static class JsonOutput
{
    private static readonly JsonSerializerOptions _options = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        MaxDepth = 1000,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    private static readonly JsonSerializerOptions _deep = new() { MaxDepth = 900 };

    public static Task WriteAsync<T>(ToolHost host, T value) => WriteAsync(host.Output, value);

    /// <summary>The same with one value more at the end, where it is an object.</summary>
    public static Task WriteAsync<T>(ToolHost host, T value, (string Name, JsonNode? Value) last)
    {
        var node = JsonSerializer.SerializeToNode(value, _options);
        if (node is JsonObject members)
        {
            members[last.Name] = last.Value;
        }

        return WriteAsync(host.Output, node);
    }

    /// <summary>The same elsewhere, where the output is taken by something else.</summary>
    public static Task WriteAsync<T>(TextWriter output, T value)
        => output.WriteLineAsync(JsonSerializer.Serialize(value, _options));

    /// <summary>A stored text as JSON where it is such, else as it is: rows of the original hold any text.</summary>
    public static object? Parsed(string? json)
    {
        if (json is null)
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize<JsonElement>(json, _deep);
        }
        catch (JsonException)
        {
            return json;
        }
    }

    /// <inheritdoc cref="Parsed(string?)"/>
    public static object? Parsed(ReadOnlyMemory<byte>? json)
        => json is { } bytes ? Parsed(Encoding.UTF8.GetString(bytes.Span)) : null;

    /// <summary>The words for all values, for an option or argument to accept no other.</summary>
    public static string[] Words<T>()
        where T : struct, Enum
        => [.. Enum.GetValues<T>().Select(Word)];

    /// <summary>The value for one of <see cref="Words"/>.</summary>
    public static T Value<T>(string word)
        where T : struct, Enum
        => Enum.GetValues<T>().Single(value => Word(value) == word);

    /// <summary>The word for a value, as the database and JSON have it.</summary>
    public static string Word<T>(T value)
        where T : struct, Enum
        => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());
}
