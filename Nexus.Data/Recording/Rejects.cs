using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Nexus.Data.Recording;

/// <summary>
/// Keeps what the queue could not store, one JSON object a line, with the reason: names as in a request log, so that a call
/// can be imported when the cause is mended.
/// </summary>
internal sealed class Rejects(string folder)
{
    private const string FileName = "rejects.jsonl";

    /// <summary>Appends an entry, and waits until it is on the disk.</summary>
    public async Task WriteAsync(
        CallWrite? write, ReadOnlyMemory<byte> payload, string reason, CancellationToken cancellationToken)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.Append,
            Access = FileAccess.Write,
            Share = FileShare.Read,
        };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        await using var file = new FileStream(Path.Combine(folder, FileName), options);
        await file.WriteAsync(Line(write, payload, reason), cancellationToken);
        file.Flush(flushToDisk: true);
    }

    private static ReadOnlyMemory<byte> Line(CallWrite? write, ReadOnlyMemory<byte> payload, string reason)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("rejected_because", reason);
            if (write is null)
            {
                writer.WriteBase64String("entry", payload.Span);
            }
            else
            {
                writer.WriteString("request_id", write.RequestId);
                writer.WriteString("train_id", write.TrainId);
                Write(writer, write);
            }

            writer.WriteEndObject();
        }

        buffer.Write("\n"u8);
        return buffer.WrittenMemory;
    }

    private static void Write(Utf8JsonWriter writer, CallWrite write)
    {
        switch (write)
        {
            case RequestWrite { Row: var row }:
                writer.WriteString("timestamp", row.Timestamp);
                writer.WriteString("method", row.Method);
                writer.WriteString("path", row.Path);
                Json(writer, "headers", Encoding.UTF8.GetBytes(row.Headers));
                writer.WriteString("request_type", row.RequestType);
                writer.WriteString("account_id", row.AccountId);
                writer.WriteString("api_key_id", row.ApiKeyId);
                writer.WriteString("ip_address", row.IpAddress);
                Json(writer, "body", row.GetBody());
                break;
            case ChunksWrite { Events: var events }:
                writer.WriteStartArray("streaming_chunks");
                foreach (var item in events)
                {
                    writer.WriteStartObject();
                    writer.WriteNumber("chunk_index", item.Index);
                    writer.WriteString("timestamp", item.Timestamp);
                    writer.WriteString("data", item.Data.Span);
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
                break;
            case AnswerWrite answer:
                if (answer.Status is { } status)
                {
                    writer.WriteNumber("response_status", status);
                }

                Json(writer, "response_headers", answer.Headers is { } headers ? Encoding.UTF8.GetBytes(headers) : null);
                Json(writer, "response_body", answer.Answer is { } body ? body.Original ?? body.Json : null);
                Json(writer, "usage_data", answer.Facts.UsageJson);
                writer.WriteString("completed_at", answer.CompletedAt);
                writer.WriteString("error", answer.Error);
                break;
        }
    }

    private static void Json(Utf8JsonWriter writer, string name, byte[]? json)
        => Json(writer, name, json is null ? default(ReadOnlyMemory<byte>?) : json);

    // Without its line ends, which are white space between tokens: a line holds one entry.
    private static void Json(Utf8JsonWriter writer, string name, ReadOnlyMemory<byte>? json)
    {
        if (json is { } value)
        {
            writer.WritePropertyName(name);
            writer.WriteRawValue(JsonLines.OnOneLine(value).Span, skipInputValidation: true);
        }
    }
}
