using Nexus.Data.Persistence;
using Nexus.Data.Totals;
using Npgsql;

namespace Nexus.Data.Operations.Backups;

/// <summary>Whole conversations and chats in which something happened since a time, and what they refer to.</summary>
/// <remarks>Which these are is kept in settings of the transaction: that asks for no right, neither to make a temporary table nor to
/// write.</remarks>
internal static class RecentRows
{
    private const string Since = "current_setting('nexus.backup_since')::timestamptz";

    // Those of the first are taken whole; those of the second belong to none.
    private const string Conversations = "(SELECT unnest(current_setting('nexus.backup_conversations')::uuid[]))";
    private const string Singles = "(SELECT unnest(current_setting('nexus.backup_singles')::uuid[]))";
    private const string NewConversations = "(SELECT unnest(current_setting('nexus.backup_new_conversations')::uuid[]))";
    private const string NewSingles = "(SELECT unnest(current_setting('nexus.backup_new_singles')::uuid[]))";

    private const string Chats =
        $"""
        (SELECT c.id FROM chats c
         WHERE c.created_at >= {Since} OR EXISTS (SELECT FROM messages m WHERE m.chat_id = c.id AND m.created_at >= {Since}))
        """;

    // Each by its index.
    private static readonly string _requests = RequestsOf(Conversations, Singles);

    private const string Keys =
        "DISTINCT r.conversation_id, CASE WHEN r.conversation_id IS NULL THEN r.request_id END AS request_id";

    private const string ChooseFirst =
        $"""
        SELECT set_config('nexus.backup_since', (@since::timestamptz)::text, true),
               set_config('nexus.backup_conversations', '{"{}"}', true), set_config('nexus.backup_singles', '{"{}"}', true);
        WITH chosen AS MATERIALIZED (
            SELECT {Keys} FROM api_requests r
            WHERE r."timestamp" >= {Since}
               OR r.request_id IN (SELECT m.request_id FROM messages m WHERE m.request_id IS NOT NULL AND m.chat_id IN {Chats}))
        {Remember}
        """;

    // What the newest refer to and nobody took.
    private static readonly string _chooseReferred =
        $"""
        WITH newest AS (
            SELECT r.request_id, r.parent_request_id, r.parent_task_request_id, r.retry_of_request_id
            FROM {RequestsOf(NewConversations, NewSingles)} r),
        referred AS (
            SELECT unnest(ARRAY[n.parent_request_id, n.parent_task_request_id, n.retry_of_request_id]) AS request_id FROM newest n
            UNION
            SELECT p.subtask_request_id FROM task_prompts p JOIN newest n ON n.request_id = p.request_id),
        chosen AS MATERIALIZED (
            SELECT {Keys} FROM referred JOIN api_requests r ON r.request_id = referred.request_id
            WHERE NOT CASE WHEN r.conversation_id IS NULL THEN r.request_id IN {Singles} ELSE r.conversation_id IN {Conversations} END)
        {Remember}
        """;

    private const string Remember =
        """
        , new AS MATERIALIZED (
            SELECT coalesce(array_agg(conversation_id) FILTER (WHERE conversation_id IS NOT NULL), '{}') AS conversations,
                   coalesce(array_agg(request_id) FILTER (WHERE request_id IS NOT NULL), '{}') AS singles
            FROM chosen)
        SELECT cardinality(conversations) + cardinality(singles),
               set_config('nexus.backup_conversations',
                          (current_setting('nexus.backup_conversations')::uuid[] || conversations)::text, true),
               set_config('nexus.backup_singles', (current_setting('nexus.backup_singles')::uuid[] || singles)::text, true),
               set_config('nexus.backup_new_conversations', conversations::text, true),
               set_config('nexus.backup_new_singles', singles::text, true)
        FROM new
        """;

    /// <summary>What is taken when it is chosen. Other tables are taken whole.</summary>
    public static IReadOnlyList<SelectedRows> All { get; } =
    [
        new("api_requests", $"{_requests} t"),
        .. new[] { "streaming_chunks", "link_waits", "summary_keys", "task_prompts", "request_words" }
            .Select(table => new SelectedRows(table, $"{table} t WHERE t.request_id IN (SELECT r.request_id FROM {_requests} r)")),
        .. new[] { "conversation_totals", "branch_totals", "conversation_analyses" }
            .Select(table => new SelectedRows(table, $"{table} t WHERE t.conversation_id IN {Conversations}")),
        new("hourly_totals", $"({TotalsStatements.CountHours(_requests)}) t"),
        new("chats", $"chats t WHERE t.id IN {Chats}"),
        .. new[] { "chat_members", "chat_snapshots", "messages" }
            .Select(table => new SelectedRows(table, $"{table} t WHERE t.chat_id IN {Chats}")),
    ];

    /// <summary>Chooses, as of the transaction's instant.</summary>
    /// <param name="connection">A connection with a transaction, in which the rows are read afterwards.</param>
    /// <param name="since">From when on.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static async Task ChooseAsync(NpgsqlConnection connection, DateTimeOffset since, CancellationToken cancellationToken)
    {
        await using (var first = new NpgsqlCommand(ChooseFirst, connection))
        {
            first.Parameters.Add(DbCommands.Time("since", since.ToUniversalTime()));
            await first.ExecuteNonQueryAsync(cancellationToken);
        }

        await using var more = new NpgsqlCommand(_chooseReferred, connection);
        while ((int)(await more.ExecuteScalarAsync(cancellationToken))! > 0)
        {
        }
    }

    private static string RequestsOf(string conversations, string singles)
        => $"""
        (SELECT r.* FROM api_requests r WHERE r.conversation_id IN {conversations}
         UNION ALL
         SELECT r.* FROM api_requests r WHERE r.conversation_id IS NULL AND r.request_id IN {singles})
        """;
}
