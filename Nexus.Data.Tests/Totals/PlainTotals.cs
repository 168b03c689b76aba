using Npgsql;

namespace Nexus.Data.Tests.Totals;

/// <summary>What totals have to be, by statements that anyone sees to be right.</summary>
internal static class PlainTotals
{
    private const string Branches =
        """
        SELECT train_id, conversation_id, coalesce(branch_id, 'main'), coalesce(account_id, ''), coalesce(model, ''),
               count(*), sum(CASE WHEN is_subtask THEN 1 ELSE 0 END), count(retry_of_request_id),
               sum(CASE WHEN error IS NOT NULL OR response_status < 200 OR response_status > 299 THEN 1 ELSE 0 END),
               max(coalesce(message_count, 0)), sum(coalesce(input_tokens, 0)), sum(coalesce(output_tokens, 0)),
               sum(coalesce(cache_creation_input_tokens, 0)), sum(coalesce(cache_read_input_tokens, 0)),
               sum(coalesce(tool_call_count, 0)), min("timestamp"), max("timestamp")
        FROM api_requests WHERE conversation_id IS NOT NULL
        GROUP BY 1, 2, 3, 4, 5
        """;

    private const string Conversations =
        """
        SELECT train_id, conversation_id, min("timestamp"), max("timestamp"), coalesce(max(is_subtask::int), 0) = 1,
               max(CASE WHEN coalesce(branch_id, 'main') = 'main' OR branch_id ~ '^(subtask|compact)_' THEN 0 ELSE 1 END) = 1
        FROM api_requests WHERE conversation_id IS NOT NULL
        GROUP BY 1, 2
        """;

    private const string Hours =
        """
        SELECT train_id, date_trunc('hour', "timestamp" AT TIME ZONE 'UTC') AT TIME ZONE 'UTC', coalesce(account_id, ''),
               coalesce(model, ''), coalesce(request_type, ''), count(*),
               sum(CASE WHEN error IS NOT NULL OR response_status < 200 OR response_status > 299 THEN 1 ELSE 0 END),
               sum(coalesce(input_tokens, 0)), sum(coalesce(output_tokens, 0)),
               sum(coalesce(cache_creation_input_tokens, 0)), sum(coalesce(cache_read_input_tokens, 0)),
               sum(coalesce(tool_call_count, 0)), sum(coalesce(duration_ms, 0)), count(duration_ms)
        FROM api_requests
        GROUP BY 1, 2, 3, 4, 5
        """;

    private const string StoredHours =
        """
        SELECT train_id, hour, account_id, model, request_type, sum(request_count), sum(failed_count), sum(input_tokens),
               sum(output_tokens), sum(cache_creation_input_tokens), sum(cache_read_input_tokens), sum(tool_call_count),
               sum(duration_ms), sum(timed_count)
        FROM hourly_totals GROUP BY 1, 2, 3, 4, 5 HAVING sum(request_count) <> 0
        """;

    private const string StoredBranches =
        """
        SELECT train_id, conversation_id, branch_id, account_id, model, request_count, subtask_count, retry_count,
               failed_count, message_count, input_tokens, output_tokens, cache_creation_input_tokens,
               cache_read_input_tokens, tool_call_count, first_at, last_at
        FROM branch_totals
        """;

    private const string StoredConversations =
        "SELECT train_id, conversation_id, first_at, last_at, has_subtasks, has_forks FROM conversation_totals";

    private const string Latest =
        """
        SELECT b.latest_request_id FROM branch_totals b
        WHERE b.latest_request_id IS DISTINCT FROM (
            SELECT r.request_id FROM api_requests r
            WHERE r.train_id = b.train_id AND r.conversation_id = b.conversation_id
              AND coalesce(r.branch_id, 'main') = b.branch_id AND coalesce(r.account_id, '') = b.account_id
              AND coalesce(r.model, '') = b.model
            ORDER BY r."timestamp" DESC, r.request_id DESC LIMIT 1)
        """;

    /// <summary>Rows that are on one side alone, as text.</summary>
    public static async Task<List<string>> DifferencesAsync(string connectionString)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        var differences = new List<string>();
        foreach (var sql in new[]
                 {
                     Except(Branches, StoredBranches), Except(StoredBranches, Branches),
                     Except(Conversations, StoredConversations), Except(StoredConversations, Conversations),
                     Except(Hours, StoredHours), Except(StoredHours, Hours),
                     $"SELECT latest::text FROM ({Latest}) latest",
                 })
        {
            await using var command = source.CreateCommand(sql);
            command.CommandTimeout = 300;
            await using var reader = await command.ExecuteReaderAsync();
            while (await reader.ReadAsync())
            {
                differences.Add(reader.GetString(0));
            }
        }

        return differences;
    }

    private static string Except(string left, string right) => $"SELECT d::text FROM (({left}) EXCEPT ALL ({right})) d";
}
