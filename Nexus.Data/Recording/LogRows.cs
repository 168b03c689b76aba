using System.Buffers;
using System.Text.Json;
using Npgsql;

namespace Nexus.Data.Recording;

/// <summary>Rows of the database as lines of a request log.</summary>
internal static class LogRows
{
    /// <summary>The keys are sorted first, which are small; their rows are then fetched one by one in that order. A join that
    /// reads the table as it lies would have all bodies sorted behind it.</summary>
    public const string Settings =
        """
        SET TRANSACTION READ ONLY;
        SET LOCAL jit = off; SET LOCAL work_mem = '64MB';
        SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL enable_material = off
        """;

    private enum Kind
    {
        Uuid,
        Time,
        Text,
        Number,
        Flag,
        Json,

        // Two columns: the JSON, unless the bytes that came were kept, and these.
        Body,
    }

    private static readonly JsonWriterOptions _unchecked = new() { SkipValidation = true };

    // In the order of a line. The hashes of a body that comes back from jsonb would come out otherwise.
    private static readonly (string Name, Kind Kind)[] _columns =
    [
        ("request_id", Kind.Uuid),
        ("timestamp", Kind.Time),
        ("train_id", Kind.Text),
        ("account_id", Kind.Text),
        ("method", Kind.Text),
        ("path", Kind.Text),
        ("headers", Kind.Json),
        ("request_type", Kind.Text),
        ("model", Kind.Text),
        ("api_key_id", Kind.Text),
        ("ip_address", Kind.Text),
        ("body", Kind.Body),
        ("response_status", Kind.Number),
        ("response_headers", Kind.Json),
        ("response_body", Kind.Body),
        ("response_streaming", Kind.Flag),
        ("input_tokens", Kind.Number),
        ("output_tokens", Kind.Number),
        ("cache_creation_input_tokens", Kind.Number),
        ("cache_read_input_tokens", Kind.Number),
        ("total_tokens", Kind.Number),
        ("usage_data", Kind.Json),
        ("tool_call_count", Kind.Number),
        ("first_token_ms", Kind.Number),
        ("duration_ms", Kind.Number),
        ("completed_at", Kind.Time),
        ("error", Kind.Text),
        ("task_tool_invocation", Kind.Json),
        ("current_message_hash", Kind.Text),
        ("parent_message_hash", Kind.Text),
        ("system_hash", Kind.Text),
    ];

    /// <summary>The rows of an export in its order, each with its events.</summary>
    public static string Select(ExportOptions export)
    {
        string?[] conditions =
        [
            export.TrainId is null ? null : "k.train_id = @train",
            export.ConversationId is null ? null : "k.conversation_id = @conversation",
            export.Since is null ? null : "k.\"timestamp\" >= @since",
        ];
        var given = conditions.OfType<string>().ToList();
        return $"""
            SELECT {string.Join(", ", _columns.Select(Column))},
                   events.places, events.times, events.texts, events.tokens
            FROM (SELECT k."timestamp", k.request_id FROM api_requests k
                  {(given.Count > 0 ? "WHERE " + string.Join(" AND ", given) : "")}
                  ORDER BY k."timestamp", k.request_id OFFSET 0) k
            JOIN api_requests r ON r.request_id = k.request_id
            LEFT JOIN LATERAL (
                SELECT array_agg(c.chunk_index ORDER BY c.chunk_index) AS places,
                       array_agg(c."timestamp" ORDER BY c.chunk_index) AS times,
                       array_agg(c.data ORDER BY c.chunk_index) AS texts,
                       array_agg(coalesce(c.token_count, 0) ORDER BY c.chunk_index) AS tokens
                FROM streaming_chunks c WHERE c.request_id = k.request_id) events ON true
            ORDER BY k."timestamp", k.request_id
            """;
    }

    /// <summary>Writes the row as a line, and tells how many events it has.</summary>
    public static int Write(ArrayBufferWriter<byte> buffer, NpgsqlDataReader row)
    {
        int events;
        using (var writer = new Utf8JsonWriter(buffer, _unchecked))
        {
            writer.WriteStartObject();
            var place = 0;
            foreach (var (name, kind) in _columns)
            {
                var columns = kind == Kind.Body ? 2 : 1;
                var given = columns == 2 && row.IsDBNull(place) ? place + 1 : place;
                if (!row.IsDBNull(given))
                {
                    writer.WritePropertyName(name);
                    WriteValue(writer, row, given, kind);
                    if (given != place)
                    {
                        WriteLineEnds(writer, name, row.GetFieldValue<byte[]>(given));
                    }
                }

                place += columns;
            }

            events = WriteEvents(writer, row, place);
            writer.WriteEndObject();
        }

        buffer.Write("\n"u8);
        return events;
    }

    private static string Column((string Name, Kind Kind) column)
        => column.Kind == Kind.Body
            ? $"CASE WHEN r.{column.Name}_original IS NULL THEN r.{column.Name} END, r.{column.Name}_original"
            : $"r.\"{column.Name}\"";

    // Bytes that were kept and have line ends do not stand in a line as they are.
    private static void WriteLineEnds(Utf8JsonWriter writer, string name, byte[] original)
    {
        if (original.AsSpan().ContainsAny((byte)'\n', (byte)'\r'))
        {
            writer.WriteBase64String($"{name}_original", original);
        }
    }

    private static void WriteValue(Utf8JsonWriter writer, NpgsqlDataReader row, int place, Kind kind)
    {
        switch (kind)
        {
            case Kind.Uuid:
                writer.WriteStringValue(row.GetGuid(place));
                break;
            case Kind.Time:
                writer.WriteStringValue(row.GetFieldValue<DateTimeOffset>(place));
                break;
            case Kind.Text:
                writer.WriteStringValue(row.GetString(place));
                break;
            case Kind.Number:
                writer.WriteNumberValue(row.GetInt32(place));
                break;
            case Kind.Flag:
                writer.WriteBooleanValue(row.GetBoolean(place));
                break;
            default:
                writer.WriteRawValue(JsonLines.OnOneLine(row.GetFieldValue<byte[]>(place)).Span, skipInputValidation: true);
                break;
        }
    }

    private static int WriteEvents(Utf8JsonWriter writer, NpgsqlDataReader row, int place)
    {
        if (row.IsDBNull(place))
        {
            return 0;
        }

        var places = row.GetFieldValue<int[]>(place);
        var times = row.GetFieldValue<DateTime[]>(place + 1);
        var texts = row.GetFieldValue<string[]>(place + 2);
        var tokens = row.GetFieldValue<int[]>(place + 3);
        writer.WriteStartArray("streaming_chunks");
        for (var i = 0; i < places.Length; i++)
        {
            writer.WriteStartObject();
            writer.WriteNumber("chunk_index", places[i]);
            writer.WriteString("timestamp", new DateTimeOffset(times[i]));
            writer.WriteString("data", texts[i]);
            writer.WriteNumber("token_count", tokens[i]);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        return places.Length;
    }
}
