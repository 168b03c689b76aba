using Npgsql;

namespace Nexus.Data.Tests.Migrations;

/// <summary>What no catalog shows: the query of the view, and what its function does.</summary>
public sealed class HourlyStatsTests : MigrationTest
{
    [TestCase(0, "domain")]
    [TestCase(11, "domain")]
    [TestCase(12, "train_id")]
    [TestCase(14, "train_id")]
    public async Task The_view_groups_the_last_week_by_hour_train_and_model(int step, string train)
    {
        await MigrateAsync(step);
        await InsertAsync(train);

        await ExecuteAsync("REFRESH MATERIALIZED VIEW hourly_stats");

        await AssertStatsAsync(train);
    }

    [Test]
    public async Task A_view_that_was_filled_before_is_refreshed_when_its_column_is_renamed()
    {
        await MigrateAsync(11);
        await InsertAsync("domain");

        await MigrateAsync(12);

        await AssertStatsAsync("train_id");
    }

    [Test]
    public async Task The_refresh_function_waits_for_a_unique_index_at_every_level_of_the_sequence(
        [Values(0, 11, 12, 14)] int step)
    {
        await MigrateAsync(step);
        Assert.That(
            () => ExecuteAsync("SELECT refresh_hourly_stats()"),
            Throws.InstanceOf<PostgresException>().With.Property(nameof(PostgresException.SqlState))
                .EqualTo(PostgresErrorCodes.ObjectNotInPrerequisiteState));

        var train = step < 12 ? "domain" : "train_id";
        await InsertAsync(train);
        await ExecuteAsync($"CREATE UNIQUE INDEX ON hourly_stats (hour, {train}, model)");
        await ExecuteAsync("SELECT refresh_hourly_stats()");

        await AssertStatsAsync(train);
    }

    [Test]
    public async Task The_newest_refreshes_beside_readers_for_a_role_that_may_read_only()
    {
        await MigrateAsync();
        await InsertAsync("train_id");
        var role = $"nexus_test_{Guid.NewGuid():N}";
        await ExecuteAsync($"CREATE ROLE {role}; GRANT SELECT ON hourly_stats TO {role}");
        try
        {
            await using var reader = await OpenAsync();
            await using var transaction = await reader.BeginTransactionAsync();
            await using var read = new NpgsqlCommand("SELECT count(*) FROM hourly_stats", reader);
            await read.ExecuteScalarAsync();

            await ExecuteAsync($"SET ROLE {role}; SET lock_timeout = '5s'; SELECT refresh_hourly_stats()");

            await AssertStatsAsync("train_id");
        }
        finally
        {
            await ExecuteAsync($"DROP OWNED BY {role}; DROP ROLE {role}");
        }
    }

    private async Task AssertStatsAsync(string train)
    {
        var stats = await ReadAsync($"""
            SELECT hour, {train}, model, request_count, total_input_tokens, total_output_tokens,
                total_cache_creation_tokens, total_cache_read_tokens, avg_response_time, total_tool_calls
            FROM hourly_stats ORDER BY 1, 2, 3
            """);

        Assert.That(stats, Has.Count.GreaterThan(100).And.EqualTo(await ReadAsync($"""
            SELECT to_timestamp(3600 * floor(extract(epoch FROM timestamp) / 3600)), {train}, model, count(*), sum(input_tokens),
                sum(output_tokens), sum(cache_creation_input_tokens), sum(cache_read_input_tokens), avg(duration_ms),
                sum(tool_call_count)
            FROM api_requests
            WHERE timestamp >= (SELECT min(hour) FROM hourly_stats) AND timestamp >= now() - interval '7 days'
            GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
            """)));
    }

    // 10,000 requests of the last ten days, none near the week's edge, some without a model, tokens or duration.
    private Task InsertAsync(string train) => ExecuteAsync($"""
        INSERT INTO api_requests (request_id, {train}, timestamp, method, path, headers, model, input_tokens,
            output_tokens, cache_creation_input_tokens, cache_read_input_tokens, duration_ms, tool_call_count)
        SELECT gen_random_uuid(), 'train-' || n % 3, now() - n % 240 * interval '1 hour' - interval '10 minutes',
            'POST', '/v1/messages', '[]', nullif('model-' || n % 4, 'model-3'), nullif(n % 7, 0), n % 11, n % 13,
            n % 17, nullif(n % 19, 0), n % 5
        FROM generate_series(1, 10000) AS n
        """);
}
