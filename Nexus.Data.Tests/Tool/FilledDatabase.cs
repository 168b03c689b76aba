using Nexus.Data.Seeding.Traffic;

namespace Nexus.Data.Tests.Tool;

/// <summary>Something in every table: traffic of two summers, the small and a large population, trains with all that belongs to
/// them.</summary>
internal static class FilledDatabase
{
    /// <summary>Between the two.</summary>
    public static DateTimeOffset Between { get; } = new(2025, 8, 1, 0, 0, 0, TimeSpan.Zero);

    // Old and new requests refer to old ones of other conversations, and to one that has none.
    public const string Trains =
        """
        INSERT INTO trains (id, train_id, name, slack_enabled, slack_webhook_url) VALUES
            ('00000000-0000-0000-0000-0000000000a1', 'alpha', 'Alpha', true, 'ab1:planted-webhook'),
            ('00000000-0000-0000-0000-0000000000a2', 'beta', 'Beta', false, NULL);
        INSERT INTO train_members (train_id, user_email, role, added_by) SELECT id, 'o@example.org', 'owner', 'test' FROM trains;
        INSERT INTO anthropic_credentials (id, account_id, account_name, oauth_access_token, oauth_refresh_token, oauth_expires_at,
                                           oauth_scopes, oauth_token_suffix)
        VALUES ('00000000-0000-0000-0000-0000000000c1', 'acc_1', 'One', 'ab1:planted-access', 'ab1:planted-refresh',
                '2099-01-01', '{user:inference}', 'plnt');
        INSERT INTO model_prices (model, valid_from, input_price, output_price, cache_creation_price, cache_read_price)
        VALUES ('claude', '2025-01-01', 1, 2, 3, 4);
        INSERT INTO train_accounts (train_id, credential_id) SELECT id, '00000000-0000-0000-0000-0000000000c1' FROM trains;
        INSERT INTO train_api_keys (train_id, key_hash, key_prefix, key_suffix, name)
        SELECT id, sha256(convert_to('planted' || train_id, 'UTF8')), 'cnp_live_', 'abcd', 'A key' FROM trains;
        INSERT INTO conversation_analyses (conversation_id, branch_id, status, analysis_content)
        SELECT conversation_id, 'main', 'completed', E'A\\b\ttab, a line\nand \\. its end' FROM conversation_totals;
        INSERT INTO analysis_audit_log (event_type, outcome, conversation_id, branch_id, request_id, train_id)
        SELECT 'ANALYSIS_REQUEST', 'SUCCESS', conversation_id, 'main', 'req', train_id FROM conversation_totals LIMIT 5;
        """;

    public const string References =
        """
        CREATE TEMPORARY TABLE old AS
        SELECT request_id, row_number() OVER (ORDER BY conversation_id) AS n FROM (
            SELECT DISTINCT ON (conversation_id) conversation_id, request_id FROM api_requests
            WHERE "timestamp" < '2025-08-01' AND conversation_id IS NOT NULL) first;
        INSERT INTO api_requests (request_id, train_id, "timestamp", method, path, headers, unlinked_because) VALUES
            ('00000000-0000-0000-0000-0000000000e1', 'alpha', '2025-01-01', 'POST', '/v1/messages', '{}', 'Refers nobody to it.'),
            ('00000000-0000-0000-0000-0000000000e2', 'alpha', '2025-01-01', 'POST', '/v1/messages', '{}', 'Is referred to.'),
            ('00000000-0000-0000-0000-0000000000e3', 'alpha', '2025-09-30', 'POST', '/v1/messages', '{}', 'Is new.'),
            (gen_random_uuid(), 'alpha', now(), 'POST', '/v1/messages', '{}', 'Is of today.');
        UPDATE api_requests SET retry_of_request_id = (SELECT request_id FROM old WHERE n = 1)
        WHERE request_id = '00000000-0000-0000-0000-0000000000e3';
        UPDATE api_requests SET parent_task_request_id = (SELECT request_id FROM old WHERE n = 2)
        WHERE request_id = (SELECT request_id FROM old WHERE n = 1);
        UPDATE api_requests SET parent_request_id = '00000000-0000-0000-0000-0000000000e2'
        WHERE request_id = (SELECT request_id FROM old WHERE n = 2);
        INSERT INTO task_prompts (request_id, ordinal, prompt_hash, train_id, "timestamp", subtask_request_id)
        SELECT '00000000-0000-0000-0000-0000000000e2', 1, sha256('x'), 'alpha', '2025-01-01', request_id FROM old WHERE n = 3;
        UPDATE messages SET request_id = (SELECT request_id FROM old WHERE n = 4)
        WHERE id = (SELECT id FROM messages ORDER BY created_at DESC, id LIMIT 1);
        INSERT INTO chats (kind, created_at, title, repository_name, repository_full_name, quiet_mode)
        VALUES ('repository', '2025-01-01', 'Old', 'nexus', 'octo/nexus', false);
        INSERT INTO chat_snapshots (chat_id, version) SELECT id, 1 FROM chats WHERE kind = 'repository';
        """;

    /// <summary>Writes a log of requests.</summary>
    public static string WriteTraffic(string folder, int seed, DateTimeOffset start, int count)
    {
        var path = Path.Combine(folder, $"traffic-{seed}.jsonl");
        using var file = System.IO.File.Create(path);
        new RequestTraffic(new() { Seed = seed, Start = start, BodyBytes = 1_000 }).ToLines(count, file);
        return path;
    }
}
