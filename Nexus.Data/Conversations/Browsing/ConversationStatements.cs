using System.Globalization;
using Nexus.Data.Conversations.Searching;
using Nexus.Data.Persistence;
using Npgsql;

namespace Nexus.Data.Conversations.Browsing;

/// <summary>The statements of <see cref="ConversationQueries"/>. What is not asked for is not in them, so that each plan is that
/// of its filter.</summary>
internal static class ConversationStatements
{
    /// <summary>A page of conversations, each with its parts, one row a part: latest first, and the latest part of each first.
    /// </summary>
    /// <param name="filter">What is listed.</param>
    /// <param name="after">Where the page before ended; null for the first.</param>
    /// <param name="limit">The most conversations. In the text, for the planner knows no other number.</param>
    public static (string Sql, List<NpgsqlParameter> Parameters) List(
        ConversationFilter filter, PageCursor.Key? after, int limit)
    {
        var parameters = new List<NpgsqlParameter>();
        var (table, conditions) = filter.AccountId is null && filter.Model is null
            ? ("conversation_totals", Flags("listed", filter))
            : ("branch_totals", LatestOf(filter, parameters));
        conditions += TrainAndTime.Conditions("listed", "last_at", filter.TrainId, filter.From, filter.To, parameters);
        if (after is not null)
        {
            parameters.Add(DbCommands.Time("after_time", after.Time(0)));
            parameters.Add(DbCommands.Uuid("after_id", after.Id(1)));
            parameters.Add(DbCommands.Sought("after_train", after.Text(2)));
            conditions +=
                " AND (listed.last_at, listed.conversation_id, listed.train_id) < (@after_time, @after_id, @after_train)";
        }

        var order = string.Create(CultureInfo.InvariantCulture, $"{Order} LIMIT {limit}");
        if (filter.Text is null)
        {
            return ($"WITH page AS MATERIALIZED ({Listed} {table} listed WHERE true{conditions}{order}){End}", parameters);
        }

        parameters.Add(DbCommands.Text("words", filter.Text));
        return ($"WITH {WithWords(table, filter, conditions, order)}{End}", parameters);
    }

    /// <summary>All requests of a conversation, by time, one more than a tree has.</summary>
    public static string Tree(bool ofTrain) => string.Create(
        CultureInfo.InvariantCulture,
        $"""
        SELECT {Node} FROM api_requests r
        WHERE r.conversation_id = @conversation{(ofTrain ? " AND r.train_id = @train" : "")}
        ORDER BY r."timestamp", r.request_id LIMIT {ConversationQueries.LargestTree + 1}
        """);

    private const string Listed = "SELECT listed.train_id, listed.conversation_id, listed.last_at FROM";

    private const string Order = " ORDER BY listed.last_at DESC, listed.conversation_id DESC, listed.train_id DESC";

    // Each OFFSET 0 is a fence: a look-up for each row of the page, whatever the planner thinks of the tables' sizes. Of the
    // requests only the latest of each conversation is looked up.
    private const string End =
        """

        SELECT page.train_id, page.conversation_id, page.last_at, part.branch_id, part.account_id, part.model,
               part.request_count, part.subtask_count, part.retry_count, part.failed_count, part.message_count,
               part.input_tokens, part.output_tokens, part.cache_creation_input_tokens, part.cache_read_input_tokens,
               part.tool_call_count, part.first_at, part.last_at, part.latest_request_id, latest.context_tokens
        FROM page
        CROSS JOIN LATERAL (
            SELECT b.*, row_number() OVER (ORDER BY b.last_at DESC, b.latest_request_id DESC) AS place
            FROM branch_totals b
            WHERE b.train_id = page.train_id AND b.conversation_id = page.conversation_id
            OFFSET 0) part
        LEFT JOIN LATERAL (
            SELECT r.input_tokens::bigint + coalesce(r.cache_creation_input_tokens, 0)
                   + coalesce(r.cache_read_input_tokens, 0) AS context_tokens
            FROM api_requests r
            WHERE r.request_id = CASE WHEN part.place = 1 THEN part.latest_request_id END
            OFFSET 0) latest ON true
        ORDER BY page.last_at DESC, page.conversation_id DESC, page.train_id DESC, part.place
        """;

    private const string Node =
        """
        r.request_id, r.train_id, r.parent_request_id, r.retry_of_request_id, r.parent_task_request_id, r.branch_id, r.link_kind,
        r.link_distance, r.is_subtask, r."timestamp", r.completed_at, r.duration_ms, r.first_token_ms, r.model, r.account_id,
        r.request_type, r.response_status, r.error, r.message_count, r.input_tokens, r.output_tokens,
        r.cache_creation_input_tokens, r.cache_read_input_tokens, r.tool_call_count
        """;

    // Where few requests have the words, their conversations; else the latest conversations that have such a request.
    private static string WithWords(string table, ConversationFilter filter, string conditions, string order)
        => $"""
        {SearchStatements.Few(filter.TrainId is null ? "" : " AND w.train_id = @train")},
        hit AS MATERIALIZED (
            SELECT DISTINCT r.train_id, r.conversation_id
            FROM few
            CROSS JOIN LATERAL (
                SELECT r.train_id, r.conversation_id FROM api_requests r WHERE r.request_id = few.request_id OFFSET 0) r
            WHERE {SearchStatements.AreAll} AND r.conversation_id IS NOT NULL),
        page AS MATERIALIZED (
            ({Listed} hit
             CROSS JOIN LATERAL (
                SELECT * FROM {table} t
                WHERE t.train_id = hit.train_id AND t.conversation_id = hit.conversation_id OFFSET 0) listed
             WHERE true{conditions}{order})
            UNION ALL
            ({Listed} {table} listed
             WHERE {SearchStatements.AreMore} AND EXISTS (
                SELECT FROM api_requests r JOIN request_words w ON w.request_id = r.request_id
                WHERE r.train_id = listed.train_id AND r.conversation_id = listed.conversation_id
                  AND {SearchStatements.Holds}
                OFFSET 0){conditions}{order}))
        """;

    // The parts of the account and model, but for those that a later one of the same conversation is among.
    private static string LatestOf(ConversationFilter filter, List<NpgsqlParameter> parameters)
    {
        var (listed, later) = ("", "");
        if (filter.AccountId is { } account)
        {
            parameters.Add(DbCommands.Sought("account", account));
            (listed, later) = (listed + " AND listed.account_id = @account", later + " AND later.account_id = @account");
        }

        if (filter.Model is { } model)
        {
            parameters.Add(DbCommands.Sought("model", model));
            (listed, later) = (listed + " AND listed.model = @model", later + " AND later.model = @model");
        }

        // OFFSET 0 keeps each a look-up by the conversation for a part at a time, instead of a join with all parts of the account.
        var whole = filter.HasSubtasks is null && filter.HasForks is null ? "" : $"""
             AND EXISTS (
                SELECT FROM conversation_totals whole
                WHERE whole.train_id = listed.train_id AND whole.conversation_id = listed.conversation_id{Flags("whole", filter)}
                OFFSET 0)
            """;
        return $"""
             AND NOT EXISTS (
                SELECT FROM branch_totals later
                WHERE later.train_id = listed.train_id AND later.conversation_id = listed.conversation_id{later}
                  AND (later.last_at, later.branch_id, later.account_id, later.model)
                      > (listed.last_at, listed.branch_id, listed.account_id, listed.model)
                OFFSET 0){whole}{listed}
            """;
    }

    // As words and not as parameters: the indexes of those that have them are for nothing else.
    private static string Flags(string table, ConversationFilter filter)
        => Flag($"{table}.has_subtasks", filter.HasSubtasks) + Flag($"{table}.has_forks", filter.HasForks);

    private static string Flag(string column, bool? value)
        => value switch { null => "", true => $" AND {column}", false => $" AND NOT {column}" };
}
