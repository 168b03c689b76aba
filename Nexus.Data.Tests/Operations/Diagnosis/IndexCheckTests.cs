using Nexus.Data.Operations.Diagnosis;
using Nexus.Data.Persistence;
using Nexus.Data.Persistence.Migrations;
using Nexus.Data.Tests.Fixtures;

namespace Nexus.Data.Tests.Operations.Diagnosis;

[Category("ServerVersions")]
public sealed class IndexCheckTests : CheckTest
{
    private static readonly UnusedIndexCheck _atOnce = new() { Settled = TimeSpan.Zero, Smallest = 0 };

    [Test]
    public async Task The_list_of_indexes_is_what_the_migrations_make()
    {
        await using var db = OpenContext();
        var made = await db.ReadAllAsync(
            OwnIndexes.Tell, [DbCommands.Texts("tables", OwnTables.Of(db))], row => row.GetString(0), CancellationToken.None);

        Assert.That(
            OwnIndexes.Statements.ReplaceLineEndings("\n"), Is.EqualTo(string.Join('\n', made)),
            $"Replace {nameof(OwnIndexes)}.{nameof(OwnIndexes.Statements)} by:\n{string.Join('\n', made)}");
        Assert.That(OwnIndexes.All.Select(index => index.Name), Is.Unique.And.All.Not.Empty);
    }

    [TestCase("DROP INDEX idx_messages_words", "idx_messages_words of messages is missing: CREATE INDEX CONCURRENTLY idx_messages_words ON messages USING gin (")]
    [TestCase("DROP INDEX users_username_key", "users_username_key of users is missing: CREATE UNIQUE INDEX CONCURRENTLY users_username_key ON users USING btree (lower(")]
    [TestCase("DROP INDEX idx_hourly_stats_key", "idx_hourly_stats_key of hourly_stats is missing: CREATE UNIQUE INDEX")]
    [TestCase("ALTER TABLE task_prompts DROP CONSTRAINT task_prompts_pkey", "task_prompts_pkey of task_prompts is missing: CREATE UNIQUE INDEX CONCURRENTLY task_prompts_pkey ON task_prompts USING btree (request_id, ordinal); ALTER TABLE task_prompts ADD CONSTRAINT task_prompts_pkey PRIMARY KEY USING INDEX task_prompts_pkey;")]
    [TestCase("ALTER INDEX idx_link_waits_key RENAME TO \"Other's\"", "idx_link_waits_key of link_waits is called Other's: ALTER INDEX \"Other's\" RENAME TO idx_link_waits_key;")]
    [TestCase("DROP INDEX users_username_key; CREATE INDEX users_username_key ON users (lower(username) COLLATE \"C\")", "users_username_key of users is 'USING btree (lower(username::text) COLLATE \"C\")': DROP INDEX CONCURRENTLY users_username_key; CREATE UNIQUE INDEX")]
    [TestCase("DROP INDEX idx_requests_retry_of; CREATE INDEX idx_requests_retry_of ON api_requests (retry_of_request_id)", "idx_requests_retry_of of api_requests is 'USING btree (retry_of_request_id)': DROP")]
    [TestCase("DROP INDEX idx_hourly_totals_hour; CREATE INDEX idx_hourly_totals_hour ON hourly_totals (hour DESC)", "idx_hourly_totals_hour of hourly_totals is 'USING btree (hour DESC)': DROP")]
    [TestCase("DROP INDEX idx_messages_words; CREATE INDEX idx_messages_words ON messages (content)", "idx_messages_words of messages is 'USING btree (content)': DROP")]
    public async Task What_somebody_did_to_an_index_is_an_error_with_the_statements_that_undo_it(string damage, string detail)
    {
        await AdministerAsync(damage);

        var result = await RunAsync(new MissingIndexCheck(new OwnSchema(new Contexts(ConnectionString))));
        await AdministerEachAsync(StatementsOf(result.Details.Single()));

        Assert.That(result.Status, Is.EqualTo(CheckStatus.Error));
        Assert.That(result.Finding, Does.StartWith("1 indexes of this version"));
        Assert.That(result.Details.Single(), Does.StartWith(detail));
        Assert.That(result.Remedy, Does.Contain("statements of the details"));
        Assert.That((await RunAsync(new MissingIndexCheck(new OwnSchema(new Contexts(ConnectionString))))).Finding, Does.StartWith("All ").And.EndsWith(" are there."));
        await The_list_of_indexes_is_what_the_migrations_make();
    }

    [Test]
    public async Task A_table_that_is_gone_is_told_once_and_a_schema_that_is_behind_comes_first()
    {
        await AdministerAsync("DROP TABLE link_waits");
        var gone = await RunAsync(new MissingIndexCheck(new OwnSchema(new Contexts(ConnectionString))));
        await AdministerAsync("""DELETE FROM "__EFMigrationsHistory" WHERE "MigrationId" LIKE '20250101000017%'""");
        var behind = await RunAsync(new MissingIndexCheck(new OwnSchema(new Contexts(ConnectionString))));
        await AdministerAsync("""DROP TABLE "__EFMigrationsHistory" """);
        var lost = await RunAsync(new MissingIndexCheck(new OwnSchema(new Contexts(ConnectionString))));

        Assert.That(gone.Details, Is.EqualTo(["The table link_waits is not there: bring it back from a backup."]));
        Assert.That((behind.Status, lost.Status), Is.EqualTo((CheckStatus.Skipped, CheckStatus.Skipped)));
        Assert.That(behind.Finding, Does.Contain("'schema' comes first"));
    }

    [TestCase("CREATE INDEX \"Twin\" ON messages (chat_id, created_at, id)", "Twin of messages (8192 bytes) is the same as idx_messages_timeline: DROP INDEX CONCURRENTLY \"Twin\";")]
    [TestCase("CREATE INDEX twin ON messages (chat_id, created_at, id); DROP INDEX idx_messages_timeline; CREATE INDEX idx_messages_timeline ON messages (chat_id, created_at, id)", "twin of messages (8192 bytes) is the same as idx_messages_timeline: DROP INDEX CONCURRENTLY twin;")]
    [TestCase("CREATE INDEX twin ON users (lower(username) COLLATE \"C\")", "twin of users (8192 bytes) is the same as users_username_key: DROP INDEX CONCURRENTLY twin;")]
    [TestCase("CREATE UNIQUE INDEX twin ON messages (id)", "twin of messages (8192 bytes) is the same as messages_pkey: DROP INDEX CONCURRENTLY twin;")]
    [TestCase("CREATE INDEX first ON messages (content); CREATE INDEX second ON messages (content)", "second of messages (8192 bytes) is the same as first: DROP INDEX CONCURRENTLY second;")]
    [TestCase("CREATE INDEX first ON messages (sequence, content); CREATE UNIQUE INDEX second ON messages (sequence, content)", "first of messages (8192 bytes) is the same as second: DROP INDEX CONCURRENTLY first;")]
    public async Task An_index_that_is_there_twice_is_a_warning_at_once(string sql, string detail)
    {
        await AdministerAsync(sql);

        var result = await RunAsync(new UnusedIndexCheck());
        await AdministerEachAsync(StatementsOf(result.Details.Single()));

        Assert.That(result.Status, Is.EqualTo(CheckStatus.Warning));
        Assert.That(result.Finding, Is.EqualTo("1 indexes are double."));
        Assert.That(result.Details, Is.EqualTo([detail]));
        Assert.That((await RunAsync(new UnusedIndexCheck())).Status, Is.EqualTo(CheckStatus.Ok));
    }

    // Each is like another one and answers or keeps out something else.
    [TestCase("CREATE INDEX other ON messages (chat_id, created_at DESC, id)")]
    [TestCase("CREATE INDEX other ON messages (chat_id, created_at, id) WHERE sequence > 7")]
    [TestCase("CREATE INDEX other ON messages (chat_id, created_at) INCLUDE (id)")]
    [TestCase("CREATE INDEX other ON users (lower(username))")]
    [TestCase("CREATE INDEX other ON users (lower(username) text_pattern_ops)")]
    [TestCase("CREATE UNIQUE INDEX other ON messages (chat_id, created_at, id)")]
    [TestCase("ALTER TABLE messages ADD CONSTRAINT other UNIQUE (id)")]
    public async Task An_index_that_is_only_like_another_one_is_left_alone(string sql)
    {
        await AdministerAsync(sql);

        Assert.That((await RunAsync(new UnusedIndexCheck())).Status, Is.EqualTo(CheckStatus.Ok));
    }

    [Test]
    public async Task An_index_of_others_that_nobody_used_is_a_warning_and_one_of_ours_is_told()
    {
        var well = await RunAsync(_atOnce);
        await AdministerAsync("CREATE INDEX reports ON messages (content); CREATE TABLE another (id int PRIMARY KEY, n int); CREATE INDEX theirs ON another (n)");
        var early = await RunAsync(new UnusedIndexCheck { Settled = TimeSpan.FromDays(36_500), Smallest = 0 });
        var small = await RunAsync(new UnusedIndexCheck { Settled = TimeSpan.Zero });
        var unused = await RunAsync(_atOnce);
        await AdministerUntilAsync(
            "SET enable_seqscan = off; SELECT count(*) FROM messages WHERE content = 'x'",
            "pg_stat_user_indexes WHERE indexrelname = 'reports' AND idx_scan > 0");
        var used = await RunAsync(_atOnce);

        Assert.That(
            new[] { well, early, small, unused, used }.Select(result => result.Status),
            Is.EqualTo(new[] { CheckStatus.Ok, CheckStatus.Ok, CheckStatus.Ok, CheckStatus.Warning, CheckStatus.Ok }));
        Assert.That(early.Finding, Is.EqualTo("No index on our tables is double. Statistics are too young to tell which are unused."));
        Assert.That(early.Details.Single(), Does.StartWith("Statistics are kept since 20"));
        Assert.That(small.Finding, Does.StartWith("No index on our tables is double. Every large one of others was used since 20"));
        Assert.That(unused.Finding, Does.StartWith("1 indexes of others on our tables were used by nobody since 20"));
        Assert.That(unused.Details[0], Is.EqualTo("reports of messages (8192 bytes) is not used: DROP INDEX CONCURRENTLY reports;"));
        Assert.That(unused.Remedy, Does.Contain("standby"));
        Assert.That(well.Finding, Does.Contain("Of ours").And.Contain("idx_messages_words"));
        Assert.That(
            well.Details.Skip(1), Has.Some.Contains("idx_messages_words").And.None.Contains("_key ").And.All.Contains("leave it"));
        Assert.That(well.Details, Has.Count.EqualTo(21));
    }
}
