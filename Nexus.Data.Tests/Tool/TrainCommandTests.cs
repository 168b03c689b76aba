using System.Text.RegularExpressions;
using Nexus.Data.Tests.Fixtures;
using Nexus.Data.Tool;

namespace Nexus.Data.Tests.Tool;

/// <summary>The verbs <c>trains</c>, <c>members</c>, <c>keys</c> and <c>generate-api-key</c>.</summary>
public sealed partial class TrainCommandTests : DatabaseTest
{
    private const string Owner = "ada@example.com";

    [Test]
    public async Task A_train_is_made_changed_disabled_listed_and_deleted()
    {
        var made = await RunAsync("trains", "create", "rail-club", "--name", "Rail Club", "--owner", Owner, "--by", "root");
        var taken = await RunAsync("trains", "create", "rail-club", "--owner", Owner);
        var changed = await RunAsync("trains", "update", "rail-club", "--description", "Clubs", "--slack-channel", "#rail");
        var cleared = await RunAsync("trains", "update", "rail-club", "--description", "", "--json");
        var (off, again) = (await RunAsync("trains", "disable", "rail-club"), await RunAsync("trains", "disable", "rail-club", "--json"));
        var list = await RunAsync("trains", "list");
        var mine = await RunAsync("trains", "list", "--member", "eve@example.com");
        var on = await RunAsync("trains", "enable", "rail-club");
        var show = await RunAsync("trains", "show", "rail-club", "--json");
        var asked = await RunAsync("trains", "delete", "rail-club");
        var deleted = await RunAsync("trains", "delete", "rail-club", "--yes");
        var gone = await RunAsync("trains", "show", "rail-club");

        Assert.Multiple(() =>
        {
            Assert.That(made.ExitCode, Is.Zero, made.All);
            Assert.That(made.Output, Does.Contain("Rail Club").And.Contain("owner").And.Contain(Owner));
            Assert.That((taken.ExitCode, taken.Error.Trim()), Is.EqualTo((ExitCode.CheckFailed, "There is a train 'rail-club' already.")));
            Assert.That(changed.Output, Does.Contain("Clubs"));
            Assert.That(cleared.Json.GetProperty("description").ValueKind, Is.EqualTo(System.Text.Json.JsonValueKind.Null));
            Assert.That(cleared.Json.GetProperty("slack").GetProperty("channel").GetString(), Is.EqualTo("#rail"));
            Assert.That(off.Output, Does.Contain("is disabled"));
            Assert.That(again.Json.GetProperty("changed").GetBoolean(), Is.False);
            Assert.That(list.Output, Does.Contain("disabled since").And.Contain(Owner));
            Assert.That(mine.Output, Does.Contain("There are no trains"));
            Assert.That(on.Output, Does.Contain("is enabled"));
            Assert.That(show.Json.GetProperty("members")[0].GetProperty("added_by").GetString(), Is.EqualTo("root"));
            Assert.That(asked.ExitCode, Is.EqualTo(ExitCode.Refused));
            Assert.That(asked.Error, Does.Contain("1 members, 0 API keys"));
            Assert.That(deleted.ExitCode, Is.Zero);
            Assert.That((gone.ExitCode, gone.Error.Trim()), Is.EqualTo((ExitCode.CheckFailed, "There is no train 'rail-club'.")));
        });
    }

    [Test]
    public async Task Nothing_is_deleted_in_production_unless_said_in_words()
    {
        await RunAsync("trains", "create", "rail-club", "--owner", Owner);
        string[] delete = ["trains", "delete", "rail-club", "--yes", "--connection", ConnectionString];
        var production = new Dictionary<string, string> { ["NEXUS_ENVIRONMENT"] = "Production" };

        var refused = await ToolRun.RunAsync(delete, variables: production);
        var meant = await ToolRun.RunAsync([.. delete, "--in-production"], variables: production);

        Assert.That((refused.ExitCode, meant.ExitCode), Is.EqualTo((ExitCode.Refused, ExitCode.Done)), refused.All + meant.All);
    }

    [Test]
    public async Task A_webhook_is_read_from_a_file_and_never_from_the_command_line()
    {
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, "https://hooks.slack.example/secret-path\n");
        await RunAsync("trains", "create", "rail-club", "--owner", Owner);

        var line = await RunAsync("trains", "update", "rail-club", "--slack-webhook", "https://hooks.slack.example/secret-path");
        var keyless = await RunAsync("trains", "update", "rail-club", "--slack-webhook", file);
        var missing = await RunAsync("trains", "update", "rail-club", "--slack-webhook", "/nowhere/at/all");
        File.Delete(file);

        Assert.That((line.ExitCode, keyless.ExitCode, missing.ExitCode), Is.EqualTo((ExitCode.WrongUsage, ExitCode.WrongUsage, ExitCode.CheckFailed)));
        Assert.That(keyless.Error, Does.Contain("key"), "without a key nothing secret is stored");
        Assert.That(line.All + keyless.All + missing.All, Does.Not.Contain("secret-path"));
    }

    [Test]
    public async Task Members_come_and_go_and_the_last_owner_stays()
    {
        await RunAsync("trains", "create", "rail-club", "--owner", Owner);

        var added = await RunAsync("members", "add", "rail-club", "Bob@example.com", "--role", "owner", "--by", "root");
        var twice = await RunAsync("members", "add", "rail-club", "bob@EXAMPLE.com");
        var demoted = await RunAsync("members", "role", "rail-club", "BOB@example.com", "member", "--json");
        var list = await RunAsync("members", "list", "rail-club");
        var last = await RunAsync("members", "remove", "rail-club", Owner);
        var removed = await RunAsync("members", "remove", "rail-club", "bob@example.com");
        var nobody = await RunAsync("members", "remove", "rail-club", "bob@example.com");
        var nowhere = await RunAsync("members", "list", "nowhere");
        var wrong = await RunAsync("members", "role", "rail-club", Owner, "king");

        Assert.Multiple(() =>
        {
            Assert.That(added.Output, Does.Contain("is a member now"));
            Assert.That((twice.ExitCode, twice.Output), Is.EqualTo((0, $"bob@EXAMPLE.com is a member already, and keeps the role (rail-club).{Environment.NewLine}")));
            Assert.That(demoted.Json.GetProperty("change").GetString(), Is.EqualTo("done"));
            Assert.That(list.Output, Does.Match("Bob@example.com +member .*root"));
            Assert.That(last.ExitCode, Is.EqualTo(ExitCode.CheckFailed));
            Assert.That(last.Output, Does.Contain("last owner"));
            Assert.That((removed.ExitCode, nobody.ExitCode), Is.EqualTo((ExitCode.Done, ExitCode.CheckFailed)));
            Assert.That(nowhere.ExitCode, Is.EqualTo(ExitCode.CheckFailed));
            Assert.That(wrong.ExitCode, Is.EqualTo(ExitCode.WrongUsage));
            Assert.That(wrong.Error, Does.Contain("king").And.Contain("nexus-data members role --help"));
        });
    }

    [TestCase("members", "role", "rail-club", Owner, "7")]
    [TestCase("members", "role", "rail-club", Owner, "0")]
    [TestCase("members", "add", "rail-club", Owner, "--role", "7")]
    [TestCase("members", "add", "rail-club", Owner, "--role", "owner,member")]
    [TestCase("members", "add", "rail-club", Owner, "--role", "king")]
    public async Task A_role_is_one_of_two_words(params string[] arguments)
    {
        var run = await ToolRun.RunAsync(arguments);

        Assert.That(run.ExitCode, Is.EqualTo(ExitCode.WrongUsage), run.All);
        Assert.That(run.Error, Does.Contain($"'{arguments[^1]}'").And.Contain("'owner'").And.Contain("'member'"));
    }

    [TestCase("")]
    [TestCase("-")]
    public async Task An_empty_address_leaves_Slack_off(string webhook)
    {
        var run = await RunAsync("trains", "create", "rail-club", "--owner", Owner, "--slack-webhook", webhook, "--json");

        Assert.That(run.ExitCode, Is.Zero, run.All);
        Assert.That(run.Json.GetProperty("slack").GetProperty("is_enabled").GetBoolean(), Is.False);
    }

    [TestCase("ada", "USER=ada", "USERNAME=bob")]
    [TestCase("bob", "USER=", "USERNAME=bob")]
    [TestCase("nexus-data")]
    public async Task Who_is_at_the_tool_is_told_by_the_system(string actor, params string[] variables)
    {
        var set = variables.Select(variable => variable.Split('=')).ToDictionary(pair => pair[0], pair => pair[1]);
        string[] connection = ["--connection", ConnectionString, "--json"];

        var train = await ToolRun.RunAsync(["trains", "create", "rail-club", "--owner", Owner, .. connection], variables: set);
        var made = await ToolRun.RunAsync(["keys", "create", "rail-club", .. connection], variables: set);
        var stored = await ToolRun.RunAsync(["generate-api-key", "--train-id", "rail-club", .. connection], variables: set);
        var named = await ToolRun.RunAsync(
            ["generate-api-key", "--train-id", "rail-club", "--by", "eve", .. connection], variables: set);

        Assert.That(train.Json.GetProperty("members")[0].GetProperty("added_by").GetString(), Is.EqualTo(actor));
        Assert.That((CreatedBy(made), CreatedBy(stored), CreatedBy(named)), Is.EqualTo((actor, actor, "eve")));
    }

    [Test]
    public async Task A_key_is_printed_once_and_looked_after_by_its_id()
    {
        await RunAsync("trains", "create", "rail-club", "--owner", Owner);

        var made = await RunAsync("keys", "create", "rail-club", "--name", "laptop", "--expires", "2099-01-01");
        var key = made.Output.Trim();
        var verified = await ToolRun.RunAsync(["keys", "verify", "--connection", ConnectionString], key + "\n");
        var list = await RunAsync("keys", "list", "--train-id", "rail-club", "--json");
        var id = list.Json.GetProperty("keys")[0].GetProperty("id").GetString()!;
        var renamed = await RunAsync("keys", "rename", id, "desk");
        var early = await RunAsync("keys", "delete", id);
        var (revoked, again) = (await RunAsync("keys", "revoke", id, "--by", Owner), await RunAsync("keys", "revoke", id));
        var refused = await ToolRun.RunAsync(["keys", "verify", "--json", "--connection", ConnectionString], key);
        var deleted = await RunAsync("keys", "delete", id, "--yes");
        var none = await RunAsync("keys", "delete-revoked", "--older-than", "1d");
        var unknown = await RunAsync("keys", "revoke", id);

        Assert.Multiple(() =>
        {
            Assert.That(made.Error, Does.Contain("nobody can read it again"));
            Assert.That(verified.Output, Does.Contain("speaks for train rail-club (laptop"));
            Assert.That(list.Output, Does.Contain("2099").And.Contain(key[^4..]).And.Not.Contain(key));
            Assert.That(renamed.Output, Does.Contain("desk"));
            Assert.That((early.ExitCode, early.Output), Is.EqualTo((ExitCode.CheckFailed, early.Output)));
            Assert.That(early.Output, Does.Contain("not revoked").And.Contain($"keys revoke {id}"));
            Assert.That((revoked.Output.Trim(), again.Output.Trim()), Is.EqualTo(($"Key {id} is revoked.", $"Key {id} was revoked already.")));
            Assert.That((refused.ExitCode, refused.Json.GetProperty("verified").GetBoolean()), Is.EqualTo((ExitCode.CheckFailed, false)));
            Assert.That(deleted.Output, Does.Contain("is deleted"));
            Assert.That(none.Output, Does.Contain("0 keys are deleted"));
            Assert.That((unknown.ExitCode, unknown.Error), Is.EqualTo((ExitCode.CheckFailed, $"There is no API key {id}.{Environment.NewLine}")));
        });
    }

    [TestCase("cnp_live", new string[0])]
    [TestCase("cnp_test", new[] { "--test" })]
    [TestCase("acme", new[] { "-p", "acme" })]
    public async Task Keys_are_printed_as_the_originals_script_does_it_without_a_database(string prefix, string[] options)
    {
        var run = await ToolRun.RunAsync(["generate-api-key", "-n", "3", .. options]);

        var keys = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.That(keys, Has.Length.EqualTo(3).And.Unique.And.All.Match($"^{prefix}_[0-9A-Za-z]{{49}}$"));
    }

    [Test]
    public async Task Keys_for_a_train_are_stored_all_or_none()
    {
        await RunAsync("trains", "create", "rail-club", "--owner", Owner);

        var run = await RunAsync("generate-api-key", "--count", "2", "--train-id", "rail-club", "--name", "ci", "--json");
        var nowhere = await RunAsync("generate-api-key", "--train-id", "nowhere");
        var list = await RunAsync("keys", "list", "--json");

        Assert.That(run.Json.GetProperty("keys").GetArrayLength(), Is.EqualTo(2), run.All);
        Assert.That(nowhere.ExitCode, Is.EqualTo(ExitCode.CheckFailed));
        Assert.That(
            list.Json.GetProperty("keys").EnumerateArray().Select(key => key.GetProperty("id").GetString()),
            Is.EquivalentTo(run.Json.GetProperty("keys").EnumerateArray().Select(key => key.GetProperty("info").GetProperty("id").GetString())));
    }

    [TestCase("--count", "0")]
    [TestCase("--count", "x")]
    [TestCase("--prefix", "no-hyphens")]
    [TestCase("--prefix", "x", "--test")]
    [TestCase("--name", "x")]
    public async Task Wrong_wishes_for_keys_are_refused(params string[] options)
    {
        var run = await ToolRun.RunAsync(["generate-api-key", .. options]);

        Assert.That(run.ExitCode, Is.EqualTo(ExitCode.WrongUsage), run.All);
        Assert.That(run.Error, Is.Not.Empty);
        Assert.That(run.Output, Is.Empty);
    }

    [TestCase("trains")]
    [TestCase("members")]
    [TestCase("keys")]
    [TestCase("credentials")]
    [TestCase("analyses")]
    [TestCase("usage")]
    public async Task A_verb_with_verbs_names_them_and_each_has_examples(string verb)
    {
        var help = await ToolRun.RunAsync(verb, "--help");
        var wrong = await ToolRun.RunAsync(verb, "nonsense");
        var verbs = Commands().Match(help.Output).Groups[1].Value
            .Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Trim().Split(' ')[0]).ToList();

        Assert.That(verbs, Has.Count.GreaterThan(3), help.Output);
        Assert.That((wrong.ExitCode, wrong.Error.Contains("no verb 'nonsense'", StringComparison.Ordinal)), Is.EqualTo((ExitCode.WrongUsage, true)), wrong.Error);
        foreach (var name in verbs)
        {
            var inner = await ToolRun.RunAsync(verb, name, "--help");
            Assert.That(inner.Output, Does.Contain("Examples:").And.Contain($"nexus-data {verb} {name}"), name);
        }
    }

    private static string? CreatedBy(ToolRun run)
        => run.Json.GetProperty("keys")[0].GetProperty("info").GetProperty("created_by").GetString();

    private Task<ToolRun> RunAsync(params string[] arguments)
        => ToolRun.RunAsync([.. arguments, "--connection", ConnectionString]);

    [GeneratedRegex(@"Commands:\r?\n((?:  .*\n)+)")]
    private static partial Regex Commands();
}
