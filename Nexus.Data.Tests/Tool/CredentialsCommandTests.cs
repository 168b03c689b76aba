using Nexus.Data.Tests.Credentials;
using Nexus.Data.Tool;

namespace Nexus.Data.Tests.Tool;

public sealed class CredentialsCommandTests : CredentialTest
{
    private const string Access = "sk-access-0123456789-wxyz";

    [Test]
    public async Task An_account_is_added_from_standard_input_linked_refreshed_renamed_and_deleted()
    {
        await AddTrainAsync("rail-club");
        var tokens = $$"""{"access_token":"{{Access}}","refresh_token":"{{Issuer.Issue("acc-1")}}","expires_in":30,"scopes":["user:inference"]}""";

        var add = await RunAsync(["add", "acc-1", "--name", "Primary"], tokens);
        var again = await RunAsync(["add", "acc-1", "--name", "Other"], tokens);
        var link = await RunAsync(["link", "acc-1", "rail-club", "--json"]);
        var list = await RunAsync(["list", "--train-id", "rail-club"]);
        var refresh = await RunAsync(["refresh", "acc-1"]);
        var good = await RunAsync(["refresh", "--all", "--json"]);
        var rename = await RunAsync(["rename", "acc-1", "First"]);
        var show = await RunAsync(["show", "acc-1", "--json"]);
        var byId = await RunAsync(["show", show.Json.GetProperty("account").GetProperty("id").GetString()!]);
        var asked = await RunAsync(["delete", "acc-1"]);
        var delete = await RunAsync(["delete", "acc-1", "--yes"]);
        var gone = await RunAsync(["show", "acc-1"]);

        Assert.Multiple(() =>
        {
            Assert.That(add.ExitCode, Is.Zero, add.All);
            Assert.That(add.Output, Does.Contain("****wxyz, expiring").And.Contain("under the current key").And.Contain("user:inference"));
            Assert.That(again.ExitCode, Is.EqualTo(ExitCode.CheckFailed));
            Assert.That(again.Error, Does.Contain("account 'acc-1' already"));
            Assert.That(link.Json.GetProperty("has_changed").GetBoolean(), Is.True);
            Assert.That(list.Output, Does.Contain("acc-1").And.Contain("****wxyz").And.Contain("expiring"));
            Assert.That(refresh.Output, Does.Contain("acc-1: refreshed"));
            Assert.That(good.Json.GetProperty("accounts")[0].GetProperty("is_refreshed").GetBoolean(), Is.False);
            Assert.That(rename.Output, Does.Contain("(First)"));
            Assert.That(show.Json.GetProperty("account").GetProperty("state").GetString(), Is.EqualTo("valid"));
            Assert.That(byId.Output, Does.Contain("acc-1"));
            Assert.That(asked.ExitCode, Is.EqualTo(ExitCode.Refused));
            Assert.That(asked.Error, Does.Contain("acc-1 (First), its tokens and its links"));
            Assert.That(delete.ExitCode, Is.Zero);
            Assert.That(gone.ExitCode, Is.EqualTo(ExitCode.CheckFailed));
            foreach (var run in new[] { add, again, link, list, refresh, good, rename, show, byId, asked, delete })
            {
                Assert.That(run.All, Does.Not.Contain("0123456789").And.Not.Contain("rt-acc").And.Not.Contain("nx1:"));
            }
        });
    }

    [Test]
    public async Task What_is_in_clear_is_protected_by_its_owner_and_then_rotated()
    {
        await AddInClearAsync("acc-1", Access, "sk-clear-refresh");
        var (file, owner) = (Path.GetTempFileName(), await AdministratorAsync());
        await File.WriteAllLinesAsync(file, [NextKey, Key]);

        var dry = await RunAsync(["protect", "--dry-run"]);
        var app = await RunAsync(["protect"]);
        var protect = await ToolRun.RunAsync(["credentials", "protect", "--connection", owner], variables: Variables());
        var rotate = await RunAsync(["rotate", "--key-file", file, "--json"]);
        var list = await RunAsync(["list", "--key-file", file, "--json"]);
        var lost = await RunAsync(["rotate"]);
        File.Delete(file);

        Assert.Multiple(() =>
        {
            Assert.That(dry.Output, Does.Contain("2 secrets, 2 in clear").And.Contain("nothing was changed"));
            Assert.That(app.ExitCode, Is.EqualTo(ExitCode.CheckFailed), "The application's role owns no table.");
            Assert.That(app.Output, Does.Contain("2 have the current key now").And.Contain("as the owner of the tables"));
            Assert.That(protect.ExitCode, Is.Zero, protect.All);
            Assert.That(protect.Output, Does.Contain("0 in clear").And.Contain("files of the tables are new"));
            Assert.That(rotate.Json.GetProperty("report").GetProperty("rewritten").GetInt64(), Is.EqualTo(2));
            Assert.That(list.Json.GetProperty("accounts")[0].GetProperty("protection").GetString(), Is.EqualTo("current"));
            Assert.That(lost.ExitCode, Is.EqualTo(ExitCode.CheckFailed));
            Assert.That(lost.Output, Does.Contain("2 unreadable").And.Contain("key 'two', which is not configured"));
        });
    }

    [Test]
    public async Task Refreshing_all_goes_on_after_a_failure_and_says_so()
    {
        var services = With(Key);
        await AddAsync(services, "a-soon", 200);
        await AddAsync(services, "b-bad", -1);
        await AddAsync(services, "c-good");
        await AdministerAsync("UPDATE anthropic_credentials SET oauth_refresh_token = 'nx1:gone:AAAA' WHERE account_id = 'b-bad'");

        var run = await ToolRun.RunAsync(["oauth-refresh-all", "--connection", ConnectionString], variables: Variables());

        Assert.That(run.ExitCode, Is.EqualTo(ExitCode.CheckFailed));
        Assert.That(run.Output, Does.Contain("a-soon: refreshed").And.Contain("'gone', which is not configured").And.Contain("c-good: good yet"));
    }

    [TestCase("""{"access_token":"0123456789"}""", "no refresh_token")]
    [TestCase("""{"access_token":"0123456789","refresh_token":"x"}""", "neither expires_at nor expires_in")]
    [TestCase("""{"access_token":"0123456789","refresh_token":"x","expires_at":"soon"}""", "expires_at that is no time")]
    [TestCase("""["0123456789"]""", "no JSON object")]
    [TestCase("\"0123456789\"", "no JSON object")]
    [TestCase("sk-0123456789", "no JSON")]
    public async Task Tokens_that_cannot_be_read_are_refused_and_not_quoted(string input, string told)
    {
        var run = await RunAsync(["add", "acc-1", "--name", "Primary"], input);

        Assert.That(run.ExitCode, Is.EqualTo(ExitCode.WrongUsage));
        Assert.That(run.All, Does.Contain(told).And.Not.Contain("0123456789"));
    }

    [TestCase("\"expires_at\": \"2031-02-03T04:05:06Z\"")]
    [TestCase("\"expires_at\": 1927857906")]
    [TestCase("\"expires_at\": 1927857906000")]
    public async Task A_time_is_read_in_the_forms_that_others_write(string expiry)
    {
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, $$"""{"access_token":"{{Access}}","refresh_token":"x","scope":"a b",{{expiry}}}""");

        var run = await RunAsync(["add", "acc-1", "--name", "Primary", "--from", file]);
        File.Delete(file);

        Assert.That(run.ExitCode, Is.Zero, run.All);
        Assert.That(run.Output, Does.Contain("2031-02-03 04:05:06 UTC").And.Contain("a b"));
    }

    [Test]
    public async Task A_key_is_made_for_a_file_and_one_that_cannot_be_used_is_named_and_not_quoted()
    {
        var line = (await ToolRun.RunAsync("credentials", "keygen", "--id", "new")).Output.Trim();
        var wrong = await ToolRun.RunAsync(
            ["credentials", "list", "--connection", ConnectionString],
            variables: new Dictionary<string, string> { ["NEXUS_CREDENTIAL_KEYS"] = "one:" + Key[4..20] });
        var nameless = await ToolRun.RunAsync(
            ["credentials", "list", "--connection", ConnectionString],
            variables: new Dictionary<string, string> { ["NEXUS_CREDENTIAL_KEYS"] = Key[4..] });

        Assert.That(line, Does.Match("^new:[A-Za-z0-9+/]{43}=$"));
        Assert.That((wrong.ExitCode, nameless.ExitCode), Is.EqualTo((ExitCode.WrongUsage, ExitCode.WrongUsage)));
        Assert.That(wrong.Error, Does.Contain("Keys:one").And.Not.Contain(Key[4..20]));
        Assert.That(nameless.Error, Does.Contain("NEXUS_CREDENTIAL_KEYS").And.Not.Contain(Key[4..]));
    }

    private Dictionary<string, string> Variables() => new()
    {
        ["NEXUS_CREDENTIAL_KEYS"] = Key,
        ["NEXUS_OAUTH_TOKEN_URL"] = Issuer.Endpoint.ToString(),
    };

    private Task<ToolRun> RunAsync(string[] arguments, string input = "")
        => ToolRun.RunAsync(["credentials", .. arguments, "--connection", ConnectionString], input, Variables());
}
