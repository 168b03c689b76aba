using System.Text.Json;

namespace Nexus.Samples.WebService;

/// <summary>Stands where a proxy calls the model's provider: it answers with the text of the last message.</summary>
internal static class EchoModel
{
    /// <exception cref="InvalidDataException">The body has no messages.</exception>
    /// <exception cref="JsonException">The body is no JSON.</exception>
    public static async Task<byte[]> AnswerAsync(ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        await Task.Yield();
        cancellationToken.ThrowIfCancellationRequested();
        using var call = JsonDocument.Parse(body);
        if (call.RootElement is not { ValueKind: JsonValueKind.Object } root
            || !root.TryGetProperty("messages", out var messages)
            || messages is not { ValueKind: JsonValueKind.Array }
            || messages.GetArrayLength() == 0)
        {
            throw new InvalidDataException("The body has no messages.");
        }

        var text = messages.EnumerateArray().Last() is { ValueKind: JsonValueKind.Object } last
            && last.TryGetProperty("content", out var content) && content.ValueKind == JsonValueKind.String
                ? content.GetString()
                : "Only texts are answered here.";
        return JsonSerializer.SerializeToUtf8Bytes(new
        {
            id = $"msg_{Guid.NewGuid():N}",
            type = "message",
            role = "assistant",
            model = "echo",
            content = new[] { new { type = "text", text } },
            usage = new { input_tokens = messages.GetArrayLength(), output_tokens = 1 },
        });
    }
}
