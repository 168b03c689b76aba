using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Text.Unicode;
using Nexus.Data.Masking;
using Nexus.Data.Persistence;
using Nexus.Data.Recording.Answers;
using Nexus.Data.Requests;

namespace Nexus.Data.Recording;

/// <summary>
/// One line of a request log: a JSON object whose names are those of the columns of <c>api_requests</c>. Names that it
/// does not know are passed over, and so are conversations and parents: linking finds them.
/// </summary>
internal static partial class RequestLogLine
{
    /// <summary>Reads a line into a request that no context tracks yet.</summary>
    /// <exception cref="NexusDataException">The line is wrong; the message says what of it, and how it should be.</exception>
    public static ApiRequest Read(ReadOnlyMemory<byte> line) => Read(line, new(new()), keepsOriginal: false, out _);

    /// <summary>Reads a line into a request and the events of its streamed answer, which no context tracks yet.</summary>
    /// <param name="line">The line.</param>
    /// <param name="masker">Masks what is read.</param>
    /// <param name="keepsOriginal">Whether the bytes of bodies are kept.</param>
    /// <param name="chunks">The events.</param>
    /// <exception cref="NexusDataException">The line is wrong; the message says what of it, and how it should be.</exception>
    public static ApiRequest Read(
        ReadOnlyMemory<byte> line, SecretMasker masker, bool keepsOriginal, out List<StreamingChunk> chunks)
    {
        if (!Utf8.IsValid(line.Span))
        {
            throw Refused("The line is not UTF-8");
        }

        try
        {
            var reader = new Reader(line);
            var request = reader.Read(masker, keepsOriginal);
            chunks = reader.ReadChunks(request, masker);
            return request;
        }
        catch (JsonException exception)
        {
            throw Refused($"It is no JSON: it breaks at byte {exception.BytePositionInLine + 1}", exception);
        }
    }

    private static NexusDataException Refused(string reason, Exception? inner = null)
        => new(NexusDataErrorKind.Validation, reason + ".", inner);

    [GeneratedRegex(@"(?:[zZ]|[+-]\d\d(?::?\d\d)?)$")]
    private static partial Regex Zone();

    [GeneratedRegex("^[0-9a-f]{64}$")]
    private static partial Regex Hash();

    // The values by name, as slices of the line: the bodies are not copied before they are stored.
    private sealed class Reader(ReadOnlyMemory<byte> line)
    {
        private readonly Dictionary<string, (JsonTokenType Type, Range Raw)> _values = new(StringComparer.Ordinal);

        public ApiRequest Read(SecretMasker masker, bool keepsOriginal)
        {
            Scan();
            var train = Text("train_id", 255) ?? Text("domain", 255) ?? throw Missing("train_id");
            var request = new ApiRequest
            {
                RequestId = Uuid("request_id"),
                TrainId = train,
                Timestamp = Time("timestamp") ?? throw Missing("timestamp"),
                Method = Text("method", 10) ?? "POST",
                Path = RequestIntake.Shortened(masker.MaskPath(train, Text("path", 1024) ?? "/v1/messages")),
                Headers = masker.MaskHeaders(train, Json("headers") ?? "{}"),
                Model = Text("model", 100),
                RequestType = Text("request_type", 50),
                AccountId = Text("account_id", 255),
                ApiKeyId = Text("api_key_id", 50),
                IpAddress = Text("ip_address", 45),
                ResponseStatus = Number("response_status"),
                ResponseHeaders = Json("response_headers") is { } headers ? masker.MaskHeaders(train, headers) : null,
                ResponseStreaming = Flag("response_streaming"),
                InputTokens = Number("input_tokens"),
                OutputTokens = Number("output_tokens"),
                CacheCreationInputTokens = Number("cache_creation_input_tokens"),
                CacheReadInputTokens = Number("cache_read_input_tokens"),
                TotalTokens = Number("total_tokens") ?? AnswerFacts.Total(Number("input_tokens"), Number("output_tokens")),
                UsageData = Masked("usage_data"),
                ToolCallCount = Number("tool_call_count"),
                FirstTokenMs = Number("first_token_ms"),
                DurationMs = Number("duration_ms"),
                CompletedAt = Time("completed_at"),
                Error = Text("error", int.MaxValue) is { } error ? masker.MaskText(train, error) : null,
                TaskToolInvocation = Masked("task_tool_invocation"),
                CurrentMessageHash = HashOf("current_message_hash"),
                ParentMessageHash = HashOf("parent_message_hash"),
                SystemHash = HashOf("system_hash"),
            };
            if (Original("body_original") is { } original)
            {
                RequestIntake.SetBody(request, original, masker.MaskJson(train, original), keepsOriginal: true);
            }
            else if (Raw("body") is { } body)
            {
                RequestIntake.SetBody(request, body, masker.MaskJson(train, body), keepsOriginal);
            }

            if (Original("response_body_original") is { } given)
            {
                request.SetResponseBody(masker.MaskJson(train, given).Json, keepOriginal: true);
            }
            else if (Raw("response_body") is { } answer)
            {
                request.SetResponseBody(masker.MaskJson(train, answer).Json, keepsOriginal);
            }

            return request;

            string? Masked(string name)
                => Raw(name) is { } raw
                    ? StoredJson.TextOf(masker.MaskJson(train, raw).Json, name)
                    : null;
        }

        // The bytes that came, where they have line ends and so cannot stand in the line.
        private ReadOnlyMemory<byte>? Original(string name)
        {
            if (Text(name, int.MaxValue) is not { } text)
            {
                return null;
            }

            try
            {
                return Convert.FromBase64String(text);
            }
            catch (FormatException exception)
            {
                throw Refused($"{name} is not in base 64", exception);
            }
        }

        public List<StreamingChunk> ReadChunks(ApiRequest request, SecretMasker masker)
        {
            var chunks = ReadChunks(request);
            var events = chunks.ConvertAll(
                chunk => new StreamEvent(chunk.ChunkIndex, chunk.Timestamp, Encoding.UTF8.GetBytes(chunk.Data)));
            var masked = StreamMask.Apply(masker, request.TrainId, events);
            return [.. chunks.Select((chunk, i) => masked[i].Equals(events[i]) ? chunk : new()
            {
                RequestId = chunk.RequestId,
                ChunkIndex = chunk.ChunkIndex,
                Timestamp = chunk.Timestamp,
                Data = Encoding.UTF8.GetString(masked[i].Data.Span),
                TokenCount = chunk.TokenCount,
            })];
        }

        private List<StreamingChunk> ReadChunks(ApiRequest request)
        {
            var chunks = new List<StreamingChunk>();
            foreach (var chunk in Items("streaming_chunks"))
            {
                chunk.Scan();
                chunks.Add(new()
                {
                    RequestId = request.RequestId,
                    ChunkIndex = chunk.Number("chunk_index") ?? throw Missing("chunk_index of an event"),
                    Timestamp = chunk.Time("timestamp") ?? throw Missing("timestamp of an event"),
                    Data = chunk.Text("data", int.MaxValue) ?? throw Missing("data of an event"),
                    TokenCount = chunk.Number("token_count"),
                });
            }

            return chunks.Select(chunk => chunk.ChunkIndex).Distinct().Count() == chunks.Count
                ? chunks
                : throw Refused("streaming_chunks has one chunk_index twice");
        }

        // The objects of an array, each as a line of its own.
        private List<Reader> Items(string name)
        {
            var items = new List<Reader>();
            if (Raw(name) is not { } raw)
            {
                return items;
            }

            var reader = new Utf8JsonReader(raw.Span, new JsonReaderOptions { MaxDepth = int.MaxValue });
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartArray)
            {
                throw Refused($"{name} is no array");
            }

            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                items.Add(new(raw[start..(int)reader.BytesConsumed]));
            }

            return items;
        }

        private void Scan()
        {
            var reader = new Utf8JsonReader(line.Span, new JsonReaderOptions { MaxDepth = int.MaxValue });
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                throw Refused("It is no JSON object");
            }

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var name = TextOf(line.Span[(int)reader.TokenStartIndex..(int)reader.BytesConsumed].TrimEnd(": \t"u8));
                reader.Read();
                var start = (int)reader.TokenStartIndex;
                var type = reader.TokenType;
                reader.Skip();
                _values[name] = (type, start..(int)reader.BytesConsumed);
            }

            // Whatever stands behind the object is an error that the reader throws.
            while (reader.Read())
            {
            }
        }

        private ReadOnlyMemory<byte>? Raw(string name)
            => _values.TryGetValue(name, out var value) && value.Type != JsonTokenType.Null
                ? line[value.Raw]
                : default(ReadOnlyMemory<byte>?);

        private string? Json(string name)
            => Raw(name) is { } raw ? StoredJson.TextOf(raw, name) : null;

        private string? Text(string name, int most)
        {
            if (Raw(name) is not { } raw)
            {
                return null;
            }

            if (_values[name].Type != JsonTokenType.String)
            {
                throw Refused($"{name} is no text");
            }

            var text = TextOf(raw.Span);
            return text.Contains('\0', StringComparison.Ordinal) ? throw Refused($"{name} holds U+0000")
                : text.Length > most ? throw Refused($"{name} has {text.Length} characters; {most} can be stored")
                : text;
        }

        // Lone surrogates, which a JSON text may spell and UTF-8 may not, become U+FFFD.
        private static string TextOf(ReadOnlySpan<byte> raw)
        {
            var stored = StoredJson.Of(raw.ToArray(), "text").Json;
            var isCut = !raw.Contains((byte)'\\') || raw.SequenceEqual(stored);
            return JsonSerializer.Deserialize<string>(isCut ? raw : stored)!;
        }

        private Guid Uuid(string name)
        {
            var text = Text(name, int.MaxValue) ?? throw Missing(name);
            return Guid.TryParseExact(text, "D", out var id) ? id
                : throw Refused($"{name} is no UUID: {Shown(text)}");
        }

        private DateTimeOffset? Time(string name)
        {
            if (Text(name, int.MaxValue) is not { } text)
            {
                return null;
            }

            if (!DateTimeOffset.TryParse(
                    text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal,
                    out var time)
                || !text.AsSpan().ContainsAnyInRange('0', '9'))
            {
                throw Refused($"{name} is no time: {Shown(text)}");
            }

            if (text.Length < 11 || !Zone().IsMatch(text[10..]))
            {
                throw Refused($"{name} has no zone: {Shown(text)}; end it with Z or an offset");
            }

            return StoredTime.Of(time);
        }

        private int? Number(string name)
        {
            if (Raw(name) is not { } raw)
            {
                return null;
            }

            return _values[name].Type == JsonTokenType.Number
                   && int.TryParse(raw.Span, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
                ? number
                : throw Refused($"{name} is no whole number of 32 bits: {Shown(Encoding.UTF8.GetString(raw.Span))}");
        }

        private bool? Flag(string name)
            => Raw(name) is null ? null : _values[name].Type switch
            {
                JsonTokenType.True => true,
                JsonTokenType.False => false,
                _ => throw Refused($"{name} is neither true nor false"),
            };

        private string? HashOf(string name)
            => Text(name, int.MaxValue) is not { } text ? null
                : Hash().IsMatch(text) ? text
                : throw Refused($"{name} is no hash of 64 hexadecimal digits");

        private static NexusDataException Missing(string name) => Refused($"{name} is missing");

        private static string Shown(string text) => text.Length <= 40 ? $"'{text}'" : $"'{text[..40]}…'";
    }
}
