using Nexus.Data.Tests.Conversations;
using Nexus.Data.Tests.Fixtures;
using Nexus.Data.Tool;
using Npgsql;

namespace Nexus.Data.Tests.Tool;

public sealed class PruneCommandTests : DatabaseTest
{
    [SetUp]
    public Task ImportAsync() => RunAsync("import", GoldenLog.PathOf("request-log.jsonl"));

    [Test]
    public async Task Without_execute_it_counts_and_changes_nothing()
    {
        var run = await RunAsync("prune", "--older-than", "1d");
        var json = await RunAsync("prune", "--before", "2100-01-01", "--json");

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.That(run.Output, Does.Contain("125 requests of").And.Contain("would go"));
        Assert.That(json.Json.GetProperty("report").GetProperty("requests").GetInt32(), Is.EqualTo(125));
        Assert.That(json.Json.GetProperty("report").GetProperty("executed").GetBoolean(), Is.False);
        Assert.That(await CountAsync(), Is.EqualTo(125));
    }

    [Test]
    public async Task With_execute_it_asks_for_the_name_of_the_database()
    {
        var name = new NpgsqlConnectionStringBuilder(ConnectionString).Database!;
        string[] arguments = ["prune", "--older-than", "1d", "--execute", "--pause", "0", "--connection", ConnectionString];

        var refused = await ToolRun.RunAsync(arguments, input: "yes\n");
        var count = await CountAsync();
        var run = await ToolRun.RunAsync(arguments, input: name + "\n");

        Assert.That(refused.ExitCode, Is.EqualTo(ExitCode.Refused));
        Assert.That(refused.Error, Does.Contain("125 requests of").And.Contain(name));
        Assert.That(count, Is.EqualTo(125));
        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.That(run.Output, Does.Contain("gone").And.Contain("VACUUM"));
        Assert.That(await CountAsync(), Is.Zero);
    }

    [TestCase("NEXUS_ENVIRONMENT", "Production", null, null, true)]
    [TestCase("DOTNET_ENVIRONMENT", "production", null, null, true)]
    [TestCase("DOTNET_ENVIRONMENT", "Production", "NEXUS_ENVIRONMENT", "test", false)]
    [TestCase("NEXUS_ENVIRONMENT", "Development", null, null, false)]
    public async Task In_production_it_is_refused_unless_that_was_said(
        string variable, string value, string? other, string? otherValue, bool isRefused)
    {
        var variables = new Dictionary<string, string> { [variable] = value };
        if (other is not null)
        {
            variables[other] = otherValue!;
        }

        string[] arguments =
        [
            "prune", "--older-than", "1d", "--execute", "--payload-only", "--pause", "0", "--yes",
            "--connection", ConnectionString,
        ];

        var run = await ToolRun.RunAsync(arguments, variables: variables);
        var said = await ToolRun.RunAsync([.. arguments, "--in-production"], variables: variables);

        Assert.That(run.ExitCode, Is.EqualTo(isRefused ? ExitCode.Refused : ExitCode.Done), run.All);
        Assert.That(run.Error.Contains("says production", StringComparison.Ordinal), Is.EqualTo(isRefused));
        Assert.That(said.ExitCode, Is.Zero, said.Error);
        Assert.That(said.Output, Does.Contain(isRefused ? "bodies of 125 requests" : "bodies of 0 requests"));
        Assert.That(await CountAsync(), Is.EqualTo(125));
    }

    [TestCase]
    [TestCase("--older-than", "1d", "--before", "2025-01-01")]
    [TestCase("--older-than", "long")]
    [TestCase("--older-than", "-1d")]
    [TestCase("--older-than", "d")]
    [TestCase("--before", "then")]
    [TestCase("--older-than", "1d", "--batch-size", "0")]
    [TestCase("--older-than", "1d", "--pause", "-1")]
    public async Task What_makes_no_sense_is_refused(params string[] arguments)
    {
        var run = await RunAsync(["prune", .. arguments]);

        Assert.That(run.ExitCode, Is.EqualTo(ExitCode.WrongUsage), run.All);
        Assert.That(run.Error, Is.Not.Empty);
    }

    private async Task<long> CountAsync()
    {
        await using var connection = new NpgsqlConnection(ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("SELECT count(*) FROM api_requests", connection);
        return (long)(await command.ExecuteScalarAsync())!;
    }

    private Task<ToolRun> RunAsync(params string[] arguments)
        => ToolRun.RunAsync([.. arguments, "--connection", ConnectionString]);
}
