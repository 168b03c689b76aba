using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Nexus.Data.Embedded;
using Nexus.Data.Operations.Roles;
using Nexus.Data.Tests.Fixtures;
using Nexus.Data.Trains;
using Npgsql;

namespace Nexus.Data.Tests.Operations.Roles;

public sealed class RoleSetupTests : RoleTest
{
    private const string Owners =
        """
        SELECT DISTINCT pg_get_userbyid(owner)
        FROM (SELECT relowner FROM pg_class WHERE relnamespace = 'public'::regnamespace
              UNION SELECT proowner FROM pg_proc WHERE pronamespace = 'public'::regnamespace
              UNION SELECT typowner FROM pg_type WHERE typnamespace = 'public'::regnamespace) AS things (owner)
        """;

    [Test]
    [Category("ServerVersions")]
    public async Task What_a_superuser_migrated_is_listed_handed_over_and_proven_and_then_left_alone()
    {
        await MigrateAsync(ConnectionString);

        var plan = await SetUpAsync();

        var things = plan.Handovers.Select(handover => handover.Thing).ToList();
        var proofs = await Setup(ConnectionString).ProveAsync(Options);
        Assert.Multiple(async () =>
        {
            Assert.That(
                things,
                Is.SupersetOf(
                [
                    "table api_requests", "table __EFMigrationsHistory", "sequence streaming_chunks_id_seq",
                    "view hourly_stats", "function refresh_hourly_stats", "type conversation_analysis_status",
                ]));
            Assert.That(await ReadAsync(ConnectionString, Owners), Is.EqualTo([Options.NameOf(NexusRole.Migration)]));
            Assert.That(await LeftAsync(), Is.Empty);
            Assert.That(proofs.Where(proof => !proof.IsProven), Is.Empty);
            Assert.That(proofs.Count(proof => proof.IsGranted), Is.GreaterThan(100));
            Assert.That(proofs.Count(proof => !proof.IsGranted), Is.GreaterThan(300));
            Assert.That(
                proofs.Where(proof => !proof.IsGranted).Select(proof => proof.Answer), Is.All.StartsWith("42501 "));
        });
    }

    [Test]
    public async Task Nothing_that_was_tried_is_left_behind()
    {
        await MigrateAsync(ConnectionString);
        await SetUpAsync();
        const string things = "SELECT string_agg(relname || relacl::text, ' ' ORDER BY oid) FROM pg_class WHERE oid > 16384";
        const string comments = "SELECT count(*)::text || md5(string_agg(description, ' ' ORDER BY objoid, objsubid)) "
            + "FROM pg_description WHERE objoid > 16384";
        var before = (await ReadAsync(ConnectionString, things), await ReadAsync(ConnectionString, comments));

        await Setup(ConnectionString).ProveAsync(Options);

        Assert.That(await ReadAsync(ConnectionString, things), Is.EqualTo(before.Item1));
        Assert.That(await ReadAsync(ConnectionString, comments), Is.EqualTo(before.Item2));
    }

    [Test]
    public async Task A_plan_changes_nothing()
    {
        await MigrateAsync(ConnectionString);

        var plan = await Setup(ConnectionString).PlanAsync(Options);

        Assert.That(plan.IsEmpty, Is.False);
        Assert.That(
            await ReadAsync(ConnectionString, $"SELECT rolname FROM pg_roles WHERE rolname LIKE '{Options.Prefix}%'"), Is.Empty);
    }

    [Test]
    [Category("ServerVersions")]
    public async Task The_migrations_run_under_their_own_role_on_an_empty_database_down_and_up_again()
    {
        await SetUpAsync();
        var migration = As(NexusRole.Migration);

        await MigrateAsync(migration);
        var untilThen = await LeftAsync();
        await SetUpAsync();
        await using (var db = Server.Open(migration))
        {
            await db.GetService<IMigrator>().MigrateAsync(Migration.InitialDatabase);
        }

        await MigrateAsync(migration);
        await SetUpAsync();

        Assert.Multiple(async () =>
        {
            Assert.That(
                untilThen,
                Has.Some.Matches("REVOKE .*UPDATE.* ON TABLE public.analysis_audit_log FROM .*_app")
                    .And.Some.Matches("REVOKE SELECT ON TABLE public.train_api_keys FROM .*_read"),
                "What a table of its own kind needs is known only once it is there.");
            Assert.That(await ReadAsync(ConnectionString, Owners), Is.EqualTo([Options.NameOf(NexusRole.Migration)]));
            Assert.That(await LeftAsync(), Is.Empty);
            Assert.That(await FailuresAsync(), Is.Empty);
        });
    }

    [Test]
    public async Task The_migrations_go_on_under_their_own_role_where_a_superuser_began()
    {
        await using (var db = OpenContext())
        {
            await db.GetService<IMigrator>().MigrateAsync("20250101000011_AddConversationAnalyses");
        }

        await SetUpAsync();
        await MigrateAsync(As(NexusRole.Migration));
        await SetUpAsync();

        Assert.That(await ReadAsync(ConnectionString, Owners), Is.EqualTo([Options.NameOf(NexusRole.Migration)]));
        Assert.That(await FailuresAsync(), Is.Empty);
    }

    [Test]
    public async Task The_application_copies_through_temporary_tables_and_refreshes_what_readers_see()
    {
        await MigrateAsync(ConnectionString);
        await SetUpAsync();
        await using var source = NpgsqlDataSource.Create(As(NexusRole.App));
        await using var connection = await source.OpenConnectionAsync();
        await using (var make = new NpgsqlCommand(
            "CREATE TEMPORARY TABLE news (id uuid, hour timestamptz); SELECT pg_advisory_lock(1)", connection))
        {
            await make.ExecuteNonQueryAsync();
        }

        await using (var copy = await connection.BeginBinaryImportAsync("COPY news FROM STDIN (FORMAT binary)"))
        {
            await copy.StartRowAsync();
            await copy.WriteAsync(Guid.NewGuid());
            await copy.WriteAsync(DateTime.UtcNow.AddDays(-1));
            await copy.CompleteAsync();
        }

        await using (var store = new NpgsqlCommand(
            """
            ANALYZE news;
            INSERT INTO api_requests (request_id, train_id, "timestamp", method, path, headers, model)
            SELECT id, 'train', hour, 'POST', '/', '{}', 'm' FROM news;
            UPDATE api_requests SET input_tokens = 7 FROM news WHERE request_id = id;
            INSERT INTO streaming_chunks (request_id, chunk_index, "timestamp", data) SELECT id, 0, hour, 'x' FROM news;
            SELECT refresh_hourly_stats();
            """,
            connection))
        {
            await store.ExecuteNonQueryAsync();
        }

        Assert.That(
            await ReadAsync(As(NexusRole.Read), "SELECT total_input_tokens FROM hourly_stats"), Is.EqualTo(["7"]));
    }

    [Test]
    public async Task A_table_that_a_later_migration_makes_can_be_used_at_once()
    {
        await SetUpAsync();
        await ExecuteAsync(As(NexusRole.Migration), "CREATE TABLE later (id serial, name text)");

        await ExecuteAsync(As(NexusRole.App), "INSERT INTO later (name) VALUES ('a'); UPDATE later SET name = 'b'");

        Assert.Multiple(async () =>
        {
            Assert.That(await ReadAsync(As(NexusRole.Read), "SELECT name FROM later"), Is.EqualTo(["b"]));
            Assert.That(await ReadAsync(As(NexusRole.Backup), "SELECT last_value FROM later_id_seq"), Is.EqualTo(["1"]));
            Assert.That(
                () => ExecuteAsync(As(NexusRole.Read), "DELETE FROM later"),
                Throws.InstanceOf<PostgresException>().With.Property("SqlState").EqualTo("42501"));
        });
    }

    [Test]
    [Category("ServerVersions")]
    public async Task Readers_see_no_secret()
    {
        await MigrateAsync(ConnectionString);
        await SetUpAsync();
        await using (var db = Server.Open(As(NexusRole.App)))
        {
            db.Add(new Train { TrainId = "one", Name = "One", SlackWebhookUrl = "https://hooks.example.org/secret" });
            await db.SaveChangesAsync();
        }

        Assert.Multiple(async () =>
        {
            Assert.That(await ReadAsync(As(NexusRole.Read), "SELECT name FROM trains"), Is.EqualTo(["One"]));
            Assert.That(
                await ReadAsync(As(NexusRole.Backup), "SELECT slack_webhook_url FROM trains"), Has.Count.EqualTo(1));
            Assert.That(
                () => ReadAsync(As(NexusRole.Read), "SELECT slack_webhook_url FROM trains"),
                Throws.InstanceOf<PostgresException>().With.Property("SqlState").EqualTo("42501"));
        });
    }

    [Test]
    public async Task Every_column_that_is_said_to_be_a_secret_is_hidden_from_readers()
    {
        await MigrateAsync(ConnectionString);

        var secrets = await ReadAsync(
            ConnectionString,
            """
            SELECT attrelid::regclass || '.' || attname FROM pg_attribute
            WHERE attnum > 0 AND col_description(attrelid, attnum) LIKE '%; a secret.'
            """);

        Assert.That(
            RolePolicy.Secrets.SelectMany(table => table.Value, (table, column) => $"{table.Key}.{column}"),
            Is.EquivalentTo(secrets));
    }

    [Test]
    public async Task What_another_program_keeps_in_the_schema_stays_its_own_and_is_in_the_backup()
    {
        await MigrateAsync(ConnectionString);
        await ExecuteAsync(
            $"CREATE ROLE {Other}; CREATE TABLE invoices (id serial); GRANT SELECT ON invoices TO {Other}; "
            + "INSERT INTO invoices DEFAULT VALUES");

        await SetUpAsync();

        Assert.Multiple(async () =>
        {
            Assert.That(
                await ReadAsync(ConnectionString, "SELECT relowner <> (SELECT oid FROM pg_roles WHERE rolname = "
                    + $"'{Options.NameOf(NexusRole.Migration)}') FROM pg_class WHERE relname LIKE 'invoices%'"),
                Is.All.EqualTo("True"));
            Assert.That(await ReadAsync(As(NexusRole.Backup), "SELECT id FROM invoices"), Is.EqualTo(["1"]));
            Assert.That(
                await ReadAsync(ConnectionString, $"SELECT has_table_privilege('{Other}', 'invoices', 'SELECT')"),
                Is.EqualTo(["True"]));
            Assert.That(
                () => ReadAsync(As(NexusRole.App), "SELECT id FROM invoices"),
                Throws.InstanceOf<PostgresException>().With.Property("SqlState").EqualTo("42501"));
            Assert.That(await LeftAsync(), Is.Empty);
            Assert.That(await FailuresAsync(), Is.Empty);
        });
    }

    [Test]
    [NeedsDump]
    public async Task The_backups_role_dumps_all_of_the_database()
    {
        await MigrateAsync(ConnectionString);
        await ExecuteAsync("CREATE TABLE invoices (id serial)");
        await SetUpAsync();
        var text = "";

        await PostgresProgram.RunAsync(
            "pg_dump", ["--no-password"], As(NexusRole.Backup), CancellationToken.None,
            async output => text = await new StreamReader(output).ReadToEndAsync());

        Assert.That(text, Does.Contain("COPY public.api_requests").And.Contain("COPY public.invoices"));
    }

    [Test]
    public async Task Our_tables_may_be_in_another_schema()
    {
        await ExecuteAsync("CREATE SCHEMA \"Nexus's data\"");
        var there = new NpgsqlConnectionStringBuilder(ConnectionString) { SearchPath = "\"Nexus's data\"" }.ConnectionString;
        await MigrateAsync(there);

        var plan = await SetUpAsync(there);

        Assert.Multiple(async () =>
        {
            Assert.That(plan.Schema, Is.EqualTo("Nexus's data"));
            Assert.That(plan.Handovers, Has.Count.GreaterThan(15));
            Assert.That(await LeftAsync(there), Is.Empty);
            Assert.That(await FailuresAsync(there), Is.Empty);
        });
    }

    [Test]
    [Category("ServerVersions")]
    public async Task Who_owns_the_database_and_may_make_roles_need_be_no_superuser()
    {
        await ExecuteAsync(
            $"CREATE ROLE {Other} LOGIN CREATEROLE PASSWORD 'other'; "
            + $"ALTER DATABASE \"{new NpgsqlConnectionStringBuilder(ConnectionString).Database}\" OWNER TO {Other}; "
            // Until version 14 the schema belongs to the server's first user, whoever owns the database.
            + $"DO $$ BEGIN IF current_setting('server_version_num')::integer < 150000 THEN "
            + $"ALTER SCHEMA public OWNER TO {Other}; END IF; END $$");
        var owner = As(Other, "other");
        await MigrateAsync(owner);

        var plan = await SetUpAsync(owner);

        Assert.Multiple(async () =>
        {
            Assert.That(plan.Handovers.Select(handover => handover.From), Is.All.EqualTo(Other));
            Assert.That(plan.Handovers.Select(handover => handover.TakesRights), Is.All.True);
            Assert.That(await LeftAsync(), Is.Empty);
            Assert.That(await FailuresAsync(owner), Is.Empty);
            Assert.That(
                await ReadAsync(
                    ConnectionString,
                    $"SELECT count(*) FROM pg_auth_members WHERE member = '{Other}'::regrole AND NOT admin_option"),
                Is.EqualTo(["0"]), "It was a member for as long as it took.");
        });
    }

    [Test]
    public async Task Who_may_not_is_told_what_and_what_to_do_and_nothing_is_changed()
    {
        await MigrateAsync(ConnectionString);
        await ExecuteAsync($"CREATE ROLE {Other} LOGIN PASSWORD 'other'");
        var setup = Setup(As(Other, "other"));

        var plan = await setup.PlanAsync(Options);

        Assert.That(
            plan.Obstacles, Has.Some.Match("owns .*table api_requests").And.Some.Contains("CREATEROLE"));
        Assert.That(
            () => setup.ApplyAsync(plan),
            Throws.InstanceOf<NexusDataException>().With.Property("Kind").EqualTo(NexusDataErrorKind.Forbidden)
                .And.Message.Contains("Connect as a superuser"));
        Assert.That(await ReadAsync(ConnectionString, Owners), Has.No.Member(Options.NameOf(NexusRole.Migration)));
    }

    [Test]
    public async Task A_plan_that_is_out_of_date_is_not_applied()
    {
        var setup = Setup(ConnectionString);
        var plan = await setup.PlanAsync(Options);
        await MigrateAsync(ConnectionString);

        Assert.That(
            () => setup.ApplyAsync(plan),
            Throws.InstanceOf<NexusDataException>().With.Property("Kind").EqualTo(NexusDataErrorKind.Conflict));
        Assert.That(
            await ReadAsync(ConnectionString, $"SELECT rolname FROM pg_roles WHERE rolname LIKE '{Options.Prefix}%'"), Is.Empty);
    }

    [Test]
    public async Task A_table_that_others_use_for_long_makes_nobody_wait_for_long()
    {
        await MigrateAsync(ConnectionString);
        var setup = Setup(ConnectionString);
        var plan = await setup.PlanAsync(Options);
        var left = await LeftAsync();
        await using var reader = new NpgsqlConnection(ConnectionString);
        await reader.OpenAsync();
        await using var transaction = await reader.BeginTransactionAsync();
        await using (var read = new NpgsqlCommand("SELECT count(*) FROM api_requests", reader))
        {
            await read.ExecuteScalarAsync();
        }

        Assert.That(
            () => setup.ApplyAsync(plan),
            Throws.InstanceOf<NexusDataException>().With.Property("Kind").EqualTo(NexusDataErrorKind.Unavailable)
                .And.Message.Contains("api_requests").And.Message.Contains("run it again"));

        await transaction.RollbackAsync();
        Assert.That(await LeftAsync(), Is.EqualTo(left));
        await SetUpAsync();
        Assert.That(await LeftAsync(), Is.Empty);
    }

    [Test]
    public async Task Of_those_that_set_up_at_once_one_does_and_the_others_are_told()
    {
        await MigrateAsync(ConnectionString);
        var setup = Setup(ConnectionString);
        var plan = await setup.PlanAsync(Options);

        var ends = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            try
            {
                await setup.ApplyAsync(plan);
                return (NexusDataErrorKind?)null;
            }
            catch (NexusDataException exception)
            {
                return exception.Kind;
            }
        })));

        Assert.Multiple(async () =>
        {
            Assert.That(
                ends,
                Is.EquivalentTo(new NexusDataErrorKind?[]
                {
                    null, NexusDataErrorKind.Conflict, NexusDataErrorKind.Conflict, NexusDataErrorKind.Conflict,
                }));
            Assert.That(await LeftAsync(), Is.Empty);
            Assert.That(await FailuresAsync(), Is.Empty);
        });
    }

    [TestCase("")]
    [TestCase("pg_x")]
    [TestCase("Nexus")]
    [TestCase("nexus; DROP TABLE x")]
    [TestCase("a_name_of_more_than_forty_letters_and_so_on_")]
    public void A_prefix_that_makes_no_names_is_refused(string prefix)
        => Assert.That(
            () => Setup("Host=nowhere").PlanAsync(new() { Prefix = prefix }),
            Throws.InstanceOf<NexusDataException>().With.Property("Kind").EqualTo(NexusDataErrorKind.Validation));
}
