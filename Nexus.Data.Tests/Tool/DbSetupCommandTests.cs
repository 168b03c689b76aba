using Nexus.Data.Operations.Roles;
using Nexus.Data.Tests.Operations.Roles;
using Nexus.Data.Tool;
using Npgsql;

namespace Nexus.Data.Tests.Tool;

/// <summary>The verbs that set a database up in steps.</summary>
public sealed class DbSetupCommandTests : RoleTest
{
    private static readonly Dictionary<string, string> _production = new() { ["NEXUS_ENVIRONMENT"] = "production" };

    private readonly string _folder = Directory.CreateTempSubdirectory("nexus-setup-").FullName;

    private string PasswordsPath => Path.Combine(_folder, "roles.env");

    private string Name => new NpgsqlConnectionStringBuilder(ConnectionString).Database!;

    [TearDown]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public async Task An_empty_database_is_set_up_in_steps_and_a_second_run_changes_nothing()
    {
        var first = await RunAsync("db-setup");
        var second = await RunAsync("db_setup");

        var left = await LeftAsync();
        Assert.Multiple(async () =>
        {
            Assert.That((first.ExitCode, second.ExitCode), Is.EqualTo((0, 0)), first.All + second.All);
            Assert.That(
                first.Output,
                Does.Match("(?s)Step 1 of 4: set up the roles.*Step 2 of 4: .*apply 000.*Step 3 of 4: .*35 rows were added.*Step 4 of 4: .*ok"));
            Assert.That(
                second.Output,
                Does.Match("(?s)Step 1 of 4.*Nothing to change.*Step 2 of 4.*Nothing to do.*Step 3 of 4.*Everything was there.*Step 4 of 4"));
            Assert.That(left, Is.Empty, "The roles have all their rights on what was made.");
            Assert.That(await UsersAsync(), Is.EqualTo(["5"]));
            Assert.That(
                await ReadAsync(ConnectionString, "SELECT tableowner FROM pg_tables WHERE tablename = 'messages'"),
                Is.EqualTo([Options.NameOf(NexusRole.Migration)]));
            var passwords = RolePasswordFile.Parse(await File.ReadAllTextAsync(PasswordsPath)).Values;
            Assert.That(passwords.Where((first.All + second.All).Contains), Is.Empty);
        });
    }

    [Test]
    public async Task A_dry_run_lists_the_steps_and_makes_nothing()
    {
        var empty = await RunAsync("db-setup", "--dry-run");
        var made = await ReadAsync(ConnectionString, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'");
        await RunAsync("db-setup");
        var again = await RunAsync("db-setup", "--dry-run");
        var reset = await RunAsync("db-reset-and-setup", "--dry-run");

        Assert.Multiple(async () =>
        {
            Assert.That((empty.ExitCode, again.ExitCode, reset.ExitCode), Is.EqualTo((0, 0, 0)), empty.All + again.All + reset.All);
            Assert.That(
                empty.Output,
                Does.Contain("would run CREATE ROLE").And.Contain("would apply 000").And.Contain("people and chats would be added"));
            Assert.That(made, Is.Empty);
            Assert.That(again.Output, Does.Contain("Nothing to change").And.Contain("Everything was there"));
            Assert.That(reset.Output, Does.Contain("Step 5 of 5 would be to").And.Contain("would be dropped"));
            Assert.That(reset.Error, Does.Contain("public.messages with 16 rows"));
            Assert.That(await UsersAsync(), Is.EqualTo(["5"]));
        });
    }

    [Test]
    public async Task JSON_is_one_object_with_the_steps()
    {
        var run = await RunAsync("db-setup", "--json");

        var steps = run.Json.GetProperty("steps").EnumerateArray().ToList();
        Assert.Multiple(() =>
        {
            Assert.That(run.ExitCode, Is.Zero, run.All);
            Assert.That(
                steps.Select(step => step.GetProperty("name").GetString()), Is.EqualTo(["setup-roles", "migrate", "populate", "verify-population"]));
            Assert.That(steps.Select(step => step.GetProperty("exit_code").GetInt32()), Is.All.Zero);
            Assert.That(steps[2].GetProperty("result").GetProperty("added").GetInt32(), Is.EqualTo(35));
            Assert.That(steps[3].GetProperty("result").GetProperty("is_right").GetBoolean(), Is.True);
        });
    }

    [Test]
    public async Task In_production_nobody_is_made_up_and_nothing_begun_that_could_not_be_ended()
    {
        var refused = await ToolRun.RunAsync(Arguments("db-setup"), variables: _production);
        var made = await ReadAsync(ConnectionString, $"SELECT rolname FROM pg_roles WHERE rolname LIKE '{Options.Prefix}%'");
        var bare = await ToolRun.RunAsync(Arguments("db-setup", "--no-populate"), variables: _production);

        Assert.Multiple(async () =>
        {
            Assert.That(refused.ExitCode, Is.EqualTo(ExitCode.Refused), refused.All);
            Assert.That(refused.Error, Does.Contain("--no-populate"));
            Assert.That(made, Is.Empty);
            Assert.That(bare.ExitCode, Is.Zero, bare.All);
            Assert.That(bare.Output, Does.Contain("Step 2 of 2").And.Not.Contain("populate"));
            Assert.That(await UsersAsync(), Is.EqualTo(["0"]));
        });
    }

    [TestCase("db-setup")]
    [TestCase("db:setup")]
    [TestCase("setup_db")]
    public async Task It_is_known_by_the_names_that_people_type(string name)
    {
        var run = await RunAsync(name, "--dry-run");

        Assert.That(run.ExitCode, Is.Zero, run.All);
        Assert.That(run.Output, Does.StartWith("Step 1 of 4 would be to set up the roles."));
    }

    [TestCase("db-reset-and-setup")]
    [TestCase("db_reset_and_setup")]
    [TestCase("db:reset-and-setup")]
    public async Task A_database_is_emptied_and_set_up_after_one_question(string verb)
    {
        await RunAsync("db-setup");
        await ExecuteAsync("CREATE TABLE notes (n int); DELETE FROM messages");

        var run = await ToolRun.RunAsync(Arguments(verb), input: $"{Name}\n");

        Assert.Multiple(async () =>
        {
            Assert.That(run.ExitCode, Is.Zero, run.All);
            Assert.That(run.Error.Split("Type the database's name"), Has.Length.EqualTo(2));
            Assert.That(run.Output, Does.Match("(?s)Step 1 of 5.*dropped.*Step 2 of 5.*Step 3 of 5.*Step 4 of 5.*35 rows were added.*Step 5 of 5"));
            Assert.That(await ReadAsync(ConnectionString, "SELECT to_regclass('notes')::text IS NULL"), Is.EqualTo(["True"]));
            Assert.That(await UsersAsync(), Is.EqualTo(["5"]));
        });
    }

    [Test]
    public async Task Where_the_roles_could_not_be_set_up_nothing_is_dropped()
    {
        await ExecuteAsync(
            $"""
            CREATE ROLE {Other} LOGIN PASSWORD 'other'; GRANT CREATE ON SCHEMA public TO {Other};
            SET ROLE {Other}; CREATE TABLE theirs (n int); RESET ROLE
            """);

        var run = await ToolRun.RunAsync(
            "db-reset-and-setup", "--yes", "--prefix", Options.Prefix, "--passwords", PasswordsPath, "--connection", As(Other, "other"));

        Assert.That(run.ExitCode, Is.EqualTo(ExitCode.Refused), run.All);
        Assert.That(run.Error, Does.Contain("CREATEROLE").And.Contain("nothing was changed"));
        Assert.That(await ReadAsync(ConnectionString, "SELECT count(*) FROM theirs"), Is.EqualTo(["0"]));
    }

    // As services have it: the application's role by our variable, the administrator by his.
    [Test]
    public async Task The_administrator_makes_and_the_applications_role_fills()
    {
        var variables = new Dictionary<string, string>
        {
            ["NEXUS_DATABASE_URL"] = As(Options.NameOf(NexusRole.App), "known to the service"),
            ["ADMIN_DATABASE_URL"] = ConnectionString,
            ["DATABASE_URL"] = "postgresql://somebody@127.0.0.1:1/theirs",
        };
        string[] line = ["db-setup", "--prefix", Options.Prefix, "--passwords", PasswordsPath];

        var run = await ToolRun.RunAsync(line, variables: variables);
        variables["ADMIN_DATABASE_URL"] = new NpgsqlConnectionStringBuilder(ConnectionString) { Database = "another" }.ConnectionString;
        var other = await ToolRun.RunAsync(line, variables: variables);
        variables.Remove("NEXUS_DATABASE_URL");
        var unnamed = await ToolRun.RunAsync(line, variables: variables);
        var own = await ToolRun.RunAsync(
            [.. line, "--dry-run"],
            variables: new Dictionary<string, string> { ["NEXUS_DATABASE_URL"] = ConnectionString, ["DATABASE_URL"] = "mysql://theirs/x" });

        Assert.Multiple(async () =>
        {
            Assert.That(run.ExitCode, Is.Zero, run.All);
            Assert.That(run.Error, Does.Contain("Using ADMIN_DATABASE_URL"));
            Assert.That(run.All, Does.Not.Contain("known to the service").And.Not.Contain("theirs"));
            Assert.That(await UsersAsync(), Is.EqualTo(["5"]));
            Assert.That((other.ExitCode, unnamed.ExitCode), Is.EqualTo((ExitCode.WrongUsage, ExitCode.WrongUsage)), other.All);
            Assert.That(other.Error, Does.Contain("another").And.Contain("NEXUS_DATABASE_URL"));
            Assert.That(unnamed.Error, Does.Contain("embedded"));
            Assert.That(own.ExitCode, Is.Zero, own.All);
        });
    }

    // He hands over what he makes, and so there is no second time.
    [Test]
    public async Task An_owner_who_is_no_superuser_makes_what_the_applications_role_fills()
    {
        await ExecuteAsync(
            $"""
            CREATE ROLE {Other} LOGIN CREATEROLE PASSWORD 'other'; ALTER DATABASE "{Name}" OWNER TO {Other};
            ALTER SCHEMA public OWNER TO {Other}
            """);
        var variables = new Dictionary<string, string>
        {
            ["NEXUS_DATABASE_URL"] = As(Options.NameOf(NexusRole.App), "known to the service"),
            ["ADMIN_DATABASE_URL"] = As(Other, "other"),
        };
        string[] line = ["db-setup", "--prefix", Options.Prefix, "--passwords", PasswordsPath];

        var first = await ToolRun.RunAsync(line, variables: variables);
        var second = await ToolRun.RunAsync(line, variables: variables);

        Assert.That((first.ExitCode, second.ExitCode), Is.EqualTo((ExitCode.Done, ExitCode.Refused)), first.All + second.All);
        Assert.That(second.Error, Does.Contain("permission denied"));
        Assert.That(second.Output, Is.Empty, "Nothing is begun.");
        Assert.That(await UsersAsync(), Is.EqualTo(["5"]));
    }

    [Test]
    public async Task Passwords_of_standard_input_serve_all_steps()
    {
        var run = await ToolRun.RunAsync(
            ["db-reset-and-setup", "--yes", "--prefix", Options.Prefix, "--passwords", "-", "--connection", ConnectionString],
            string.Concat(Options.Passwords.Select(entry => $"{RolePasswordFile.VariableOf(entry.Key)}={entry.Value}\n")));

        Assert.That(run.ExitCode, Is.Zero, run.All);
        Assert.That(Options.Passwords.Values.Where(run.All.Contains), Is.Empty);
        Assert.That(await ReadAsync(As(NexusRole.App), "SELECT count(*) FROM users"), Is.EqualTo(["5"]));
    }

    [Test]
    public async Task What_a_migration_would_not_begin_with_is_told_before_anything_is_done()
    {
        await ExecuteAsync("CREATE TABLE users (name text)");

        var run = await RunAsync("db-setup");

        Assert.Multiple(async () =>
        {
            Assert.That(run.ExitCode, Is.EqualTo(ExitCode.CheckFailed), run.All);
            Assert.That(run.Error, Does.Contain("users"));
            Assert.That(run.Output, Is.Empty);
            Assert.That(
                await ReadAsync(ConnectionString, $"SELECT rolname FROM pg_roles WHERE rolname LIKE '{Options.Prefix}%'"), Is.Empty);
        });
    }

    [Test]
    public async Task Rows_that_do_not_hang_together_fail_the_last_step()
    {
        await RunAsync("db-setup");
        await ExecuteAsync("INSERT INTO users (id, username, created_at) VALUES (gen_random_uuid(), 'later', now() + interval '9 years')");

        var run = await RunAsync("db-setup");

        Assert.That(run.ExitCode, Is.EqualTo(ExitCode.CheckFailed), run.All);
        Assert.That(run.Error, Does.Contain("Step 4 of 4 failed"));
    }

    [Test]
    public async Task A_step_that_fails_ends_it()
    {
        await RunAsync("db-setup");
        await ExecuteAsync("REFRESH MATERIALIZED VIEW hourly_stats WITH NO DATA");

        var run = await RunAsync("db-setup");

        Assert.That(run.ExitCode, Is.EqualTo(ExitCode.CheckFailed), run.All);
        Assert.That(run.Output, Does.Contain("Step 1 of 4").And.Not.Contain("Step 2 of 4"));
        Assert.That(run.Error, Does.Contain("Step 1 of 4 failed"));
    }

    private Task<List<string>> UsersAsync() => ReadAsync(ConnectionString, "SELECT count(*) FROM users");

    private async Task<List<string>> LeftAsync()
        => [.. (await Setup(ConnectionString).PlanAsync(new() { Prefix = Options.Prefix })).Changes.Select(change => change.Statement)];

    private string[] Arguments(params string[] arguments)
        => [.. arguments, "--prefix", Options.Prefix, "--passwords", PasswordsPath, "--connection", ConnectionString];

    private Task<ToolRun> RunAsync(params string[] arguments) => ToolRun.RunAsync(Arguments(arguments));
}
