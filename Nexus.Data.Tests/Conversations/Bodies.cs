using System.Text.Json;
using System.Text.Json.Nodes;
using Nexus.Data.Requests;

namespace Nexus.Data.Tests.Conversations;

/// <summary>Requests as tests need them: messages in turns, the user's first.</summary>
internal static class Bodies
{
    public const string Train = "test-train";

    public static DateTimeOffset Noon { get; } = new(2025, 3, 1, 12, 0, 0, TimeSpan.Zero);

    /// <summary>A request that nobody tracks yet.</summary>
    /// <param name="minute">Its time, in minutes after noon.</param>
    /// <param name="messages">Texts of user and assistant in turns.</param>
    public static ApiRequest Request(double minute, params string[] messages)
        => Request(minute, messages, system: "You help.");

    public static ApiRequest Request(double minute, string[] messages, string? system, string? user = null)
    {
        var body = new JsonObject
        {
            ["model"] = "test-model",
            ["messages"] = new JsonArray([.. messages.Select((text, i) => (JsonNode)new JsonObject
            {
                ["role"] = i % 2 == 0 ? "user" : "assistant",
                ["content"] = text,
            })]),
        };
        if (system is not null)
        {
            body["system"] = system;
        }

        if (user is not null)
        {
            body["metadata"] = new JsonObject { ["user_id"] = user };
        }

        return WithBody(minute, body);
    }

    public static ApiRequest WithBody(double minute, JsonNode body)
    {
        var request = new ApiRequest
        {
            RequestId = Guid.CreateVersion7(),
            TrainId = Train,
            Timestamp = Noon.AddMinutes(minute),
            Method = "POST",
            Path = "/v1/messages",
            RequestType = "inference",
        };
        request.SetBody(JsonSerializer.SerializeToUtf8Bytes(body));
        return request;
    }

    /// <summary>Gives a request its answer, of a text.</summary>
    public static ApiRequest Answered(this ApiRequest request, string text, int status = 200)
        => request.Answered(new JsonArray(new JsonObject { ["type"] = "text", ["text"] = text }), status);

    /// <summary>Gives a request an answer that asks for sub-tasks.</summary>
    public static ApiRequest AskingFor(this ApiRequest request, params string[] prompts)
        => request.Answered(new JsonArray([.. prompts.Select((prompt, i) => (JsonNode)new JsonObject
        {
            ["type"] = "tool_use",
            ["id"] = $"toolu_{request.RequestId:N}_{i}",
            ["name"] = "Task",
            ["input"] = new JsonObject { ["description"] = "d", ["prompt"] = prompt },
        })]));

    private static ApiRequest Answered(this ApiRequest request, JsonArray content, int status = 200)
    {
        request.ResponseStatus = status;
        request.CompletedAt = request.Timestamp.AddSeconds(1);
        request.SetResponseBody(JsonSerializer.SerializeToUtf8Bytes(new JsonObject
        {
            ["type"] = "message",
            ["role"] = "assistant",
            ["content"] = content,
        }));
        return request;
    }
}
