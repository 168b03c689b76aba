using Nexus.Data.Tests.Fixtures;
using Npgsql;

namespace Nexus.Data.Tests.Operations.Roles;

/// <summary>What drifted is found, shows when it is tried, and is set right.</summary>
public sealed class RoleDriftTests : RoleTest
{
    private const string OtherGrants =
        "CREATE ROLE {other}; GRANT {right} ON {table} TO {other} WITH GRANT OPTION; "
        + "SET ROLE {other}; GRANT {right} ON {table} TO {p}_app; RESET ROLE";

    // Rights that are too many, and rights that are missing: a role can tell each of them.
    [TestCase("GRANT UPDATE ON analysis_audit_log TO {p}_app")]
    [TestCase("GRANT UPDATE (outcome) ON analysis_audit_log TO {p}_app")]
    [TestCase("GRANT DELETE ON analysis_audit_log TO {p}_app")]
    [TestCase("GRANT TRUNCATE ON api_requests TO {p}_app")]
    [TestCase("GRANT INSERT ON \"__EFMigrationsHistory\" TO {p}_app")]
    [TestCase("GRANT UPDATE ON SEQUENCE streaming_chunks_id_seq TO {p}_app")]
    [TestCase("GRANT SELECT ON anthropic_credentials TO {p}_read")]
    [TestCase("GRANT SELECT (api_key) ON train_api_keys TO {p}_read")]
    [TestCase("GRANT SELECT ON trains TO PUBLIC")]
    [TestCase("GRANT INSERT ON trains TO {p}_backup")]
    [TestCase("GRANT EXECUTE ON FUNCTION refresh_hourly_stats() TO PUBLIC")]
    [TestCase("GRANT EXECUTE ON FUNCTION refresh_hourly_stats() TO {p}_read")]
    [TestCase("GRANT CREATE ON SCHEMA public TO PUBLIC")]
    [TestCase("GRANT CREATE ON SCHEMA public TO {p}_app")]
    [TestCase("GRANT CREATE ON DATABASE {database} TO {p}_app")]
    [TestCase("GRANT CREATE ON DATABASE {database} TO PUBLIC")]
    [TestCase("ALTER ROLE {p}_app SUPERUSER")]
    [TestCase("GRANT {p}_migration TO {p}_app")]
    [TestCase("GRANT {p}_backup TO {p}_read")]
    [TestCase("ALTER TABLE trains OWNER TO {p}_app")]
    [TestCase("ALTER TABLE trains OWNER TO {p}_read; GRANT ALL ON trains TO {p}_app")]
    [TestCase("ALTER FUNCTION refresh_hourly_stats() OWNER TO {p}_app")]
    [TestCase("ALTER MATERIALIZED VIEW hourly_stats OWNER TO {p}_app")]
    [TestCase("ALTER TYPE conversation_analysis_status OWNER TO {p}_app")]
    [TestCase("ALTER SCHEMA public OWNER TO {p}_app")]
    [TestCase("ALTER DATABASE {database} OWNER TO {p}_app")]
    [TestCase(OtherGrants, "UPDATE", "analysis_audit_log")]
    [TestCase("REVOKE INSERT ON api_requests FROM {p}_app")]
    [TestCase("REVOKE SELECT ON analysis_audit_log FROM {p}_app")]
    [TestCase("REVOKE USAGE ON SEQUENCE streaming_chunks_id_seq FROM {p}_app")]
    [TestCase("REVOKE EXECUTE ON FUNCTION refresh_hourly_stats() FROM {p}_app")]
    [TestCase("REVOKE USAGE ON SCHEMA public FROM {p}_app, PUBLIC")]
    [TestCase("REVOKE TEMPORARY ON DATABASE {database} FROM {p}_app, PUBLIC")]
    [TestCase("REVOKE SELECT (name) ON trains FROM {p}_read")]
    [TestCase("REVOKE SELECT ON SEQUENCE streaming_chunks_id_seq FROM {p}_backup")]
    [TestCase("REVOKE ALL ON trains FROM {p}_backup")]
    [TestCase("ALTER TABLE trains OWNER TO CURRENT_USER")]
    [TestCase("ALTER DEFAULT PRIVILEGES FOR ROLE {p}_migration IN SCHEMA public REVOKE ALL ON TABLES FROM {p}_app")]
    [TestCase("ALTER DEFAULT PRIVILEGES FOR ROLE {p}_migration IN SCHEMA public REVOKE ALL ON SEQUENCES FROM {p}_app")]
    [TestCase("ALTER DEFAULT PRIVILEGES FOR ROLE {p}_migration GRANT EXECUTE ON FUNCTIONS TO PUBLIC")]
    [TestCase("ALTER DEFAULT PRIVILEGES FOR ROLE {p}_migration GRANT TRUNCATE ON TABLES TO {p}_app")]
    public async Task What_drifted_shows_when_it_is_tried_and_is_set_right(
        string drift, string right = "", string table = "")
    {
        await DriftAsync(drift, right, table);

        var failures = await FailuresAsync();
        var left = await LeftAsync();
        await SetUpAsync();

        Assert.Multiple(async () =>
        {
            Assert.That(failures, Is.Not.Empty);
            Assert.That(left, Is.Not.Empty);
            Assert.That(await LeftAsync(), Is.Empty);
            Assert.That(await FailuresAsync(), Is.Empty);
        });
    }

    // What no role can tell until it is used.
    [TestCase("ALTER ROLE {p}_app CREATEDB CREATEROLE")]
    [TestCase("ALTER ROLE {p}_backup REPLICATION BYPASSRLS")]
    [TestCase("ALTER ROLE {p}_read NOLOGIN")]
    [TestCase("GRANT SELECT ON api_requests TO {p}_app WITH GRANT OPTION")]
    [TestCase("CREATE ROLE {other}; GRANT {other} TO {p}_app")]
    [TestCase(OtherGrants, "SELECT", "api_requests")]
    [TestCase("REVOKE ALL ON trains FROM {p}_migration")]
    [TestCase("GRANT REFERENCES ON trains TO {p}_app")]
    [TestCase("ALTER DEFAULT PRIVILEGES FOR ROLE {p}_migration IN SCHEMA public GRANT ALL ON TABLES TO {p}_read")]
    public async Task What_drifted_out_of_sight_is_set_right(
        string drift, string right = "", string table = "")
    {
        await DriftAsync(drift, right, table);

        var left = await LeftAsync();
        await SetUpAsync();

        Assert.Multiple(async () =>
        {
            Assert.That(left, Is.Not.Empty);
            Assert.That(await LeftAsync(), Is.Empty);
            Assert.That(await FailuresAsync(), Is.Empty);
        });
    }

    [Test]
    public async Task What_somebody_else_was_granted_stays()
    {
        await DriftAsync(
            "CREATE ROLE {other}; GRANT SELECT, UPDATE ON trains TO {other}; GRANT {p}_read TO {other}; "
            + "ALTER ROLE {p}_app CONNECTION LIMIT 7");

        Assert.That(await LeftAsync(), Is.Empty);
    }

    [Test]
    public async Task A_right_that_is_taken_back_takes_along_what_was_granted_by_it()
    {
        await DriftAsync(
            "CREATE ROLE {other}; GRANT UPDATE ON analysis_audit_log TO {p}_app WITH GRANT OPTION; "
            + "SET ROLE {p}_app; GRANT UPDATE ON analysis_audit_log TO {other}; RESET ROLE");

        await SetUpAsync();

        Assert.That(
            await ReadAsync(ConnectionString, $"SELECT has_table_privilege('{Other}', 'analysis_audit_log', 'UPDATE')"),
            Is.EqualTo(["False"]));
    }

    // Migrated and handed to other roles already: what theirs were is taken over, too.
    private protected override async Task<string> NewDatabaseAsync()
        => await Server.AsAdministratorAsync(await Server.CloneAsync());

    private async Task DriftAsync(string drift, string right = "", string table = "")
    {
        await SetUpAsync();
        Assert.That(await LeftAsync(), Is.Empty);
        var sql = drift.Replace("{p}", Options.Prefix, StringComparison.Ordinal)
            .Replace("{other}", Other, StringComparison.Ordinal)
            .Replace("{right}", right, StringComparison.Ordinal).Replace("{table}", table, StringComparison.Ordinal)
            .Replace(
                "{database}", $"\"{new NpgsqlConnectionStringBuilder(ConnectionString).Database}\"", StringComparison.Ordinal);
        await ExecuteAsync(sql);
    }
}
