using Npgsql;

namespace Nexus.Data.Tests.Migrations;

/// <summary>What the migration RepairAndTrim mends, beside the catalog.</summary>
public sealed class RepairAndTrimTests : MigrationTest
{
    private const int Repair = 16;

    [Test]
    public async Task Ten_indexes_are_left_on_the_requests_and_all_are_valid()
    {
        await MigrateAsync();

        var indexes = await ReadAsync(
            """
            SELECT indexrelid::regclass::text COLLATE "C", indisvalid
            FROM pg_index WHERE indrelid = 'api_requests'::regclass ORDER BY 1
            """);

        Assert.That(indexes, AreRows(
            "api_requests_pkey|True", "idx_requests_conversation|True", "idx_requests_link_answer|True",
            "idx_requests_link_hash|True", "idx_requests_parent_branch|True", "idx_requests_retry_of|True",
            "idx_requests_subtask_number|True", "idx_requests_train_time|True", "idx_requests_unlinked|True",
            "idx_requests_without_links|True"));
    }

    [Test]
    public async Task A_request_can_be_deleted_whose_children_stay()
    {
        await MigrateAsync(15);
        await InsertAsync(1, "parent_request_id, parent_task_request_id", "NULL, NULL");
        await InsertAsync(2, "parent_request_id, parent_task_request_id", $"'{Request(1)}', '{Request(1)}'");
        Assert.That(
            () => ExecuteAsync($"DELETE FROM api_requests WHERE request_id = '{Request(1)}'"),
            Throws.InstanceOf<PostgresException>().With.Property(nameof(PostgresException.SqlState))
                .EqualTo(PostgresErrorCodes.ForeignKeyViolation));

        await MigrateAsync(Repair);
        await ExecuteAsync($"DELETE FROM api_requests WHERE request_id = '{Request(1)}'");

        Assert.That(
            await ReadAsync("SELECT request_id, parent_request_id FROM api_requests"),
            AreRows($"{Request(2)}|{Request(1)}"));
    }

    [Test]
    public async Task The_sum_of_the_tokens_is_filled_in_where_it_is_not_known()
    {
        await MigrateAsync(15);

        // As the original's bootstrap file makes it.
        await ExecuteAsync("ALTER TABLE api_requests ADD COLUMN total_tokens integer DEFAULT 0");
        await InsertAsync(1, "input_tokens, output_tokens, total_tokens", "3, 4, NULL");
        await InsertAsync(2, "input_tokens, output_tokens, total_tokens", "NULL, 4, NULL");
        await InsertAsync(3, "input_tokens, output_tokens, total_tokens", "NULL, NULL, NULL");
        await InsertAsync(4, "input_tokens, output_tokens, total_tokens", "3, 4, 9");
        await InsertAsync(5, "input_tokens, output_tokens, total_tokens", "2147483647, 1, NULL");

        await MigrateAsync(Repair);

        Assert.That(
            await ReadAsync("SELECT input_tokens, output_tokens, total_tokens FROM api_requests ORDER BY request_id"),
            AreRows("3|4|7", "-|4|4", "-|-|-", "3|4|9", "2147483647|1|2147483647"));
    }

    [Test]
    public async Task Defaults_and_nullabilities_of_the_bootstrap_file_become_those_of_the_sequence()
    {
        await MigrateAsync(15);
        var catalogs = new List<List<string>>();
        foreach (var bootstrapped in new[] { false, true })
        {
            await MigrateAsync(15);
            if (bootstrapped)
            {
                await ExecuteAsync("""
                    ALTER TABLE api_requests
                        ALTER COLUMN headers DROP NOT NULL, ALTER COLUMN path TYPE character varying(255),
                        ALTER COLUMN input_tokens SET DEFAULT 0, ALTER COLUMN output_tokens SET DEFAULT 0,
                        ADD COLUMN total_tokens integer DEFAULT 0, ADD COLUMN first_token_ms integer;
                    CREATE INDEX idx_requests_current_hash ON api_requests (current_message_hash);
                    CREATE INDEX idx_chunks_request_id ON streaming_chunks (request_id);
                    """);
                await InsertAsync(1, "headers", "NULL");
            }

            await MigrateAsync();
            catalogs.Add(await ReadCatalogAsync());
        }

        Assert.That(catalogs[1], Is.EquivalentTo(catalogs[0]));
        Assert.That(await ReadAsync("SELECT headers::text FROM api_requests"), AreRows("{}"));
    }

    [Test]
    [Category("ServerVersions")]
    public async Task An_index_that_goes_again_is_not_built_on_a_large_table_and_is_on_a_small_one(
        [Values(99_999, 100_001)] int rows, [Values] bool analyzed)
    {
        await MigrateAsync(0);
        await ExecuteAsync($$"""
            INSERT INTO api_requests (request_id, domain, "timestamp", method, path, headers)
            SELECT gen_random_uuid(), 'train', now(), 'POST', '/', '{}' FROM generate_series(1, {{rows}});
            """);
        if (analyzed)
        {
            await ExecuteAsync("ANALYZE api_requests");
        }

        await MigrateAsync(1);

        Assert.That(
            await ReadAsync("SELECT to_regclass('idx_requests_branch_id') IS NULL"),
            AreRows(rows > 100_000 ? "True" : "False"));
        await MigrateAsync();
        Assert.That(await ReadAsync("SELECT count(*) FROM api_requests"), AreRows($"{rows}"));
    }

    private Task InsertAsync(int number, string columns, string values)
        => ExecuteAsync($"""
            INSERT INTO api_requests (request_id, train_id, "timestamp", method, path,
                                      {(columns.Contains("headers", StringComparison.Ordinal) ? "" : "headers,")} {columns})
            VALUES ('{Request(number)}', 'train', now(), 'POST', '/',
                    {(columns.Contains("headers", StringComparison.Ordinal) ? "" : "'{}',")} {values})
            """);

    private static Guid Request(int number) => new(number, 0, 0, [0, 0, 0, 0, 0, 0, 0, 0]);
}
