using Nexus.Data.Conversations.Browsing;
using Nexus.Data.Tests.Fixtures;
using Npgsql;

namespace Nexus.Data.Tests.Conversations.Browsing;

/// <summary>Looks at conversations as a service does.</summary>
public abstract class BrowsingTest : ServiceTest
{
    protected ConversationQueries Queries => Service<ConversationQueries>();

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
        await Fixtures.Totals.FillAsync(administrator);
    }

    /// <summary>Twenty thousand requests in two thousand conversations of many trains, accounts and models.</summary>
    private protected async Task StoreManyAsync()
    {
        await AdministerAsync(
            """
            INSERT INTO api_requests (
                request_id, train_id, "timestamp", method, path, headers, conversation_id, branch_id, account_id, model,
                is_subtask, response_status, message_count, input_tokens, output_tokens, tool_call_count)
            SELECT md5(n::text)::uuid, 'train-' || n % 2000 % 20, '2025-01-01Z'::timestamptz + n * interval '1 minute',
                   'POST', '/v1/messages', '{}', md5('c' || n % 2000)::uuid,
                   CASE WHEN n % 2000 % 40 = 7 AND n > 10000 THEN 'subtask_1'
                        WHEN n % 2000 % 25 = 3 AND n > 10000 THEN 'branch_1' ELSE 'main' END,
                   'acc_' || n % 2000 % 30, 'model-' || n % 3, n % 2000 % 40 = 7 AND n > 10000, 200, n / 2000, 10, 20, 1
            FROM generate_series(1, 20000) n;
            """);
        await using var administrator = new NpgsqlConnection(await AdministratorAsync());
        await administrator.OpenAsync();
        await Fixtures.Totals.FillAsync(administrator);
        await AdministerAsync("VACUUM (ANALYZE) api_requests, conversation_totals, branch_totals");
    }
}
