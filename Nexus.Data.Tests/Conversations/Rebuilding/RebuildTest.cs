using Nexus.Data.Conversations.Rebuilding;
using Nexus.Data.Recording;
using Nexus.Data.Seeding.Traffic;
using Nexus.Data.Tests.Fixtures;
using Npgsql;

namespace Nexus.Data.Tests.Conversations.Rebuilding;

/// <summary>Imports logs, spoils what is stored of their links, rebuilds, and reads all of it back.</summary>
public abstract class RebuildTest : LinkingTest
{
    /// <summary>Takes the places away alone, and leaves what the bodies tell.</summary>
    protected const string Unplace = $"UPDATE api_requests SET {NoPlace} {Linked}";

    /// <summary>Takes every link away and leaves the original's hashes, as on an adopted database.</summary>
    protected const string Wipe =
        $"""
        UPDATE api_requests SET {NoPlace}, unlinked_because = NULL,
            link_hash = NULL, link_version = NULL, stable_system_hash = NULL, answer_hash = NULL, user_id_hash = NULL,
            link_facts = NULL, message_count = NULL, model = NULL
        {Linked};
        TRUNCATE task_prompts, summary_keys, link_waits
        """;

    /// <summary>Takes the original's hashes away too.</summary>
    protected const string WipeAll =
        $"""
        {Wipe};
        UPDATE api_requests SET current_message_hash = NULL, parent_message_hash = NULL, system_hash = NULL
        """;

    /// <summary>Puts requests into each other's places.</summary>
    protected const string Scramble =
        """
        WITH other AS (
            SELECT request_id, lag(request_id) OVER shuffled AS id, lag(conversation_id, 3) OVER shuffled AS conversation,
                   lag(branch_id) OVER shuffled AS branch, lag(link_kind, 2) OVER shuffled AS kind
            FROM api_requests WINDOW shuffled AS (ORDER BY md5(request_id::text)))
        UPDATE api_requests r SET conversation_id = conversation, branch_id = branch, parent_request_id = other.id,
            parent_task_request_id = other.id, is_subtask = NOT is_subtask, link_kind = kind, link_distance = 7,
            claims_branch = NOT claims_branch, unlinked_because = 'Scrambled.'
        FROM other WHERE other.request_id = r.request_id;
        UPDATE task_prompts SET subtask_request_id = NULL, tool_use_id = 'none';
        DELETE FROM link_waits WHERE request_id > '80000000-0000-0000-0000-000000000000';
        INSERT INTO link_waits SELECT request_id, '\x00', train_id, "timestamp" FROM api_requests;
        DELETE FROM summary_keys WHERE request_id > '80000000-0000-0000-0000-000000000000'
        """;

    private const string NoPlace =
        """
        conversation_id = NULL, branch_id = NULL, parent_request_id = NULL, parent_task_request_id = NULL,
        is_subtask = NULL, link_kind = NULL, link_distance = NULL, link_candidates = NULL, retry_of_request_id = NULL,
        claims_branch = NULL
        """;

    private const string Linked = "WHERE request_type IS NULL OR request_type NOT IN ('token_count', 'quota')";

    private const string Links =
        """
        SELECT 'request', request_id, train_id, conversation_id, branch_id, parent_request_id, parent_task_request_id,
               is_subtask, link_kind, link_distance, link_candidates, retry_of_request_id, claims_branch, unlinked_because,
               current_message_hash, parent_message_hash, system_hash, link_version, link_hash, stable_system_hash,
               answer_hash, user_id_hash, link_facts, message_count, model
        FROM api_requests ORDER BY "timestamp", request_id;
        SELECT 'prompt', * FROM task_prompts ORDER BY request_id, ordinal;
        SELECT 'key', * FROM summary_keys ORDER BY request_id, key;
        SELECT 'wait', * FROM link_waits ORDER BY request_id, key
        """;

    protected async Task<RebuildReport> RebuildAsync(Action<RebuildOptions>? how = null)
    {
        var options = new RebuildOptions { Execute = true };
        how?.Invoke(options);
        return await new ConversationRebuilder(new Contexts(ConnectionString)).RebuildAsync(options);
    }

    protected async Task ImportGoldenAsync()
    {
        await using var log = File.OpenRead(GoldenLog.PathOf("request-log.jsonl"));
        await new RequestImporter(new Contexts(ConnectionString)).ImportAsync(log);
    }

    protected async Task ImportTrafficAsync(TrafficOptions options, int count, int batch = 200)
    {
        using var log = new MemoryStream();
        new RequestTraffic(options).ToLines(count, log);
        log.Position = 0;
        await new RequestImporter(new Contexts(ConnectionString)).ImportAsync(log, new() { BatchSize = batch });
    }

    /// <summary>All links and what is stored beside them, a line for each row.</summary>
    protected Task<List<string>> LinksAsync() => RowsAsync(Links);

    protected async Task<List<string>> RowsAsync(string sql)
    {
        var rows = new List<string>();
        await using var connection = new NpgsqlConnection(ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 300 };
        await using var reader = await command.ExecuteReaderAsync();
        do
        {
            while (await reader.ReadAsync())
            {
                var values = new object[reader.FieldCount];
                reader.GetValues(values);
                rows.Add(string.Join(" | ", values.Select((value, column) => $"{reader.GetName(column)}: {Text(value)}")));
            }
        }
        while (await reader.NextResultAsync());
        return rows;

        static string Text(object value) => value switch
        {
            DBNull => "null",
            byte[] bytes => Convert.ToHexString(bytes),
            DateTime time => time.ToString("O"),
            _ => value.ToString()!,
        };
    }

    /// <summary>Names the first rows that differ rather than all that there are.</summary>
    protected static void AssertSame(List<string> actual, List<string> expected)
    {
        var wrong = actual.Zip(expected).Where(pair => pair.First != pair.Second)
            .Select(pair => $"expected {pair.Second}\n but was {pair.First}").ToList();
        Assert.Multiple(() =>
        {
            Assert.That(string.Join("\n", wrong.Take(10)), Is.Empty, $"{wrong.Count} wrong");
            Assert.That(actual, Has.Count.EqualTo(expected.Count));
        });
    }
}
