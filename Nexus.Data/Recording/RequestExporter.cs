using System.Buffers;
using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Nexus.Data.Requests;

namespace Nexus.Data.Recording;

/// <summary>Writes requests as a request log, in the order of their times: the other end of <see cref="RequestImporter"/>.</summary>
/// <param name="contexts">Makes the context that is read from.</param>
public sealed class RequestExporter(IDbContextFactory<NexusDbContext> contexts)
{
    private static readonly JsonWriterOptions _unchecked = new() { SkipValidation = true };

    /// <summary>Writes requests, one JSON object a line. Bodies are the bytes that came, where they were kept, else the
    /// same JSON values.</summary>
    /// <param name="log">Where the log goes; the caller disposes it.</param>
    /// <param name="trainId">The train; null for all.</param>
    /// <param name="cancellationToken">Stops between lines.</param>
    /// <returns>The number of lines.</returns>
    public async Task<long> ExportAsync(
        Stream log, string? trainId = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(log);

        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var requests = db.Requests.AsNoTracking().Where(request => trainId == null || request.TrainId == trainId)
            .OrderBy(request => request.Timestamp).ThenBy(request => request.RequestId);
        long lines = 0;
        var buffer = new ArrayBufferWriter<byte>();
        await foreach (var request in requests.AsAsyncEnumerable().WithCancellation(cancellationToken))
        {
            buffer.ResetWrittenCount();
            Write(buffer, request);
            await log.WriteAsync(buffer.WrittenMemory, cancellationToken);
            lines++;
        }

        await log.FlushAsync(cancellationToken);
        return lines;
    }

    private static void Write(ArrayBufferWriter<byte> buffer, ApiRequest request)
    {
        using (var writer = new Utf8JsonWriter(buffer, _unchecked))
        {
            writer.WriteStartObject();
            writer.WriteString("request_id", request.RequestId);
            writer.WriteString("timestamp", request.Timestamp);
            writer.WriteString("train_id", request.TrainId);
            Text("account_id", request.AccountId);
            writer.WriteString("method", request.Method);
            writer.WriteString("path", request.Path);
            Json("headers", Utf8(request.Headers));
            Text("request_type", request.RequestType);
            Text("model", request.Model);
            Text("api_key_id", request.ApiKeyId);
            Text("ip_address", request.IpAddress);
            Json("body", request.GetBody());
            Number("response_status", request.ResponseStatus);
            Json("response_headers", Utf8(request.ResponseHeaders));
            Json("response_body", request.GetResponseBody());
            if (request.ResponseStreaming is { } streaming)
            {
                writer.WriteBoolean("response_streaming", streaming);
            }

            Number("input_tokens", request.InputTokens);
            Number("output_tokens", request.OutputTokens);
            Number("cache_creation_input_tokens", request.CacheCreationInputTokens);
            Number("cache_read_input_tokens", request.CacheReadInputTokens);
            Number("total_tokens", request.TotalTokens);
            Json("usage_data", Utf8(request.UsageData));
            Number("tool_call_count", request.ToolCallCount);
            Number("first_token_ms", request.FirstTokenMs);
            Number("duration_ms", request.DurationMs);
            if (request.CompletedAt is { } completed)
            {
                writer.WriteString("completed_at", completed);
            }

            Text("error", request.Error);
            Json("task_tool_invocation", Utf8(request.TaskToolInvocation));

            // Of a body that comes back from jsonb they would come out otherwise.
            Text("current_message_hash", request.CurrentMessageHash);
            Text("parent_message_hash", request.ParentMessageHash);
            Text("system_hash", request.SystemHash);
            writer.WriteEndObject();

            void Text(string name, string? value)
            {
                if (value is not null)
                {
                    writer.WriteString(name, value);
                }
            }

            void Number(string name, int? value)
            {
                if (value is { } number)
                {
                    writer.WriteNumber(name, number);
                }
            }

            void Json(string name, ReadOnlyMemory<byte>? value)
            {
                if (value is { } json)
                {
                    writer.WritePropertyName(name);
                    writer.WriteRawValue(OnOneLine(json).Span, skipInputValidation: true);
                }
            }
        }

        buffer.Write("\n"u8);
    }

    // An array that is null would become an empty memory and not none.
    private static ReadOnlyMemory<byte>? Utf8(string? text)
        => text is null ? default(ReadOnlyMemory<byte>?) : Encoding.UTF8.GetBytes(text);

    // A line end in a JSON text is white space between its tokens.
    private static ReadOnlyMemory<byte> OnOneLine(ReadOnlyMemory<byte> json)
    {
        if (!json.Span.ContainsAny((byte)'\n', (byte)'\r'))
        {
            return json;
        }

        var line = json.ToArray();
        line.AsSpan().Replace((byte)'\n', (byte)' ');
        line.AsSpan().Replace((byte)'\r', (byte)' ');
        return line;
    }
}
