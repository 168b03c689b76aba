using System.Text.RegularExpressions;
using Microsoft.EntityFrameworkCore;
using Nexus.Data.Tests.Fixtures;
using Nexus.Data.Tool;

namespace Nexus.Data.Tests.Tool;

/// <summary><c>--dry-run</c> of the verbs that change trains, members and keys, and the question before keys go.</summary>
public sealed partial class DryRunTests : DatabaseTest
{
    private static readonly Dictionary<string, string> _production = new() { ["NEXUS_ENVIRONMENT"] = "Production" };

    private string _active = "";
    private string _revoked = "";

    [SetUp]
    public async Task MakeTrains()
    {
        await RunAsync("trains", "create", "rail-club", "--owner", "ada@example.com");
        await RunAsync("trains", "create", "idle", "--owner", "ada@example.com");
        await RunAsync("trains", "disable", "idle");
        await RunAsync("members", "add", "rail-club", "bob@example.com", "--role", "owner");
        _active = await KeyAsync();
        _revoked = await KeyAsync();
        await RunAsync("keys", "revoke", _revoked);
        await AdministerAsync("UPDATE train_api_keys SET revoked_at = now() - interval '2 days' WHERE revoked_at IS NOT NULL");
    }

    [TestCase("trains", "create", "other", "--owner", "ada@example.com")]
    [TestCase("trains", "update", "rail-club", "--name", "Another")]
    [TestCase("trains", "disable", "rail-club")]
    [TestCase("trains", "enable", "idle")]
    [TestCase("trains", "delete", "rail-club")]
    [TestCase("members", "add", "rail-club", "cy@example.com")]
    [TestCase("members", "role", "rail-club", "bob@example.com", "member")]
    [TestCase("members", "remove", "rail-club", "bob@example.com")]
    [TestCase("keys", "create", "rail-club")]
    [TestCase("keys", "rename", "{active}", "desk")]
    [TestCase("keys", "revoke", "{active}")]
    [TestCase("keys", "delete", "{revoked}")]
    [TestCase("keys", "delete-revoked", "--older-than", "1d")]
    [TestCase("generate-api-key", "--train-id", "rail-club", "-n", "2")]
    public async Task A_dry_run_says_what_would_be_and_changes_nothing(params string[] arguments)
    {
        string[] line = [.. arguments.Select(Named)];
        var before = await RowsAsync();

        var text = await RunAsync([.. line, "--dry-run"]);
        var json = await RunAsync([.. line, "--dry-run", "--json"]);
        var after = await RowsAsync();
        var real = await RunAsync([.. line, "--yes", "--json"]);

        Assert.Multiple(async () =>
        {
            Assert.That((text.ExitCode, json.ExitCode, real.ExitCode), Is.EqualTo((0, 0, 0)), text.All + json.All + real.All);
            Assert.That(text.Error.TrimEnd().Split('\n')[^1], Does.StartWith("A dry run: nothing was changed in "));
            Assert.That(text.Output, line.Contains("create") || line.Contains("-n") ? Is.Not.Null : Is.Not.Empty);
            Assert.That(json.Json.GetProperty("dry_run").GetBoolean(), Is.True);
            Assert.That(real.Json.GetProperty("dry_run").GetBoolean(), Is.False);
            Assert.That(after, Is.EqualTo(before));
            Assert.That(await RowsAsync(), Is.Not.EqualTo(before), "else the dry run had nothing to keep from");
            Assert.That(text.All + json.All, Does.Not.Match(Key()));
        });
    }

    [TestCase("keys", "create", "rail-club")]
    [TestCase("generate-api-key", "--train-id", "rail-club", "-n", "2")]
    public async Task A_dry_run_of_keys_leaves_standard_output_empty_and_says_how_many(params string[] arguments)
    {
        var run = await RunAsync([.. arguments, "--dry-run"]);
        var real = await RunAsync(arguments);

        Assert.That(run.Output, Is.Empty);
        Assert.That(run.Error, Does.Contain($"{real.Output.Trim().Split('\n').Length} keys would be made for train rail-club"));
        Assert.That(real.Output, Does.Match(Key()));
    }

    [Test]
    public async Task A_dry_run_fails_as_the_change_would()
    {
        var taken = await RunAsync("trains", "create", "rail-club", "--owner", "ada@example.com", "--dry-run");
        var early = await RunAsync("keys", "delete", _active, "--dry-run");
        var nowhere = await RunAsync("generate-api-key", "--train-id", "nowhere", "--dry-run");
        var printed = await RunAsync("generate-api-key", "--dry-run");

        Assert.That(
            (taken.ExitCode, early.ExitCode, nowhere.ExitCode, printed.ExitCode),
            Is.EqualTo((ExitCode.CheckFailed, ExitCode.CheckFailed, ExitCode.CheckFailed, ExitCode.WrongUsage)));
        Assert.That(early.Output, Does.Contain("is not revoked"));
        Assert.That(printed.Error, Does.Contain("--train-id"));
    }

    [TestCase("keys", "delete", "{revoked}")]
    [TestCase("keys", "delete-revoked", "--older-than", "1d")]
    [TestCase("keys", "delete-revoked", "--older-than", "1d", "--train-id", "rail-club")]
    public async Task Keys_are_deleted_after_a_question_that_names_database_and_count(params string[] arguments)
    {
        string[] line = [.. arguments.Select(Named)];
        var name = new Npgsql.NpgsqlConnectionStringBuilder(ConnectionString).Database!;
        var before = await RowsAsync();

        var asked = await RunAsync(line);
        var other = await RunAsync(line, "another\n");
        var after = await RowsAsync();
        var meant = await RunAsync(line, name + "\n");

        Assert.Multiple(async () =>
        {
            Assert.That((asked.ExitCode, other.ExitCode), Is.EqualTo((ExitCode.Refused, ExitCode.Refused)), asked.All);
            Assert.That(asked.Error, Does.Contain("deletes 1 API key").And.Contain(name).And.Contain("nothing was changed"));
            Assert.That(after, Is.EqualTo(before));
            Assert.That(meant.ExitCode, Is.Zero, meant.All);
            Assert.That(string.Concat(await RowsAsync()), Does.Not.Contain(_revoked).And.Contain(_active));
        });
    }

    [TestCase("keys", "delete", "{revoked}")]
    [TestCase("keys", "delete-revoked", "--older-than", "1d")]
    [TestCase("trains", "delete", "rail-club")]
    public async Task Nothing_is_deleted_in_production_unless_said_in_words_and_a_dry_run_may_be_done(params string[] arguments)
    {
        string[] line = [.. arguments.Select(Named)];
        var before = await RowsAsync();

        var refused = await RunAsync([.. line, "--yes"], variables: _production);
        var dry = await RunAsync([.. line, "--dry-run"], variables: _production);
        var after = await RowsAsync();
        var meant = await RunAsync([.. line, "--yes", "--in-production"], variables: _production);

        Assert.That(
            (refused.ExitCode, dry.ExitCode, meant.ExitCode), Is.EqualTo((ExitCode.Refused, ExitCode.Done, ExitCode.Done)),
            refused.All + dry.All + meant.All);
        Assert.That(refused.Error, Does.Contain("--in-production"));
        Assert.That(after, Is.EqualTo(before));
        Assert.That(await RowsAsync(), Is.Not.EqualTo(before));
    }

    private string Named(string argument)
        => argument.Replace("{active}", _active, StringComparison.Ordinal).Replace("{revoked}", _revoked, StringComparison.Ordinal);

    private async Task<string> KeyAsync()
        => (await RunAsync("keys", "create", "rail-club", "--json")).Json.GetProperty("keys")[0]
            .GetProperty("info").GetProperty("id").GetString()!;

    private async Task<List<string>> RowsAsync()
    {
        await using var db = OpenContext();
        return await db.Database.SqlQuery<string>(
            $"""
            SELECT row AS "Value" FROM (
                SELECT t::text FROM trains t UNION ALL SELECT m::text FROM train_members m UNION ALL SELECT k::text FROM train_api_keys k
            ) AS rows (row) ORDER BY 1
            """).ToListAsync();
    }

    private Task<ToolRun> RunAsync(params string[] arguments) => RunAsync(arguments, input: "");

    private Task<ToolRun> RunAsync(string[] arguments, string input = "", IReadOnlyDictionary<string, string>? variables = null)
        => ToolRun.RunAsync([.. arguments, "--connection", ConnectionString], input, variables);

    [GeneratedRegex("cnp_(live|test)_[0-9A-Za-z]{20,}")]
    private static partial Regex Key();
}
