using Nexus.Data.Embedded;
using Nexus.Data.Tests.Conversations;
using Nexus.Data.Tests.Fixtures;
using Nexus.Data.Tool;
using Npgsql;

namespace Nexus.Data.Tests.Tool;

/// <summary>What all verbs have in common.</summary>
public sealed class ToolCommandTests : DatabaseTest
{
    private const string NoServer = "postgresql://somebody:secret-word@127.0.0.1:1/nowhere";

    [TestCase("There is no verb 'migrat'", "migrat")]
    [TestCase("Required command", "--json")]
    [TestCase("--nonsense", "status", "--nonsense")]
    [TestCase("REQUEST_ID|explain", "explain")]
    [TestCase("is no request identifier", "explain", "abc")]
    [TestCase("There is no file", "import", "/no/such/file.jsonl")]
    [TestCase("--since takes a time", "export", "--since", "yesterday")]
    [TestCase("--conversation", "export", "--conversation", "abc")]
    [TestCase("--connection", "status", "--connection", "")]
    [TestCase("--connection", "status", "--connection", "mysql://localhost/x")]
    [TestCase("start|stop|connect|logs|reset|'restart'", "dev-db", "restart")]
    [TestCase("--timeout takes a length", "dev-db", "start", "--timeout", "soon")]
    [TestCase("--connection", "reset", "--connection", "")]
    public async Task A_wrong_command_line_is_told_in_one_sentence(string sentence, params string[] arguments)
    {
        var run = await ToolRun.RunAsync(arguments);

        Assert.Multiple(() =>
        {
            Assert.That(run.ExitCode, Is.EqualTo(ExitCode.WrongUsage));
            Assert.That(run.Error, Does.Match(sentence));
            Assert.That(run.Error.Trim(), Does.Not.Contain("\n").And.Not.Contain(" at Nexus"));
            Assert.That(run.Output, Is.Empty);
        });
    }

    [Test]
    public async Task A_database_that_is_not_there_is_no_connection()
    {
        var missing = new NpgsqlConnectionStringBuilder(ConnectionString) { Database = "no_such_database" };

        var run = await ToolRun.RunAsync("status", "--connection", missing.ConnectionString);

        Assert.That(run.ExitCode, Is.EqualTo(ExitCode.NoConnection), run.All);
        Assert.That(run.Error, Does.Contain("no_such_database"));
    }

    [Test]
    public async Task An_address_given_as_an_argument_is_told_without_its_password()
    {
        var run = await ToolRun.RunAsync("status", NoServer);

        Assert.That(run.ExitCode, Is.EqualTo(ExitCode.WrongUsage));
        Assert.That(run.Error, Does.Not.Contain("secret-word"));
    }

    [TestCase("status")]
    [TestCase("status", "--json")]
    [TestCase("migrate")]
    [TestCase("migrate", "--to", "014", "--dry-run")]
    [TestCase("migrate", "--to", "014")]
    [TestCase("init-database")]
    [TestCase("analyze-conversations", "--json")]
    [TestCase("explain", "3781c376-48ed-53c1-af6b-0f45285b56ce")]
    [TestCase("explain", "00000000-0000-0000-0000-000000000001")]
    [TestCase("import", "-")]
    [TestCase("export", "--conversation", "3781c376-48ed-53c1-af6b-0f45285b56ce")]
    [TestCase("demo")]
    [TestCase("setup-roles", "--dry-run")]
    [TestCase("setup-roles")]
    [TestCase("populate")]
    [TestCase("populate-large", "--dry-run")]
    [TestCase("verify-population")]
    [TestCase("clean-data")]
    [TestCase("bench", "--iterations", "20")]
    [TestCase("schema-dump", "-")]
    [TestCase("db-setup")]
    [TestCase("db-setup", "--json", "--dry-run")]
    [TestCase("db-hard-reset")]
    [TestCase("db-hard-reset", "--dry-run", "--json")]
    [TestCase("db-reset-and-setup", "--dry-run")]
    [TestCase("reset")]
    [TestCase("reset", "--yes")]
    public async Task No_verb_prints_the_password(params string[] arguments)
    {
        await ToolRun.RunAsync(["import", GoldenLog.PathOf("request-log.jsonl"), "--connection", ConnectionString]);

        var run = await ToolRun.RunAsync([.. arguments, "--debug", "--connection", WithPassword()]);

        Assert.Multiple(() =>
        {
            Assert.That(run.ExitCode, Is.AnyOf(0, 1, 3), run.All);
            Assert.That(run.All, Is.Not.Empty);
            Assert.That(run.All, Does.Not.Contain("geheim"));
        });
    }

    [TestCase("populate", "--dry-run")]
    [TestCase("populate-large", "--users", "20", "--groups", "5", "--direct-chats", "10", "--messages", "200", "--days", "30")]
    public async Task A_verb_that_makes_rows_up_does_not_take_the_database_of_another_program(params string[] arguments)
    {
        var run = await ToolRun.RunAsync(
            arguments,
            variables: new Dictionary<string, string>
            {
                ["DATABASE_URL"] = "postgresql://somebody@127.0.0.1:1/theirs",
                ["NEXUS_DATABASE_URL"] = ConnectionString,
            });

        Assert.That(run.ExitCode, Is.Zero, run.All);
        Assert.That(run.All, Does.Not.Contain("theirs"));
    }

    [Test]
    public async Task DATABASE_URL_counts_where_it_may_and_is_shown_first()
    {
        var run = await ToolRun.RunAsync(["status"], variables: new Dictionary<string, string>
        {
            ["DATABASE_URL"] = WithPassword(),
        });

        Assert.Multiple(() =>
        {
            Assert.That(run.ExitCode, Is.Zero, run.Error);
            Assert.That(run.Error, Does.Contain("DATABASE_URL").And.Contain(NameOf(ConnectionString)));
            Assert.That(run.All, Does.Not.Contain("geheim"));
        });
    }

    [Test]
    public async Task NEXUS_DATABASE_URL_comes_before_DATABASE_URL_and_after_the_option()
    {
        var variables = new Dictionary<string, string>
        {
            ["NEXUS_DATABASE_URL"] = ConnectionString,
            ["DATABASE_URL"] = NoServer,
        };

        var byVariable = await ToolRun.RunAsync(["status"], variables: variables);
        var byOption = await ToolRun.RunAsync(["status", "--connection", NoServer], variables: variables);

        Assert.That(byVariable.ExitCode, Is.Zero, byVariable.Error);
        Assert.That(byOption.ExitCode, Is.EqualTo(ExitCode.NoConnection));
    }

    [Test]
    public async Task Stopped_by_Ctrl_C_a_verb_ends_with_130()
    {
        using var stopped = new CancellationTokenSource();
        await stopped.CancelAsync();

        var run = await ToolRun.RunAsync(
            ["analyze-conversations", "--connection", ConnectionString], cancellationToken: stopped.Token);

        Assert.That(run, Is.EqualTo(new ToolRun(ExitCode.Interrupted, "", "Stopped." + Environment.NewLine)));
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task An_unexpected_error_says_how_to_see_where(bool debug)
    {
        using var error = new StringWriter();

        var exitCode = await ToolErrors.ReportAsync(
            new InvalidOperationException("odd"), error, debug, CancellationToken.None);

        Assert.That(exitCode, Is.EqualTo(ExitCode.Unexpected));
        Assert.That(error.ToString(), Does.Contain("odd").And.Contain(debug ? "InvalidOperationException" : "--debug"));
    }

    [Test]
    public async Task A_machine_without_PostgreSQL_is_told_what_to_do()
    {
        using var error = new StringWriter();

        var exitCode = await ToolErrors.ReportAsync(
            new PostgresUnavailableException("Install it."), error, debug: false, CancellationToken.None);

        Assert.That((exitCode, error.ToString().Trim()), Is.EqualTo((ExitCode.NoConnection, "Install it.")));
    }

    // As an address. The passwords of the tests' roles begin with the word that is looked for.
    private string WithPassword()
    {
        var server = new NpgsqlConnectionStringBuilder(ConnectionString);
        return $"postgresql://{server.Username}:{Uri.EscapeDataString(server.Password!)}@/{server.Database}"
            + $"?host={Uri.EscapeDataString(server.Host!)}&port={server.Port}";
    }

    private static string NameOf(string connectionString)
        => new NpgsqlConnectionStringBuilder(connectionString).Database!;
}
