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

    // Longer ones do not fit into one string of base 64.
    private const int MostInline = 50 * 1024 * 1024;

    /// <summary>Appends an entry as a whole line, and waits until it is on the disk.</summary>
    /// <exception cref="RejectsException">The disk refuses it; nothing of it stays.</exception>
    public async Task WriteAsync(
        CallWrite? write, ReadOnlyMemory<byte> payload, string reason, CancellationToken cancellationToken)
    {
        try
        {
            if (write is null && payload.Length > MostInline)
            {
                var name = $"rejected-{Guid.CreateVersion7()}.entry";
                await using var entry = Open(name, FileMode.CreateNew);
                await AppendAsync(entry, payload, cancellationToken);
                (payload, reason) = (default, $"{reason} Its bytes are in {name}.");
            }

            await using var file = Open(FileName, FileMode.OpenOrCreate);
            await AppendAsync(file, Line(write, payload, reason), cancellationToken);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new RejectsException($"The rejects in {folder} cannot be written.", exception);
        }
    }

    private FileStream Open(string name, FileMode mode)
    {
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.ReadWrite, Share = FileShare.Read };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return new(Path.Combine(folder, name), options);
    }

    private static async Task AppendAsync(FileStream file, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        // A line that a kill cut off ends here.
        var length = file.Length;
        if (length > 0)
        {
            file.Position = length - 1;
            if (file.ReadByte() != '\n')
            {
                file.WriteByte((byte)'\n');
            }
        }

        try
        {
            await file.WriteAsync(bytes, cancellationToken);
            file.Flush(flushToDisk: true);
        }
        catch
        {
            file.SetLength(length);
            throw;
        }
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

                // Of a body in which something was masked, those of the one that came.
                writer.WriteString("current_message_hash", row.Hashes?.CurrentMessageHash);
                writer.WriteString("parent_message_hash", row.Hashes?.ParentMessageHash);
                writer.WriteString("system_hash", row.Hashes?.SystemHash);
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
                Number(writer, "response_status", answer.Status);
                Json(writer, "response_headers", answer.Headers is { } headers ? Encoding.UTF8.GetBytes(headers) : null);
                Json(writer, "response_body", answer.Answer is { } body ? body.Original ?? body.Json : null);
                Json(writer, "usage_data", answer.Facts.UsageJson);
                Json(writer, "task_tool_invocation", answer.Facts.TaskInvocations);
                Number(writer, "input_tokens", answer.Facts.InputTokens);
                Number(writer, "output_tokens", answer.Facts.OutputTokens);
                Number(writer, "cache_creation_input_tokens", answer.Facts.CacheCreationInputTokens);
                Number(writer, "cache_read_input_tokens", answer.Facts.CacheReadInputTokens);
                Number(writer, "duration_ms", answer.DurationMs);
                writer.WriteString("completed_at", answer.CompletedAt);
                writer.WriteString("error", answer.Error);
                break;
        }
    }

    private static void Number(Utf8JsonWriter writer, string name, int? value)
    {
        if (value is { } number)
        {
            writer.WriteNumber(name, number);
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

/// <summary>The rejects cannot be written: what was to go there is kept.</summary>
internal sealed class RejectsException(string message, Exception innerException) : Exception(message, innerException);
