using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Nexus.Data.Tests.Conversations;
using Npgsql;
using NpgsqlTypes;

namespace Nexus.Data.Tests.Migrations.Adoption;

/// <summary>
/// Rows as the original leaves them: the golden log, linked in its way and with its faults, and in every table a row with as
/// little and one with as much as its columns take.
/// </summary>
internal static class OriginalRows
{
    /// <summary>The train of the requests that are not of the golden log.</summary>
    public const string EdgeTrain = "edge-club";

    // The most that each column takes.
    private const string Most =
        """
        SELECT jsonb_object_agg(attname, CASE
            WHEN format_type(atttypid, NULL) IN ('character varying', 'character') THEN to_jsonb(repeat('ß', atttypmod - 4))
            WHEN atttypid = 'text'::regtype THEN to_jsonb(repeat('長い文 ', 20000))
            WHEN atttypid = 'integer'::regtype THEN to_jsonb(2147483647)
            WHEN atttypid = 'boolean'::regtype THEN 'true'
            WHEN atttypid = 'jsonb'::regtype THEN '{"a": [1.50, 1e300, null, "\u00e4\u2028\"", {"": {}}], "b": "\\ud83d\\ude00"}'
            WHEN atttypid = 'timestamptz'::regtype THEN '"9999-12-31T23:59:59.999999Z"'
            WHEN atttypid = 'text[]'::regtype THEN '["user:inference", "a,b", "", null]'
            END)
        FROM pg_attribute
        WHERE attrelid = to_regclass(@table) AND attnum > 0 AND NOT attisdropped
        """;

    public static async Task InsertAsync(NpgsqlConnection connection, StartingPoint point)
    {
        await InsertAsync(connection, "api_requests", [.. GoldenRequests(point), .. await EdgesAsync(connection, point)]);
        await InsertAsync(connection, "streaming_chunks", [.. await ChunksAsync(connection)]);
        if (point.Has(11))
        {
            await InsertAsync(connection, "conversation_analyses", [.. await AnalysesAsync(connection)]);
            await InsertAsync(connection, "analysis_audit_log", [.. await AuditLogAsync(connection)]);
        }

        if (point.Has(13))
        {
            await InsertTrainsAsync(connection, hasMembers: point.Has(14));
        }

        if (!point.IsBootstrapped)
        {
            await StartingPoint.ExecuteAsync(connection, "REFRESH MATERIALIZED VIEW hourly_stats");
        }
    }

    private static IEnumerable<JsonObject> GoldenRequests(StartingPoint point)
    {
        using var expected = JsonDocument.Parse(File.ReadAllText(GoldenLog.PathOf("expected-links.json")));
        var links = expected.RootElement.EnumerateArray().ToDictionary(link => Text(link, "label")!);
        var number = 0;
        foreach (var line in GoldenLog.Lines)
        {
            var row = JsonNode.Parse(line)!.AsObject();
            var label = row["label"]!.GetValue<string>();
            var isTask = row["response_body"]?["content"] is JsonArray content
                && content.Any(block => block?["name"]?.GetValue<string>() == "Task");
            row["domain"] = row["train_id"]!.DeepClone();
            row["created_at"] = row["timestamp"]!.DeepClone();
            row["message_count"] = row["body"]?["messages"] is JsonArray messages ? messages.Count : 0;
            row["response_streaming"] = number % 2 == 0;

            // The original never fills the time of completion; what it knows is how long the call took.
            row["duration_ms"] = row["completed_at"] is { } completed
                ? (int)(completed.GetValue<DateTimeOffset>() - row["timestamp"]!.GetValue<DateTimeOffset>()).TotalMilliseconds
                : number;
            row["completed_at"] = null;
            row["account_id"] = number % 5 == 0 ? null : "acc_1";

            // The bootstrap file's own columns; the sum is sometimes missing, and sometimes wrong.
            row["api_key_hash"] = "0123456789abcdef";
            row["total_tokens"] = number % 3 == 0 ? null : 7;
            Link(row, links, label, number, point);
            row["task_tool_invocation"] = isTask ? new JsonArray(new JsonObject { ["name"] = "Task", ["id"] = label }) : null;
            number++;
            yield return row;
        }
    }

    // As the original links: parents by its hashes and in its conversations; what it finds no parent for begins a
    // conversation. Some rows have none, or one that has nothing to do with them.
    private static void Link(
        JsonObject row, Dictionary<string, JsonElement> links, string label, int number, StartingPoint point)
    {
        var link = links[label];
        if (!link.GetProperty("linked").GetBoolean())
        {
            return;
        }

        var isMoved = point.Has(8);
        row["current_message_hash"] = number % 20 == 7 ? null : Text(link, "currentMessageHash");
        row["parent_message_hash"] = Text(link, "parentMessageHash");
        row["system_hash"] = Text(link, "systemHash");
        row["conversation_id"] = number % 25 == 11 ? null : Id(number % 25 == 12 ? $"wrong {number}" : Conversation(label));
        row["branch_id"] = isMoved || !link.GetProperty("isSubtask").GetBoolean() ? Text(link, "branch") : "main";
        row["is_subtask"] = link.GetProperty("isSubtask").GetBoolean() ? true : number % 2 == 0 ? null : false;
        row["parent_task_request_id"] = Request(Text(link, "parentTask"));
        row["parent_request_id"] = number % 10 == 3 ? null : Request(Text(link, "parent"));

        string Conversation(string of)
            => (Text(links[of], "kind"), isMoved) switch
            {
                ("exact" or "system_changed" or "summarization", _) when Text(links[of], "parent") is { } parent
                    => Conversation(parent),
                ("subtask" or "continuation", true) => Conversation(Text(links[of], "conversation")!),
                _ => of,
            };

        string? Request(string? of) => of is null ? null : Text(links[of], "request_id");
    }

    // The least, the most, and some of this week, which the statistics count.
    private static async Task<List<JsonObject>> EdgesAsync(NpgsqlConnection connection, StartingPoint point)
    {
        var rows = new List<JsonObject>
        {
            Edge("least"), await MostAsync(connection, "api_requests"), Edge("task"), Edge("opening"),
        };
        rows[0]["headers"] = point.IsBootstrapped ? null : new JsonObject();
        rows[1]["request_id"] = Id("most");
        rows[1]["response_body"] = new JsonObject { ["content"] = "Task" };

        // What 003 makes a sub-task of, where it is not yet.
        rows[2]["conversation_id"] = Id("task");
        rows[2]["response_body"] = JsonNode.Parse("""
            {"content": [{"type": "tool_use", "id": "t", "name": "Task", "input": {"prompt": "Count"}}]}
            """);
        rows[3]["conversation_id"] = Id("opening");
        rows[3]["body"] = JsonNode.Parse("""{"messages": [{"role": "user", "content": "Count"}]}""");
        for (var hours = 0; hours < 5; hours++)
        {
            var recent = Edge($"recent {hours}");
            recent["timestamp"] = DateTimeOffset.UtcNow.AddHours(-hours);
            recent["model"] = hours == 0 ? null : "claude";
            recent["input_tokens"] = hours;
            rows.Add(recent);
        }

        return rows;

        static JsonObject Edge(string name) => new()
        {
            ["request_id"] = Id(name),
            ["domain"] = EdgeTrain,
            ["train_id"] = EdgeTrain,
            ["timestamp"] = "2024-02-29T23:59:59.999999Z",
            ["method"] = "",
            ["path"] = name,
            ["headers"] = new JsonObject { ["x"] = "y" },
        };
    }

    private static async Task<List<JsonObject>> ChunksAsync(NpgsqlConnection connection)
    {
        var rows = new List<JsonObject>();
        for (var chunk = 0; chunk < 6; chunk++)
        {
            rows.Add(new()
            {
                ["id"] = 1000 + chunk,
                ["request_id"] = Id($"recent {chunk % 2}"),
                ["chunk_index"] = chunk,
                ["timestamp"] = "2025-09-01T08:00:00Z",
                ["data"] = $$$"""{"type": "content_block_delta", "index": {{{chunk}}}}""",
            });
        }

        rows.Add(await MostAsync(connection, "streaming_chunks"));
        rows[^1]["request_id"] = Id("most");
        return rows;
    }

    private static async Task<List<JsonObject>> AnalysesAsync(NpgsqlConnection connection)
    {
        string[] statuses = ["pending", "processing", "completed", "failed"];
        var rows = statuses.Select((status, i) => new JsonObject
        {
            ["id"] = 100 + i,
            ["conversation_id"] = Id("trip-1"),
            ["branch_id"] = $"branch_{i}",
            ["status"] = status,
            ["created_at"] = "2025-09-01T08:00:00Z",
            ["updated_at"] = "2025-09-02T08:00:00Z",
        }).ToList();
        rows.Add(await MostAsync(connection, "conversation_analyses"));
        rows[^1]["id"] = long.MaxValue;
        rows[^1]["conversation_id"] = Id("most");
        rows[^1]["status"] = "completed";
        return rows;
    }

    private static async Task<List<JsonObject>> AuditLogAsync(NpgsqlConnection connection)
    {
        var least = new JsonObject
        {
            ["id"] = 1,
            ["event_type"] = "ANALYSIS_REQUEST",
            ["outcome"] = "INITIATED",
            ["conversation_id"] = Id("trip-1"),
            ["branch_id"] = "main",
            ["domain"] = "unknown",
            ["train_id"] = "unknown",
            ["request_id"] = "nanoid",
            ["timestamp"] = "2025-09-01T08:00:00Z",
        };
        var most = await MostAsync(connection, "analysis_audit_log");
        most["conversation_id"] = Id("most");
        return [least, most];
    }

    private static async Task InsertTrainsAsync(NpgsqlConnection connection, bool hasMembers)
    {
        string[] names = ["least", "most"];
        foreach (var name in names)
        {
            var isMost = name == "most";
            var credential = await RowAsync("anthropic_credentials");
            Default(credential, "account_id", "account_name", "oauth_access_token", "oauth_refresh_token");
            credential["oauth_expires_at"] ??= "2025-09-01T08:00:00Z";
            credential["oauth_scopes"] ??= new JsonArray();
            await InsertAsync(connection, "anthropic_credentials", [credential]);

            var train = await RowAsync("trains");
            Default(train, "train_id", "name");
            await InsertAsync(connection, "trains", [train]);

            var account = await RowAsync("train_accounts");
            account["train_id"] = Id(name);
            account["credential_id"] = Id(name);
            await InsertAsync(connection, "train_accounts", [account]);

            var key = await RowAsync("train_api_keys");
            Default(key, "api_key", "key_prefix", "key_suffix");
            key["train_id"] = Id(name);
            await InsertAsync(connection, "train_api_keys", [key]);

            // The other train has nobody, which is nothing that an update of this level mends.
            if (hasMembers && isMost)
            {
                var member = await RowAsync("train_members");
                member["train_id"] = Id(name);
                member["role"] = "owner";
                await InsertAsync(connection, "train_members", [member]);
            }

            async Task<JsonObject> RowAsync(string table)
            {
                var row = isMost ? await MostAsync(connection, table) : [];
                row["id"] = Id(name);
                return row;
            }

            void Default(JsonObject row, params string[] columns)
            {
                foreach (var column in columns)
                {
                    row[column] ??= name;
                }
            }
        }
    }

    private static async Task<JsonObject> MostAsync(NpgsqlConnection connection, string table)
    {
        await using var command = new NpgsqlCommand(Most, connection);
        command.Parameters.AddWithValue("table", table);
        return JsonNode.Parse((string)(await command.ExecuteScalarAsync())!)!.AsObject();
    }

    private static async Task InsertAsync(NpgsqlConnection connection, string table, JsonObject[] rows)
    {
        await using var command = new NpgsqlCommand(InsertInto(table), connection);
        command.Parameters.Add(new("rows", NpgsqlDbType.Array | NpgsqlDbType.Jsonb)
        {
            Value = rows.Select(row => row.ToJsonString()).ToArray(),
        });
        await command.ExecuteNonQueryAsync();
    }

    // A column without a value is null, as a row type is filled from JSON; names that the level lacks are passed over.
    private static string InsertInto(string table)
        => $"INSERT INTO {table} SELECT filled.* FROM unnest(@rows) AS row, jsonb_populate_record(NULL::{table}, row) AS filled";

    private static string? Text(JsonElement link, string name) => link.GetProperty(name).GetString();

    /// <summary>The same identifier for the same name, always.</summary>
    private static string Id(string name)
        => new Guid(SHA256.HashData(Encoding.UTF8.GetBytes(name)).AsSpan(0, 16)).ToString();
}
