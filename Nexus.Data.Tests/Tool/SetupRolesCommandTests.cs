using Nexus.Data.Operations.Roles;
using Nexus.Data.Tests.Operations.Roles;
using Nexus.Data.Tool;
using Npgsql;

namespace Nexus.Data.Tests.Tool;

public sealed class SetupRolesCommandTests : RoleTest
{
    private readonly string _folder = Directory.CreateTempSubdirectory("nexus-roles-").FullName;

    private string PasswordsPath => Path.Combine(_folder, "roles.env");

    [SetUp]
    public Task Migrate() => MigrateAsync(ConnectionString);

    [TearDown]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public async Task Roles_are_set_up_and_proven_and_what_is_handed_over_is_listed_first()
    {
        var dry = await RunAsync("setup-roles", "--dry-run");
        var first = await RunAsync("setup-roles");
        var second = await RunAsync("setup-roles");
        var dryAgain = await RunAsync("setup-roles", "--dry-run");

        var lines = first.Output.Split(Environment.NewLine);
        Assert.Multiple(() =>
        {
            Assert.That(dry.ExitCode, Is.Zero, dry.Error);
            Assert.That(dry.Output, Does.Contain($"would run CREATE ROLE {Options.Prefix}_app LOGIN;"));
            Assert.That(first.ExitCode, Is.Zero, first.All);
            Assert.That(lines[0], Does.Contain("is handed over from"));
            Assert.That(
                Array.FindLastIndex(lines, line => line.Contains("is handed over")),
                Is.LessThan(Array.FindIndex(lines, line => line.StartsWith("ran ", StringComparison.Ordinal))));
            Assert.That(
                lines.Where(line => line.StartsWith("ran ", StringComparison.Ordinal) && !line.Contains("PASSWORD"))
                    .Select(line => line[4..]),
                Is.EqualTo(dry.Output.Split(Environment.NewLine)
                    .Where(line => line.StartsWith("would run ", StringComparison.Ordinal)).Select(line => line[10..])));
            Assert.That(first.Output, Does.Match("_app +may +insert +22 of +22 proven").And.Not.Contain("WRONG"));
            Assert.That(second.ExitCode, Is.Zero, second.All);
            Assert.That(second.Output, Does.StartWith("Nothing to change").And.Contain("proven"));
            Assert.That(dryAgain.Output, Does.StartWith("Nothing to change"));
        });
    }

    [Test]
    public async Task Passwords_that_are_made_go_to_a_file_for_nobody_else_and_nowhere_else()
    {
        var first = await RunAsync("setup-roles", "--debug");
        var passwords = RolePasswordFile.Parse(await File.ReadAllTextAsync(PasswordsPath));
        var second = await RunAsync("setup-roles");

        Assert.Multiple(async () =>
        {
            Assert.That(passwords.Keys, Is.EquivalentTo(Enum.GetValues<NexusRole>()));
            Assert.That(first.Output, Does.Contain(PasswordsPath));
            Assert.That(passwords.Values.Where((first.All + second.All).Contains), Is.Empty);
            Assert.That(
                RolePassword.IsOf(await VerifierAsync(NexusRole.App), passwords[NexusRole.App]), Is.True);
            if (!OperatingSystem.IsWindows())
            {
                Assert.That(
                    File.GetUnixFileMode(PasswordsPath), Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite));
            }
        });
    }

    [Test]
    public async Task What_a_file_has_is_taken_and_only_what_is_missing_is_added()
    {
        await File.WriteAllTextAsync(PasswordsPath, "# ours\nAPP_DB_PASSWORD=from=the file\nOTHER=1");

        var run = await RunAsync("setup-roles");

        var text = await File.ReadAllTextAsync(PasswordsPath);
        Assert.That(run.ExitCode, Is.Zero, run.All);
        Assert.That(text, Does.StartWith("# ours\nAPP_DB_PASSWORD=from=the file\nOTHER=1\nMIGRATION_DB_PASSWORD="));
        Assert.That(text.Split("APP_DB_PASSWORD"), Has.Length.EqualTo(2));
        Assert.That(RolePassword.IsOf(await VerifierAsync(NexusRole.App), "from=the file"), Is.True);
    }

    [Test]
    public async Task Passwords_come_from_standard_input_before_variables_and_from_the_applications_address_after()
    {
        var application = $"postgresql://{Options.Prefix}_app:of%20the%20address@db.example.org/x";

        var run = await ToolRun.RunAsync(
            ["setup-roles", "--prefix", Options.Prefix, "--passwords", "-"],
            "READ_DB_PASSWORD=of the input\n",
            new Dictionary<string, string>
            {
                ["ADMIN_DATABASE_URL"] = ConnectionString,
                ["DATABASE_URL"] = "postgresql://nobody@127.0.0.1:1/nowhere",
                ["NEXUS_DATA_FOLDER"] = _folder,
                ["APP_DATABASE_URL"] = application,
                ["MIGRATION_DB_PASSWORD"] = "of the variable",
                ["READ_DB_PASSWORD"] = "of the variable",
            });

        var file = Directory.GetFiles(_folder).Single();
        Assert.Multiple(async () =>
        {
            Assert.That(run.ExitCode, Is.Zero, run.All);
            Assert.That(run.Error, Does.Contain("ADMIN_DATABASE_URL"));
            Assert.That(RolePassword.IsOf(await VerifierAsync(NexusRole.App), "of the address"), Is.True);
            Assert.That(RolePassword.IsOf(await VerifierAsync(NexusRole.Migration), "of the variable"), Is.True);
            Assert.That(RolePassword.IsOf(await VerifierAsync(NexusRole.Read), "of the input"), Is.True);
            Assert.That(
                RolePasswordFile.Parse(await File.ReadAllTextAsync(file)).Keys, Is.EqualTo([NexusRole.Backup]));
            Assert.That(run.All, Does.Contain(file).And.Not.Contain("of the "));
        });
    }

    [Test]
    public async Task JSON_has_the_changes_and_the_proofs_and_no_password()
    {
        var dry = await RunAsync("setup-roles", "--json", "--dry-run");
        var run = await RunAsync("setup-roles", "--json");

        var passwords = RolePasswordFile.Parse(await File.ReadAllTextAsync(PasswordsPath)).Values;
        Assert.Multiple(() =>
        {
            Assert.That(
                dry.Json.GetProperty("plan").GetProperty("changes")[0].GetProperty("statement").GetString(),
                Does.StartWith("CREATE ROLE"));
            Assert.That(
                run.Json.GetProperty("plan").GetProperty("handovers")[0].GetProperty("thing").GetString(), Is.Not.Empty);
            Assert.That(
                run.Json.GetProperty("proofs").EnumerateArray().Select(proof => proof.GetProperty("is_proven").GetBoolean()),
                Is.All.True);
            Assert.That(run.Json.GetProperty("passwords_file").GetString(), Is.EqualTo(PasswordsPath));
            Assert.That(run.All, Does.Not.Contain("SCRAM-SHA"));
            Assert.That(passwords.Where(run.All.Contains), Is.Empty);
        });
    }

    [Test]
    public async Task A_right_that_cannot_be_proven_is_told_and_the_exit_code_is_1()
    {
        await RunAsync("setup-roles");
        await ExecuteAsync("REFRESH MATERIALIZED VIEW hourly_stats WITH NO DATA");

        var run = await RunAsync("setup-roles");

        Assert.Multiple(() =>
        {
            Assert.That(run.ExitCode, Is.EqualTo(ExitCode.CheckFailed));
            Assert.That(run.Output, Does.Match("_app +may +execute +2 of +3 WRONG"));
            Assert.That(run.Error, Does.Contain("_app should be let: execute function refresh_hourly_stats: 0A000"));
        });
    }

    [TestCase("", ExitCode.Refused)]
    [TestCase("another\n", ExitCode.Refused)]
    [TestCase("{name}\n", ExitCode.Done)]
    public async Task Where_a_user_would_lose_what_it_owns_the_databases_name_is_asked_for(string typed, int exitCode)
    {
        await ExecuteAsync($"CREATE ROLE {Other}; ALTER TABLE trains OWNER TO {Other}");
        var name = new NpgsqlConnectionStringBuilder(ConnectionString).Database;

        var run = await ToolRun.RunAsync(
            Arguments("setup-roles"), typed.Replace("{name}", name, StringComparison.Ordinal));

        Assert.Multiple(async () =>
        {
            Assert.That(run.ExitCode, Is.EqualTo(exitCode), run.All);
            Assert.That(run.Error, Does.Contain(Other).And.Contain("  table trains").And.Not.Contain("  table api_requests"));
            Assert.That(
                await ReadAsync(ConnectionString, $"SELECT count(*) FROM pg_roles WHERE rolname LIKE '{Options.Prefix}%'"),
                Is.EqualTo([exitCode == ExitCode.Done ? "5" : "1"]));
            Assert.That(File.Exists(PasswordsPath), Is.EqualTo(exitCode == ExitCode.Done));
        });
    }

    [Test]
    public async Task Who_may_not_is_refused_with_the_remedy_and_no_password_is_made()
    {
        await ExecuteAsync($"CREATE ROLE {Other} LOGIN PASSWORD 'other'");
        string[] arguments =
            ["setup-roles", "--prefix", Options.Prefix, "--passwords", PasswordsPath, "--connection", As(Other, "other")];

        var dry = await ToolRun.RunAsync([.. arguments, "--dry-run"]);
        var run = await ToolRun.RunAsync(arguments);

        Assert.Multiple(() =>
        {
            Assert.That(dry.ExitCode, Is.EqualTo(ExitCode.Refused));
            Assert.That(dry.Error, Does.Contain("CREATEROLE"));
            Assert.That(run.ExitCode, Is.EqualTo(ExitCode.Refused));
            Assert.That(run.Error, Does.Contain("api_requests").And.Contain("Connect as a superuser"));
            Assert.That(File.Exists(PasswordsPath), Is.False);
        });
    }

    [TestCase("setup-roles")]
    [TestCase("setup_roles")]
    [TestCase("setup_db_roles")]
    [TestCase("setup-db-roles")]
    [TestCase("db:setup-roles")]
    [TestCase("db-setup-roles")]
    public async Task It_is_known_by_the_names_that_people_type(string name)
    {
        var run = await RunAsync(name, "--dry-run");

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.That(run.Output, Does.Contain("would run CREATE ROLE"));
    }

    private string[] Arguments(params string[] arguments)
        => [.. arguments, "--prefix", Options.Prefix, "--passwords", PasswordsPath, "--connection", ConnectionString];

    private Task<ToolRun> RunAsync(params string[] arguments) => ToolRun.RunAsync(Arguments(arguments));

    private async Task<string> VerifierAsync(NexusRole role)
        => (await ReadAsync(
            ConnectionString, $"SELECT rolpassword FROM pg_authid WHERE rolname = '{Options.NameOf(role)}'")).Single();
}
