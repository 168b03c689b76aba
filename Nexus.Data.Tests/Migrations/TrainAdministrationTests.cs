using System.Security.Cryptography;
using System.Text;
using Nexus.Data.Operations;
using Nexus.Data.Tests.Fixtures;
using Nexus.Data.Tests.Tool;
using Nexus.Data.Tool;
using Nexus.Data.Trains;
using Npgsql;

namespace Nexus.Data.Tests.Migrations;

/// <summary>018 and 019 on the rows of a database that the original program has used.</summary>
public sealed class TrainAdministrationTests : MigrationTest
{
    private const string Key = "cnp_live_0123456789abcdefghijABCDEFGHIJkl";
    private const string Token = "sk-ant-oat01-0123456789-WXYZ";

    private const string InStatistics =
        "SELECT attname FROM pg_stats s WHERE tablename = 'train_api_keys' AND s::text LIKE '%cnp_live_0%'";

    private const string Rows =
        $"""
        INSERT INTO trains (id, train_id, name) VALUES ('00000000-0000-0000-0000-000000000001', 'rail-club', 'Rail Club');
        INSERT INTO train_api_keys (train_id, api_key, key_prefix, key_suffix) SELECT id, '{Key}', 'cnp_live_', 'IJkl' FROM trains;
        INSERT INTO train_api_keys (train_id, api_key, key_prefix, key_suffix, revoked_at)
        SELECT id, 'cnp_live_revoked', 'cnp_live_', 'oked', now() FROM trains;
        INSERT INTO anthropic_credentials
            (account_id, account_name, oauth_access_token, oauth_refresh_token, oauth_expires_at, oauth_scopes)
        VALUES ('a', 'a', '{Token}', 'refresh', now(), ARRAY['x']), ('b', 'b', 'short', 'refresh', now(), ARRAY['x']);
        INSERT INTO train_members (train_id, user_email, role, added_by, added_at)
        SELECT id, member.email, member.role, 'system', member.at::timestamptz FROM trains, (VALUES
            ('Ada@x.org', 'member', '2025-01-01Z'), ('ada@x.org', 'owner', '2025-02-01Z'), ('ADA@x.org', 'owner', '2025-03-01Z'),
            ('bob@x.org', 'member', '2025-01-01Z'), (' Ada@x.org ', 'member', '2025-04-01Z'), (E'dee@x.org\t', 'owner', '2025-01-01Z'), ('cy@x.org', 'member', '2025-01-02Z'), ('Cy@x.org', 'member', '2025-01-01Z')
        ) AS member (email, role, at);
        INSERT INTO conversation_analyses (conversation_id, status) VALUES
            ('00000000-0000-0000-0000-00000000000c', 'pending'), ('00000000-0000-0000-0000-00000000000d', 'completed');
        INSERT INTO api_requests (request_id, train_id, "timestamp", method, path, headers, conversation_id, branch_id)
        VALUES
            (gen_random_uuid(), 'rail-club', now(), 'POST', '/', jsonb_build_object(), '00000000-0000-0000-0000-00000000000c', 'main'),
            (gen_random_uuid(), 'other', '2025-01-01Z', 'POST', '/', jsonb_build_object(), '00000000-0000-0000-0000-00000000000c', 'branch_1');
        """;

    [Test]
    public async Task Members_whose_addresses_differ_in_letters_become_one_and_each_that_goes_is_told()
    {
        await MigrateAsync(17);
        await ExecuteAsync(Rows);

        var run = await ToolRun.RunAsync("migrate", "--to", "018", "--connection", ConnectionString);

        Assert.Multiple(async () =>
        {
            Assert.That(run.ExitCode, Is.Zero, run.All);
            Assert.That(
                await ReadAsync("SELECT user_email, role FROM train_members ORDER BY 1"),
                AreRows("Cy@x.org|member", "ada@x.org|owner", "bob@x.org|member", "dee@x.org|owner"));
            Assert.That(
                run.Output,
                Does.Contain("member ADA@x.org (owner, added by system on 2025-03-01) was merged into ada@x.org")
                    .And.Contain("member Ada@x.org (member, added by system on 2025-01-01) was merged into ada@x.org")
                    .And.Contain("member  Ada@x.org  (member").And.Contain("member cy@x.org").And.Not.Contain("bob"));
        });
    }

    [Test]
    public async Task What_is_known_is_filled_and_no_time_of_change_moves()
    {
        await MigrateAsync(17);
        await ExecuteAsync(Rows + "ALTER TABLE conversation_analyses DISABLE TRIGGER USER;"
            + "UPDATE conversation_analyses SET updated_at = '2025-01-01Z'; ALTER TABLE conversation_analyses ENABLE TRIGGER USER;");

        await MigrateAsync(18);

        Assert.Multiple(async () =>
        {
            Assert.That(
                await ReadAsync("SELECT train_id, updated_at = '2025-01-01Z', due_at IS NOT NULL FROM conversation_analyses ORDER BY 1"),
                AreRows("rail-club|True|True", "-|True|True"));
            Assert.That(
                await ReadAsync("SELECT oauth_token_suffix FROM anthropic_credentials ORDER BY account_id"), AreRows("WXYZ", "-"));
            Assert.That(
                await ReadAsync("SELECT tgenabled::text FROM pg_trigger WHERE tgrelid = 'conversation_analyses'::regclass AND NOT tgisinternal"),
                AreRows("O"));
        });
    }

    [Test]
    public async Task Keys_in_clear_want_a_word_by_every_way_and_nothing_is_done_without_it()
    {
        await MigrateAsync(14);
        await ExecuteAsync(Rows);
        var before = await ReadCatalogAsync();

        var refused = await ToolRun.RunAsync("migrate", "--connection", ConnectionString);
        var afterwards = await ReadCatalogAsync();
        var context = Assert.ThrowsAsync<NexusDataException>(async () =>
        {
            await using var db = OpenContext();
            await Microsoft.EntityFrameworkCore.RelationalDatabaseFacadeExtensions.MigrateAsync(db.Database);
        })!;
        var script = new SchemaMigrator(new Contexts(ConnectionString)).Script();
        var error = Assert.ThrowsAsync<PostgresException>(() => ExecuteAsync(script))!;

        Assert.Multiple(async () =>
        {
            Assert.That(refused.ExitCode, Is.EqualTo(ExitCode.Refused), refused.All);
            Assert.That(
                refused.Error, Does.Contain("holds 1 API keys in clear").And.Contain("--retire-clear-keys").And.Contain("--to 018"));
            Assert.That(context.Message, Does.Contain("--retire-clear-keys").And.Not.Contain(Key));
            Assert.That(error.SqlState, Is.EqualTo("55000"));
            Assert.That(error.Hint, Does.Contain("--retire-clear-keys").And.Contain("PGOPTIONS"));
            Assert.That(await ReadAsync("SELECT api_key FROM train_api_keys ORDER BY 1"), AreRows(Key, "cnp_live_revoked"));
            Assert.That(afterwards, Is.EqualTo(before));
        });
    }

    [TestCase("service")]
    [TestCase("tool")]
    [TestCase("connection")]
    [TestCase("script")]
    public async Task Keys_go_on_working_and_none_is_left_in_clear(string way)
    {
        await MigrateAsync(14);
        await ExecuteAsync(Rows + "ANALYZE train_api_keys;");
        Assert.That(await ReadAsync(InStatistics), Is.Not.Empty);
        switch (way)
        {
            case "service":
                var migrator = new SchemaMigrator(new Contexts(ConnectionString));
                await migrator.ApplyAsync(await migrator.PlanAsync(retireClearKeys: true));
                break;
            case "tool":
                var run = await ToolRun.RunAsync("migrate", "--retire-clear-keys", "--connection", ConnectionString);
                Assert.That(run.ExitCode, Is.Zero, run.All);
                break;
            case "connection":
                await MigrateAsync();
                break;
            default:
                await ExecuteAsync("SET nexus.retire_clear_keys = 'on';" + new SchemaMigrator(new Contexts(ConnectionString)).Script());
                break;
        }

        var keys = new ApiKeyService(new Contexts(ConnectionString));
        Assert.Multiple(async () =>
        {
            Assert.That((await keys.VerifyAsync(Key))?.TrainId, Is.EqualTo("rail-club"));
            Assert.That(await keys.VerifyAsync("cnp_live_revoked"), Is.Null);
            Assert.That(
                await ReadAsync("SELECT encode(key_hash, 'hex') FROM train_api_keys WHERE api_key IS NULL AND revoked_at IS NULL"),
                AreRows(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Key)))));
            Assert.That(await ReadAsync(InStatistics), Is.Empty, "statistics");
            Assert.That(await BytesOfAsync("train_api_keys"), Does.Contain("cnp_live_").And.Not.Contain(Key).And.Not.Contain("revoked"));
            Assert.That((await new DatabaseStatusReader(new Contexts(ConnectionString)).ReadAsync()).ClearKeys, Is.Null);
        });
    }

    [Test]
    public async Task Programs_that_store_keys_in_clear_are_refused_from_then_on()
    {
        await MigrateAsync();
        await ExecuteAsync("INSERT INTO trains (train_id, name) VALUES ('rail-club', 'Rail Club')");

        Assert.That(
            () => ExecuteAsync($"INSERT INTO train_api_keys (train_id, api_key, key_prefix, key_suffix) SELECT id, '{Key}', 'x', 'y' FROM trains"),
            Throws.InstanceOf<PostgresException>().With.Property("ColumnName").EqualTo("key_hash"));
    }

    [Test]
    public async Task Undone_every_row_is_there_and_no_key_works_and_it_is_said_before()
    {
        await MigrateAsync(14);
        await ExecuteAsync(Rows);
        await MigrateAsync();

        var plan = await new SchemaMigrator(new Contexts(ConnectionString)).PlanAsync("018");
        await MigrateAsync(18);

        Assert.That(plan.Losses, Does.Contain(new MigrationLoss("train_api_keys", "key_hash", 2)));
        Assert.That(
            await ReadAsync("SELECT DISTINCT left(api_key, 8), length(api_key) FROM train_api_keys"), AreRows("retired_|72"));
        var retired = (await ReadAsync("SELECT api_key FROM train_api_keys ORDER BY 1"))[0];
        Assert.That(await ReadAsync("SELECT count(*) FROM train_api_keys WHERE revoked_at IS NULL"), AreRows("0"));
        await MigrateAsync();
        var keys = new ApiKeyService(new Contexts(ConnectionString));
        Assert.That((await keys.VerifyAsync(Key), await keys.VerifyAsync(retired)), Is.EqualTo(((VerifiedApiKey?)null, (VerifiedApiKey?)null)));
    }

    [Test]
    public async Task Keys_that_the_original_has_deleted_are_in_no_file_and_no_statistics_either()
    {
        await MigrateAsync(14);
        await ExecuteAsync(Rows + "ANALYZE train_api_keys; DELETE FROM train_api_keys;");

        await MigrateAsync();

        Assert.That(await BytesOfAsync("train_api_keys"), Does.Not.Contain("cnp_live_"));
        Assert.That(await ReadAsync(InStatistics), Is.Empty);
    }

    [Test]
    public async Task The_status_says_how_many_keys_are_in_the_way_also_where_nothing_was_analyzed()
    {
        await MigrateAsync(14);
        await ExecuteAsync(Rows);

        var status = await ToolRun.RunAsync("status", "--connection", ConnectionString);

        Assert.That(status.Output, Does.Contain("holds 1 API keys in clear").And.Contain("--retire-clear-keys"), status.All);
    }

    // What stands in the table's file.
    private async Task<string> BytesOfAsync(string table)
    {
        await ExecuteAsync("CHECKPOINT");
        var bytes = await ReadAsync($"SELECT encode(pg_read_binary_file(pg_relation_filepath('{table}')), 'escape')");
        return bytes.Single();
    }
}
