using Nexus.Data.Tests.Totals;

namespace Nexus.Data.Tests.Migrations;

/// <summary>020 on the requests of a database that is there already.</summary>
[Category("ServerVersions")]
public sealed class TotalsMigrationTests : MigrationTest
{
    private const int Totals = 20;

    // Nulls wherever one may be, two trains in one conversation, equal times, calls that failed.
    private const string Requests =
        """
        INSERT INTO api_requests (
            request_id, train_id, "timestamp", method, path, headers, account_id, model, request_type, conversation_id, branch_id,
            is_subtask, retry_of_request_id, response_status, error, message_count, input_tokens, output_tokens,
            cache_creation_input_tokens, cache_read_input_tokens, tool_call_count, duration_ms)
        SELECT md5(n::text)::uuid, 'train-' || n % 3, '2025-03-01 12:30+00'::timestamptz + n / 2 * interval '11 minutes', 'POST',
               '/v1/messages', '{}', CASE n % 4 WHEN 0 THEN NULL ELSE 'acc-' || n % 4 END, CASE n % 5 WHEN 0 THEN NULL ELSE 'm' || n % 2 END,
               CASE n % 6 WHEN 0 THEN NULL ELSE 'inference' END, CASE n % 7 WHEN 0 THEN NULL ELSE md5('c' || n % 9)::uuid END,
               CASE n % 8 WHEN 0 THEN NULL WHEN 1 THEN 'subtask_1' WHEN 2 THEN 'compact_101010' WHEN 3 THEN 'fork' ELSE 'main' END,
               CASE n % 3 WHEN 0 THEN NULL ELSE n % 8 = 1 END, CASE n % 10 WHEN 0 THEN md5('1')::uuid END,
               CASE n % 11 WHEN 0 THEN NULL WHEN 1 THEN 529 ELSE 200 END, CASE n % 13 WHEN 0 THEN 'broken' END,
               nullif(n % 9, 0), nullif(n % 12, 0), nullif(n % 14, 0), nullif(n % 15, 0), nullif(n % 16, 0), nullif(n % 17, 0),
               nullif(n % 18, 0) * 100
        FROM generate_series(1, 400) AS n
        """;

    [Test]
    public async Task Totals_of_the_requests_that_are_there_are_filled_in_once()
    {
        await MigrateAsync(Totals - 1);
        await ExecuteAsync(Requests);

        await MigrateAsync(Totals);
        var differences = await PlainTotals.DifferencesAsync(ConnectionString);
        var conversations = await ReadAsync("SELECT count(*) FROM conversation_totals");
        await MigrateAgainAsync(Totals);

        Assert.That(conversations.Single(), Is.Not.EqualTo("0"));
        Assert.That(differences, Is.Empty);
        Assert.That(await PlainTotals.DifferencesAsync(ConnectionString), Is.Empty);
    }
}
