using System.Buffers;
using System.Text.Json;
using Nexus.Data.Recording;
using Nexus.Data.Requests;

namespace Nexus.Data.Seeding.Traffic;

/// <summary>One generated request with its answer, when to store it, and the truth about its conversation.</summary>
public sealed record TrafficRequest
{
    private static readonly JsonWriterOptions _unchecked = new() { SkipValidation = true };

    /// <summary>A version 7 identifier: its time is the request's, the rest is of the generator's seed.</summary>
    public required Guid RequestId { get; init; }

    /// <summary>When the client sent it, UTC.</summary>
    public required DateTimeOffset Timestamp { get; init; }

    /// <summary>When the answer or the failure was complete; null where the call was broken off.</summary>
    public DateTimeOffset? CompletedAt { get; init; }

    /// <summary>When its row should be stored: its own time, or later where it is to be late.</summary>
    public required DateTimeOffset StoreAt { get; init; }

    /// <summary>When its answer should be stored, never before the row; null where there is none.</summary>
    public DateTimeOffset? AnswerStoreAt { get; init; }

    /// <summary>The train it belongs to.</summary>
    public required string TrainId { get; init; }

    /// <summary>The account that paid for it, one for each train.</summary>
    public required string AccountId { get; init; }

    /// <summary>The API key that it came with, by its identifier; null where nobody says. A request log holds none.</summary>
    public string? ApiKeyId { get; init; }

    /// <summary>The path it was sent to.</summary>
    public required string Path { get; init; }

    /// <summary>The model that was asked.</summary>
    public required string Model { get; init; }

    /// <summary><c>inference</c>, <c>query_evaluation</c>, <c>token_count</c> or <c>quota</c>.</summary>
    public required string RequestType { get; init; }

    /// <summary>The HTTP status of the answer; null where the call was broken off.</summary>
    public int? ResponseStatus { get; init; }

    /// <summary>Whether the answer was streamed; its thinking is then not in the recorded body.</summary>
    public bool ResponseStreaming { get; init; }

    /// <summary>The body as it came: UTF-8 JSON. Shared by a request and its retries: not to be changed.</summary>
    public required byte[] Body { get; init; }

    /// <summary>The answer as UTF-8 JSON; null where the call was broken off.</summary>
    public byte[]? ResponseBody { get; init; }

    /// <summary>What went wrong; null where nothing did or nobody can say.</summary>
    public string? Error { get; init; }

    /// <summary>Tokens read, without those of the cache.</summary>
    public int InputTokens { get; init; }

    /// <summary>Tokens written.</summary>
    public int OutputTokens { get; init; }

    /// <summary>Tokens put into the cache.</summary>
    public int CacheCreationInputTokens { get; init; }

    /// <summary>Tokens read from the cache.</summary>
    public int CacheReadInputTokens { get; init; }

    /// <summary>Tool uses in the answer.</summary>
    public int ToolCallCount { get; init; }

    /// <summary>What the row shows.</summary>
    public TrafficFeatures Features { get; init; }

    /// <summary>Whether it takes part in conversations: everything but token counts and quota checks.</summary>
    public bool TakesPart => ConversationKey > 0;

    /// <summary>
    /// The truth: requests with one number belong to one conversation, with its forks, sub-tasks, continuations and
    /// retries, where requests are stored in the order of their times. 0 for what takes no part.
    /// </summary>
    public required int ConversationKey { get; init; }

    /// <summary>The truth: what it follows from; null for the first of a conversation and what takes no part.</summary>
    public Guid? ParentId { get; init; }

    /// <summary>The truth: the first request with the same messages; null where it is no retry.</summary>
    public Guid? RetryOf { get; init; }

    /// <summary>The request as an entity that no context tracks yet, without its links.</summary>
    /// <param name="withAnswer">Whether with its answer, or as it is stored before the call.</param>
    public ApiRequest ToRequest(bool withAnswer = true)
    {
        var request = new ApiRequest
        {
            RequestId = RequestId,
            TrainId = TrainId,
            Timestamp = Timestamp,
            Method = "POST",
            Path = Path,
            Model = Model,
            RequestType = RequestType,
        };
        request.SetBody(Body);
        if (withAnswer)
        {
            Answer(request);
        }

        return request;
    }

    /// <summary>The request as a proxy tells a recorder or a queue of it, before it is answered.</summary>
    public RecordedRequest ToRecordedRequest() => new()
    {
        RequestId = RequestId,
        TrainId = TrainId,
        Timestamp = Timestamp,
        Path = Path,
        RequestType = RequestType,
        AccountId = AccountId,
        ApiKeyId = ApiKeyId,
        Body = Body,
    };

    /// <summary>The end of the call as a proxy tells of it; null where it was broken off and nobody knows.</summary>
    public RecordedResponse? ToRecordedResponse()
        => ResponseStatus is null && ResponseBody is null && Error is null ? null : new()
        {
            Status = ResponseStatus,
            Body = ResponseBody is { } answer ? answer : default(ReadOnlyMemory<byte>?),
            IsStreamed = ResponseStreaming,
            CompletedAt = CompletedAt,
            Error = Error,
        };

    /// <summary>Gives the request's entity what is known when the call is over: status, time, error and answer.</summary>
    /// <param name="request">The entity, as <see cref="ToRequest"/> makes it.</param>
    public void Answer(ApiRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);

        request.ResponseStatus = ResponseStatus;
        request.CompletedAt = CompletedAt;
        request.Error = Error;
        if (ResponseBody is { } answer)
        {
            request.SetResponseBody(answer);
        }
    }

    /// <summary>Writes the request as a line of a request log, with its line end.</summary>
    public void WriteLine(Stream output)
    {
        ArgumentNullException.ThrowIfNull(output);
        var line = new ArrayBufferWriter<byte>(Body.Length + (ResponseBody?.Length ?? 0) + 2048);
        WriteLine(line);
        output.Write(line.WrittenSpan);
    }

    /// <summary>Writes the request as a line of a request log, with its line end.</summary>
    public void WriteLine(IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(output);
        using var json = new Utf8JsonWriter(output, _unchecked);
        Write(json);
        json.Flush();
        output.Write("\n"u8);
    }

    private void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("request_id"u8, RequestId);
        WriteTime(json, "timestamp"u8, Timestamp);
        json.WriteString("train_id"u8, TrainId);
        json.WriteString("account_id"u8, AccountId);
        json.WriteString("method"u8, "POST"u8);
        json.WriteString("path"u8, Path);
        json.WritePropertyName("headers"u8);
        json.WriteRawValue(
            """{"content-type":"application/json","user-agent":"claude-cli/2.1.0 (external, cli)"}"""u8,
            skipInputValidation: true);
        json.WriteString("request_type"u8, RequestType);
        json.WriteString("model"u8, Model);
        json.WritePropertyName("body"u8);
        json.WriteRawValue(Body, skipInputValidation: true);
        WriteAnswer(json);
        json.WriteEndObject();
    }

    private void WriteAnswer(Utf8JsonWriter json)
    {
        if (ResponseStatus is { } status)
        {
            json.WriteNumber("response_status"u8, status);
        }
        else
        {
            json.WriteNull("response_status"u8);
        }

        json.WriteBoolean("response_streaming"u8, ResponseStreaming);
        json.WritePropertyName("response_body"u8);
        json.WriteRawValue(ResponseBody ?? "null"u8, skipInputValidation: true);
        json.WriteNumber("input_tokens"u8, InputTokens);
        json.WriteNumber("output_tokens"u8, OutputTokens);
        json.WriteNumber("cache_creation_input_tokens"u8, CacheCreationInputTokens);
        json.WriteNumber("cache_read_input_tokens"u8, CacheReadInputTokens);
        json.WriteStartObject("usage_data"u8);
        json.WriteNumber("input_tokens"u8, InputTokens);
        json.WriteNumber("output_tokens"u8, OutputTokens);
        json.WriteNumber("cache_creation_input_tokens"u8, CacheCreationInputTokens);
        json.WriteNumber("cache_read_input_tokens"u8, CacheReadInputTokens);
        json.WriteEndObject();
        json.WriteNumber("tool_call_count"u8, ToolCallCount);
        if (CompletedAt is { } completedAt)
        {
            json.WriteNumber("duration_ms"u8, (long)(completedAt - Timestamp).TotalMilliseconds);
            WriteTime(json, "completed_at"u8, completedAt);
        }

        if (Error is not null)
        {
            json.WriteString("error"u8, Error);
        }
    }

    private static void WriteTime(Utf8JsonWriter json, ReadOnlySpan<byte> name, DateTimeOffset time)
    {
        Span<byte> text = stackalloc byte[32];
        time.UtcDateTime.TryFormat(
            text, out var length, "yyyy-MM-dd'T'HH:mm:ss.fff'Z'", System.Globalization.CultureInfo.InvariantCulture);
        json.WriteString(name, text[..length]);
    }
}
