using Nexus.Data.Conversations.Browsing;
using Nexus.Data.Tests.Fixtures;
using Npgsql;

namespace Nexus.Data.Tests.Conversations.Browsing;

/// <summary>Looks at conversations as a service does.</summary>
public abstract class BrowsingTest : ServiceTest
{
    private ConversationQueries? _queries;

    // One for the whole test: each container has a pool of connections.
    protected ConversationQueries Queries => _queries ??= Service<ConversationQueries>();

    /// <summary>Replaces all requests by these, with their totals.</summary>
    private protected async Task StoreAsync(params IEnumerable<BrowsedRequest> requests)
    {
        await using var administrator = new NpgsqlConnection(await AdministratorAsync());
        await administrator.OpenAsync();
        await using (var clear = new NpgsqlCommand("TRUNCATE api_requests CASCADE", administrator))
        {
            await clear.ExecuteNonQueryAsync();
        }

        await BrowsedRequest.StoreAsync(administrator, requests);
        await RepairTotalsAsync();
    }

    /// <summary>Requests in conversations of ten, which take turns, of many trains, accounts and models, each a minute after the
    /// one before.</summary>
    private protected async Task StoreManyAsync(int requests)
    {
        await AdministerAsync(
            $"""
            INSERT INTO api_requests (
                request_id, train_id, "timestamp", method, path, headers, conversation_id, branch_id, account_id, model,
                is_subtask, response_status, message_count, input_tokens, output_tokens, tool_call_count, body)
            SELECT md5(n::text)::uuid, 'train-' || c % 20, '2025-01-01Z'::timestamptz + n * interval '1 minute',
                   'POST', '/v1/messages', '{"{}"}', md5('c' || c)::uuid,
                   CASE WHEN c % 40 = 7 AND is_later THEN 'subtask_1' WHEN c % 25 = 3 AND is_later THEN 'branch_1'
                        ELSE 'main' END,
                   'acc_' || c % 30, 'model-' || n % 3, c % 40 = 7 AND is_later, 200, n / {requests / 10}, 10, 20, 1,
                   jsonb_build_object('messages', jsonb_build_array(jsonb_build_object('role', 'user', 'content',
                       'A word, word' || n % 1000 || ', ' || CASE n % 2 WHEN 0 THEN 'even' ELSE 'odd' END)))
            FROM (SELECT n, n % {requests / 10} AS c, n > {requests / 2} AS is_later FROM generate_series(1, {requests}) n) r;
            """);
        await RepairTotalsAsync();
        await VacuumAsync("api_requests", "conversation_totals", "branch_totals", "request_words");
    }
}
