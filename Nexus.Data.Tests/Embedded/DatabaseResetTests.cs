using Nexus.Data.Embedded;
using Nexus.Data.Operations.Roles;
using Nexus.Data.Tests.Conversations;
using Nexus.Data.Tests.Fixtures;
using Nexus.Data.Tests.Tool;
using Npgsql;

namespace Nexus.Data.Tests.Embedded;

public sealed class DatabaseResetTests : DatabaseTest
{
    private const string History = "__EFMigrationsHistory";

    /// <summary>Who empties a database, and how.</summary>
    public enum Way
    {
        Superuser,
        Owner,
#if RESPAWN
        Respawn,
#endif
    }

    [Test]
    public async Task Every_row_goes_and_the_schema_stays([Values] Way way)
    {
        var resetAsync = await CreateAsync(way);
        for (var round = 0; round < 2; round++)
        {
            await FillAsync();
            var before = await CountRowsAsync();
            Assert.That(before.Where(table => table.Value > 0).Select(table => table.Key), Is.SupersetOf(["users", "messages", "api_requests", "hourly_totals"]));

            await resetAsync();

            Assert.That((await CountRowsAsync()).Where(table => table.Value > 0).Select(table => table.Key), Is.EqualTo([History]));
        }
    }

    [Test]
    public async Task Tables_in_a_circle_partitions_and_odd_names_are_emptied([Values] Way way)
    {
        await AsOwnerAsync(
            """
            CREATE TABLE hens (id int PRIMARY KEY, egg int); CREATE TABLE eggs (id int PRIMARY KEY, hen int REFERENCES hens);
            ALTER TABLE hens ADD FOREIGN KEY (egg) REFERENCES eggs;
            CREATE TABLE trees (id int PRIMARY KEY, parent int REFERENCES trees);
            CREATE TABLE parts (day date) PARTITION BY RANGE (day); CREATE TABLE parts_1 PARTITION OF parts DEFAULT;
            CREATE TABLE "Odd ""name' (x)" (id int);
            CREATE TABLE children (id int); CREATE TABLE grandchildren () INHERITS (children)
            """);
        var resetAsync = await CreateAsync(way);
        await AsOwnerAsync(
            """
            INSERT INTO hens VALUES (1); INSERT INTO eggs VALUES (1, 1); UPDATE hens SET egg = 1;
            INSERT INTO trees VALUES (1, 1), (2, 1); INSERT INTO parts VALUES ('2025-01-01'); INSERT INTO "Odd ""name' (x)" VALUES (1);
            INSERT INTO grandchildren VALUES (1)
            """);

        await resetAsync();

        Assert.That((await CountRowsAsync()).Where(table => table.Value > 0).Select(table => table.Key), Is.EqualTo([History]));
    }

    [Test]
    public async Task What_shall_stay_stays()
    {
        await FillAsync();
        await AdministerAsync("INSERT INTO model_prices VALUES ('m', '2025-01-01', 1, 1, 1, 1); CREATE SCHEMA other; CREATE TABLE other.notes AS SELECT 1 AS id");
        await using var reset = await DatabaseReset.CreateAsync(await AdministratorAsync(), new() { Keep = ["model_prices"] });

        await reset.ResetAsync();

        Assert.That((await CountRowsAsync()).Where(table => table.Value > 0).Select(table => table.Key), Is.EqualTo([History, "model_prices"]));
        Assert.That(reset.Tables, Has.Member("public.messages").And.No.Member("other.notes").And.No.Member("public.model_prices"));
        Assert.That(reset.Tables.ToList().IndexOf("public.messages"), Is.LessThan(reset.Tables.ToList().IndexOf("public.users")));
    }

    [Test]
    public async Task A_table_that_inherits_from_one_that_is_emptied_stays_where_it_shall([Values] bool hasGrown)
    {
        await AdministerAsync(
            """
            CREATE TABLE parents (id int, text text); CREATE TABLE kept () INHERITS (parents); CREATE TABLE emptied () INHERITS (parents);
            CREATE SCHEMA other; CREATE TABLE other.children () INHERITS (parents)
            """);
        await AdministerAsync(
            $"INSERT INTO parents SELECT n, repeat('x', 100) FROM generate_series(1, {(hasGrown ? 60_000 : 1)}) n; "
            + "INSERT INTO kept VALUES (2); INSERT INTO emptied VALUES (3); INSERT INTO other.children VALUES (4)");
        await using var reset = await DatabaseReset.CreateAsync(await AdministratorAsync(), new() { Keep = ["kept"] });

        await reset.ResetAsync();

        await using var source = NpgsqlDataSource.Create(await AdministratorAsync());
        await using var left = source.CreateCommand("SELECT string_agg(id::text, ' ' ORDER BY id) FROM parents");
        Assert.That(await left.ExecuteScalarAsync(), Is.EqualTo("2 4"));
    }

    [Test]
    public async Task A_key_on_a_partition_is_its_tables()
    {
        await AsOwnerAsync(
            """
            CREATE TABLE parents (id int PRIMARY KEY); CREATE TABLE parts (id int) PARTITION BY LIST (id);
            CREATE TABLE part_1 PARTITION OF parts (FOREIGN KEY (id) REFERENCES parents) DEFAULT;
            INSERT INTO parents VALUES (1); INSERT INTO parts VALUES (1)
            """);
        await using var reset = await DatabaseReset.CreateAsync(Server.As(NexusRole.Migration, ConnectionString));

        await reset.ResetAsync();

        var rows = await CountRowsAsync();
        Assert.That((rows["parents"], rows["parts"]), Is.EqualTo((0, 0)));
    }

    [Test]
    public async Task Where_nothing_was_written_nothing_is_truncated()
    {
        await AsOwnerAsync(
            """
            CREATE TABLE hens (id int PRIMARY KEY, egg int); CREATE TABLE eggs (id int PRIMARY KEY, hen int REFERENCES hens);
            ALTER TABLE hens ADD FOREIGN KEY (egg) REFERENCES eggs
            """);
        await using var reset = await DatabaseReset.CreateAsync(
            Server.As(NexusRole.Migration, ConnectionString));
        await reset.ResetAsync();
        var before = await FileAsync();

        await reset.ResetAsync();

        Assert.That(await FileAsync(), Is.EqualTo(before));

        async Task<object?> FileAsync()
        {
            await using var source = NpgsqlDataSource.Create(await AdministratorAsync());
            await using var file = source.CreateCommand("SELECT pg_relation_filenode('hens')");
            return await file.ExecuteScalarAsync();
        }
    }

    [Test]
    public async Task Numbers_go_on_where_the_rows_have_stayed()
    {
        await AsOwnerAsync("CREATE TABLE notes (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, text text); CREATE TABLE marks (id int)");
        await using var reset = await DatabaseReset.CreateAsync(
            await AdministratorAsync(), new() { LockTimeout = TimeSpan.FromSeconds(5), RestartsIdentities = true });
        await AsOwnerAsync("INSERT INTO notes (text) VALUES ('a')");

        // One is waited for at the first try, and the other, who has written meanwhile, for too long at the second.
        await using (var one = await BeginAsync("UPDATE notes SET text = 'b'"))
        {
            var refused = reset.ResetAsync();
            await Server.WaitForAsync(await AdministratorAsync(), "wait_event_type = 'Lock'", () => refused.IsCompleted);
            await using var other = await BeginAsync("INSERT INTO marks VALUES (1)");
            await one.CloseAsync();
            Assert.That(() => refused, Throws.TypeOf<NexusDataException>());
        }

        await AsOwnerAsync("INSERT INTO notes (text) VALUES ('b')");
        Assert.That((await CountRowsAsync())["notes"], Is.EqualTo(2));

        async Task<NpgsqlConnection> BeginAsync(string sql)
        {
            var writer = new NpgsqlConnection(await AdministratorAsync());
            await writer.OpenAsync();
            await using var command = new NpgsqlCommand($"BEGIN; {sql}", writer);
            await command.ExecuteNonQueryAsync();
            return writer;
        }
    }

    [Test]
    public async Task Who_waits_in_turn_is_told_of()
    {
        await AsOwnerAsync("CREATE TABLE a_notes AS SELECT 1 AS id; CREATE TABLE b_notes AS SELECT 1 AS id");
        await using var reset = await DatabaseReset.CreateAsync(await AdministratorAsync(), new() { LockTimeout = TimeSpan.FromMinutes(1) });
        await using var writer = await BeginAsync();
        await using var third = await BeginAsync();

        // The reset locks in the other order, and has to be the one that gives up. It looks for a circle once, a second after it has begun to wait: the third
        // keeps it until the circle is closed.
        await SendAsync(writer, "SET LOCAL deadlock_timeout = '1min'; UPDATE a_notes SET id = 2");
        await SendAsync(third, "UPDATE b_notes SET id = 2");
        var emptied = reset.ResetAsync();
        await Server.WaitForAsync(await AdministratorAsync(), "wait_event_type = 'Lock'", () => emptied.IsCompleted);
        var second = SendAsync(writer, "UPDATE b_notes SET id = 2");
        await Server.WaitForAsync(
            await AdministratorAsync(), "2 = (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')",
            () => second.IsCompleted);
        await third.CloseAsync();

        await second;
        Assert.That(() => emptied, Throws.TypeOf<NexusDataException>().With.Message.Contains("waits for another"));

        async Task<NpgsqlConnection> BeginAsync()
        {
            var connection = new NpgsqlConnection(await AdministratorAsync());
            await connection.OpenAsync();
            await SendAsync(connection, "BEGIN");
            return connection;
        }

        static async Task SendAsync(NpgsqlConnection connection, string sql)
        {
            await using var command = new NpgsqlCommand(sql, connection);
            await command.ExecuteNonQueryAsync();
        }
    }

    [Test]
    public async Task Views_are_refreshed_in_the_order_in_which_they_read_each_other()
    {
        await AsOwnerAsync(
            """
            CREATE TABLE notes AS SELECT 1 AS id; CREATE MATERIALIZED VIEW z_notes AS SELECT * FROM notes;
            CREATE VIEW m_notes AS SELECT * FROM z_notes; CREATE MATERIALIZED VIEW a_notes AS SELECT * FROM m_notes
            """);
        await using var reset = await DatabaseReset.CreateAsync(await AdministratorAsync());

        await reset.ResetAsync();

        await using var source = NpgsqlDataSource.Create(await AdministratorAsync());
        await using var left = source.CreateCommand("SELECT (SELECT count(*) FROM a_notes) + (SELECT count(*) FROM z_notes)");
        Assert.That(await left.ExecuteScalarAsync(), Is.Zero);
    }

    [Test]
    public async Task Views_that_keep_rows_are_refreshed()
    {
        await AsOwnerAsync("CREATE TABLE notes AS SELECT 1 AS id; CREATE MATERIALIZED VIEW kept AS SELECT * FROM notes");
        await using var reset = await DatabaseReset.CreateAsync(await AdministratorAsync());

        await reset.ResetAsync();

        Assert.That((await CountRowsAsync())["kept"], Is.Zero);
    }

    [Test]
    public async Task Numbers_begin_anew_where_that_is_wanted([Values] bool restarts)
    {
        await AsOwnerAsync("CREATE TABLE notes (id bigint GENERATED ALWAYS AS IDENTITY (START 5), old serial); INSERT INTO notes DEFAULT VALUES");
        await using var reset = await DatabaseReset.CreateAsync(await AdministratorAsync(), new() { RestartsIdentities = restarts });

        await reset.ResetAsync();

        await AsOwnerAsync("INSERT INTO notes DEFAULT VALUES");
        await using var source = NpgsqlDataSource.Create(await AdministratorAsync());
        await using var ids = source.CreateCommand("SELECT id || ' ' || old FROM notes");
        Assert.That(await ids.ExecuteScalarAsync(), Is.EqualTo(restarts ? "5 1" : "6 2"));
    }

    [Test]
    public async Task Tables_that_have_grown_give_their_room_back()
    {
        await AsOwnerAsync("CREATE TABLE notes AS SELECT repeat('x', 1000) FROM generate_series(1, 5000)");
        await using var reset = await DatabaseReset.CreateAsync(await AdministratorAsync());

        await reset.ResetAsync();

        await using var source = NpgsqlDataSource.Create(await AdministratorAsync());
        await using var size = source.CreateCommand("SELECT pg_relation_size('notes')");
        Assert.That(await size.ExecuteScalarAsync(), Is.Zero);
    }

    [Test]
    public async Task A_row_that_is_not_committed_yet_is_waited_for()
    {
        await AsOwnerAsync("CREATE TABLE notes (id int)");
        await using var reset = await DatabaseReset.CreateAsync(await AdministratorAsync(), new() { LockTimeout = TimeSpan.FromMinutes(1) });
        await using var writer = new NpgsqlConnection(await AdministratorAsync());
        await writer.OpenAsync();
        await using var transaction = await writer.BeginTransactionAsync();
        await using (var insert = new NpgsqlCommand("INSERT INTO notes VALUES (1)", writer, transaction))
        {
            await insert.ExecuteNonQueryAsync();
        }

        var emptied = reset.ResetAsync();
        await Server.WaitForAsync(await AdministratorAsync(), "wait_event_type = 'Lock'", () => emptied.IsCompleted);
        await transaction.CommitAsync();
        await emptied;

        Assert.That((await CountRowsAsync())["notes"], Is.Zero);
    }

    [Test]
    public async Task A_table_that_is_written_to_while_others_are_waited_for_is_emptied_too()
    {
        await AsOwnerAsync("CREATE TABLE notes AS SELECT 1 AS id; CREATE TABLE marks (id int)");
        await using var reset = await DatabaseReset.CreateAsync(await AdministratorAsync(), new() { LockTimeout = TimeSpan.FromMinutes(1) });
        await using var writer = new NpgsqlConnection(await AdministratorAsync());
        await writer.OpenAsync();
        await using var transaction = await writer.BeginTransactionAsync();
        await SendAsync("UPDATE notes SET id = 2");

        var emptied = reset.ResetAsync();
        await Server.WaitForAsync(await AdministratorAsync(), "wait_event_type = 'Lock'", () => emptied.IsCompleted);
        await SendAsync("INSERT INTO marks VALUES (1)");
        await transaction.CommitAsync();
        await emptied;

        var rows = await CountRowsAsync();
        Assert.That((rows["notes"], rows["marks"]), Is.EqualTo((0, 0)));

        async Task SendAsync(string sql)
        {
            await using var command = new NpgsqlCommand(sql, writer, transaction);
            await command.ExecuteNonQueryAsync();
        }
    }

    [Test]
    public async Task A_table_whose_size_cannot_be_had_is_told_of()
    {
        await AsOwnerAsync("CREATE TABLE notes AS SELECT 1 AS id");
        await using var reset = await DatabaseReset.CreateAsync(await AdministratorAsync(), new() { LockTimeout = TimeSpan.FromMilliseconds(50) });
        await using var holder = new NpgsqlConnection(await AdministratorAsync());
        await holder.OpenAsync();
        await using var transaction = await holder.BeginTransactionAsync();
        await using var alter = new NpgsqlCommand("ALTER TABLE notes ADD COLUMN text text", holder, transaction);
        await alter.ExecuteNonQueryAsync();

        Assert.That(() => reset.ResetAsync(), Throws.TypeOf<NexusDataException>().With.Message.Contains("ended its transactions"));
    }

    [Test]
    public async Task A_database_can_be_dropped_once_its_reset_is_disposed()
    {
        var administrator = new NpgsqlConnectionStringBuilder(await AdministratorAsync()) { ApplicationName = "reset" };
        var reset = await DatabaseReset.CreateAsync(administrator.ConnectionString);
        await reset.ResetAsync();

        await reset.DisposeAsync();

        await using var source = NpgsqlDataSource.Create(await Server.ConnectionStringAsync());
        await using var others = source.CreateCommand("SELECT count(*) FROM pg_stat_activity WHERE datname = @name AND application_name = 'reset'");
        others.Parameters.AddWithValue("name", new NpgsqlConnectionStringBuilder(ConnectionString).Database!);
        Assert.That(await others.ExecuteScalarAsync(), Is.Zero);
    }

    [Test]
    public async Task Whoever_holds_a_table_is_waited_for_and_then_told_of()
    {
        await AsOwnerAsync("CREATE TABLE notes AS SELECT 1 AS id");
        await using var reset = await DatabaseReset.CreateAsync(await AdministratorAsync(), new() { LockTimeout = TimeSpan.FromMilliseconds(50) });
        await using (var holder = new NpgsqlConnection(await AdministratorAsync()))
        {
            await holder.OpenAsync();
            await using var transaction = await holder.BeginTransactionAsync();
            await using var update = new NpgsqlCommand("UPDATE notes SET id = 2", holder, transaction);
            await update.ExecuteNonQueryAsync();

            var exception = Assert.ThrowsAsync<NexusDataException>(() => reset.ResetAsync());

            Assert.That(exception!.Kind, Is.EqualTo(NexusDataErrorKind.Unavailable));
            Assert.That(exception.Message, Does.Contain("0.05 seconds").And.Contain("ended its transactions"));
        }

        await reset.ResetAsync();
        Assert.That((await CountRowsAsync())["notes"], Is.Zero);
    }

    [Test]
    public async Task What_would_leave_rows_that_refer_to_nothing_is_refused()
    {
        await AsOwnerAsync("CREATE TABLE notes (user_id uuid CONSTRAINT notes_of_user REFERENCES users)");
        await RefusedAsync(new() { Keep = ["notes"] }, NexusDataErrorKind.Validation, "public.notes keeps its rows and refers to public.users (notes_of_user)");
        await RefusedAsync(new() { Keep = ["nots"] }, NexusDataErrorKind.Validation, "There is no table nots to keep.");
        await RefusedAsync(new() { Schemas = ["nowhere"] }, NexusDataErrorKind.Validation, "no table to empty in nowhere");
        await RefusedAsync(new() { LockTimeout = TimeSpan.Zero }, NexusDataErrorKind.Validation, "millisecond");

        var exception = Assert.ThrowsAsync<NexusDataException>(() => DatabaseReset.CreateAsync(ConnectionString));
        Assert.That(exception!.Message, Does.Contain("may not delete from").And.Contain("analysis_audit_log"));
    }

    [TestCase("production", null, null, true)]
    [TestCase(null, " Production", "Development", true)]
    [TestCase(null, null, "Production", true)]
    [TestCase("Development", "Production", "Production", false)]
    [TestCase(null, "Development", "Production", false)]
    [TestCase(null, null, null, false)]
    public void Production_is_no_place_for_it(string? own, string? shared, string? web, bool isRefused)
    {
        Action refuse = () => DatabaseReset.RefuseProduction(
            name => name == "NEXUS_ENVIRONMENT" ? own : name == "DOTNET_ENVIRONMENT" ? shared : web);

        Assert.That(refuse, isRefused ? Throws.TypeOf<NexusDataException>().With.Property("Kind").EqualTo(NexusDataErrorKind.Forbidden) : Throws.Nothing);
    }

    private async Task RefusedAsync(DatabaseResetOptions options, NexusDataErrorKind kind, string sentence)
    {
        var administrator = await AdministratorAsync();
        var exception = Assert.ThrowsAsync<NexusDataException>(() => DatabaseReset.CreateAsync(administrator, options));
        Assert.That(exception!.Kind, Is.EqualTo(kind));
        Assert.That(exception.Message, Does.Contain(sentence));
    }

    private async Task<Func<Task>> CreateAsync(Way way)
    {
        var connectionString = way is Way.Owner ? Server.As(NexusRole.Migration, ConnectionString) : await AdministratorAsync();
#if RESPAWN
        if (way is Way.Respawn)
        {
            await using var surveyed = new NpgsqlConnection(connectionString);
            await surveyed.OpenAsync();
            var respawner = await Respawn.Respawner.CreateAsync(surveyed, new()
            {
                DbAdapter = Respawn.DbAdapter.Postgres,
                SchemasToInclude = ["public"],
                TablesToIgnore = [new Respawn.Graph.Table("public", History)],
            });
            return async () =>
            {
                await using var connection = new NpgsqlConnection(connectionString);
                await connection.OpenAsync();
                await respawner.ResetAsync(connection);
            };
        }

#endif
        var reset = await DatabaseReset.CreateAsync(connectionString);
        return () => reset.ResetAsync();
    }

    private async Task AsOwnerAsync(string sql)
    {
        await using var source = NpgsqlDataSource.Create(Server.As(NexusRole.Migration, ConnectionString));
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private async Task FillAsync()
    {
        await ToolRun.RunAsync("populate", "--connection", ConnectionString);
        await ToolRun.RunAsync("import", GoldenLog.PathOf("request-log.jsonl"), "--connection", ConnectionString);
    }
}
