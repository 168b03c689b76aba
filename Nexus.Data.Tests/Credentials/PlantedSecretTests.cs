using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Nexus.Data.Credentials;
using Nexus.Data.Tests.Fixtures;
using Nexus.Data.Tests.Tool;
using Nexus.Data.Trains;

namespace Nexus.Data.Tests.Credentials;

/// <summary>
/// Thousands of API keys, tokens and webhook addresses go through every service and verb, and into its errors: none is found
/// afterwards but where it was asked for.
/// </summary>
public sealed class PlantedSecretTests : CredentialTest
{
    private static readonly int _accounts = TestScale.Of(60, 1_200);
    private static readonly int _trains = TestScale.Of(50, 1_000);
    private static readonly int _keys = TestScale.Of(150, 3_000);

    private readonly List<string> _secrets = [];
    private readonly StringBuilder _said = new();
    private readonly LogRecorder _log = new();
    private ServiceProvider _services = null!;

    [TearDown]
    public void DisposeProvider() => _services?.Dispose();

    [Test]
    public async Task None_is_found_in_a_dump_in_logs_in_exceptions_or_in_what_is_printed()
    {
        _services = Services(services =>
        {
            Configure(services, Issuer.Endpoint, Key);
            services.AddLogging(builder => builder.SetMinimumLevel(LogLevel.Trace).AddProvider(_log));
        });

        await UseTrainsAsync();
        await UseAccountsAsync();
        await UseKeysAsync();
        await UseVerbsAsync();

        var dump = await DatabaseText.DumpAsync(await AdministratorAsync());
        Assert.Multiple(() =>
        {
            Assert.That(_secrets.Distinct().Count(), Is.GreaterThanOrEqualTo(TestScale.Of(500, 10_000)));
            Assert.That(dump, Does.Contain("nx1:").And.Contain("train-1").And.Contain("acc-1"));
            Assert.That(Found(dump), Is.Empty, "the dump");
            Assert.That(_log.Text, Does.Contain("was refused: revoked"));
            Assert.That(Found(_log.Text), Is.Empty, "the log");
            Assert.That(_said.ToString(), Does.Contain("already").And.Contain("acc-1").And.Contain("Exception"));
            Assert.That(Found(_said.ToString()), Is.Empty, "what was said");
        });
    }

    [Test]
    public void The_search_finds_what_is_there()
    {
        var secret = Plant("at-");

        Assert.That(Found($"x{secret}y"), Is.EqualTo([secret]));
        Assert.That(Found($"x{Convert.ToHexStringLower(Encoding.UTF8.GetBytes(secret))}y"), Is.EqualTo([secret]));
        Assert.That(Found("nothing"), Is.Empty);
    }

    private async Task UseTrainsAsync()
    {
        var (trains, members) = (_services.GetRequiredService<TrainService>(), _services.GetRequiredService<TrainMembers>());
        for (var i = 0; i < _trains; i++)
        {
            var id = $"train-{i}";
            var train = new NewTrain { TrainId = id, Name = id, SlackEnabled = true, SlackWebhookUrl = Webhook() };
            Say(train, await trains.CreateAsync(train, "ada@example.com"));
            await FailAsync(() => trains.CreateAsync(train, "ada@example.com"));
            if (i % 10 == 0)
            {
                Say(await trains.UpdateAsync(id, settings =>
                {
                    settings.SetSlackWebhook(Webhook());
                    Say(settings);
                }));
                await FailAsync(() => trains.UpdateAsync(id, settings => settings.SetSlackWebhook("ftp://" + Plant("T/"))));
                await FailAsync(() => members.RemoveAsync("nowhere", "ada@example.com"));
            }

            var target = (await trains.FindSlackAsync(id))!;
            Assert.That(_secrets, Does.Contain(target.WebhookUrl["https://hooks.slack.example/".Length..]));
            Say(target);
        }

        Say([.. await trains.ListAsync()]);
    }

    private async Task UseAccountsAsync()
    {
        var store = _services.GetRequiredService<CredentialStore>();
        var tokens = _services.GetRequiredService<AccessTokens>();
        var linked = _services.GetRequiredService<TrainAccounts>();
        for (var i = 0; i < _accounts; i++)
        {
            var account = $"acc-{i}";
            var credential = new NewCredential
            {
                AccountId = account,
                AccountName = $"Account {i}",
                Tokens = Tokens(Plant("at-"), Plant("rt-")),
            };
            Say(credential, credential.Tokens, await store.AddAsync(credential));
            await FailAsync(() => store.AddAsync(credential));
            Say(await store.UpdateTokensAsync(account, Tokens(Plant("at-"), Plant(Issuer.Issue(account), whole: true), secondsLeft: 10)));
            await linked.LinkAsync($"train-{i % 5}", account);
            if (i % 20 == 0)
            {
                await RefusedAsync(tokens, account);
            }

            Say(await tokens.RefreshAsync(account, force: true));
            _secrets.Add(Issuer.LastRefreshToken!);
            _secrets.Add(await tokens.GetAsync(account));
            var selected = await linked.SelectAsync($"train-{i % 5}", account);
            Assert.That(selected.AccessToken, Is.EqualTo(_secrets[^1]));
            Say(selected, (await store.FindAsync(account))!);
        }

        Say([.. await store.ListAsync()]);
        Say(await _services.GetRequiredService<SecretRotation>().ReprotectAsync());
        await FailAsync(() => With(NextKey).GetRequiredService<AccessTokens>().GetAsync("acc-1"));
        await FailAsync(() => With().GetRequiredService<CredentialStore>().AddAsync(new()
        {
            AccountId = "new",
            AccountName = "new",
            Tokens = Tokens(Plant("at-"), Plant("rt-")),
        }));
        Say(_services.GetRequiredService<ICredentialProtector>());
    }

    // The token server answers with what nobody may quote.
    private async Task RefusedAsync(AccessTokens tokens, string account)
    {
        Issuer.Answer = (400, $$"""{"error":"{{Plant("at-")}}","error_description":"{{Plant("rt-")}}"}""");
        await FailAsync(() => tokens.RefreshAsync(account, force: true));
        Issuer.Answer = null;
        await AdministerAsync("UPDATE anthropic_credentials SET refresh_failed_at = NULL");
    }

    private async Task UseKeysAsync()
    {
        var keys = _services.GetRequiredService<ApiKeyService>();
        foreach (var key in await keys.CreateManyAsync("train-1", _keys, new() { Name = "planted", CreatedBy = "ada@example.com" }))
        {
            Plant(key.Key, whole: true);
            Say(key, key.Info, (await keys.VerifyAsync(key.Key))!);
        }

        var revoked = await keys.CreateAsync("train-1");
        Plant(revoked.Key, whole: true);
        await keys.RevokeAsync(revoked.Info.Id, "ada@example.com");
        Assert.That(await keys.VerifyAsync(revoked.Key), Is.Null);
        await keys.VerifyAsync(Plant("cnp_live_"));
        await FailAsync(() => keys.CreateAsync("nowhere"));
        await FailAsync(() => keys.CreateAsync("train-1", new() { Name = Plant("at-") + new string('x', 255) }));
        Say([.. await keys.ListAsync()]);
    }

    // What prints a key is asked to, and so is not searched.
    private async Task UseVerbsAsync()
    {
        var webhook = Webhook();
        var login = $$"""{"access_token":"{{Plant("at-")}}","refresh_token":"{{Plant(Issuer.Issue("acc-verb"), whole: true)}}","expires_in":30}""";
        var made = await RunAsync(["keys", "create", "train-1", "--json"]);
        var key = made.Json.GetProperty("keys")[0];
        var shown = Plant(key.GetProperty("key").GetString()!, whole: true);
        var id = key.GetProperty("info").GetProperty("id").GetString()!;
        (string[] Arguments, string Input)[] runs =
        [
            (["trains", "create", "verb", "--owner", "ada@example.com", "--slack-webhook", "-"], webhook),
            (["trains", "create", "verb", "--owner", "ada@example.com", "--slack-webhook", "-"], webhook),
            (["trains", "create", "other", "--owner", "ada@example.com", "--slack-webhook", "-"], Plant("ftp://")),
            (["trains", "update", "verb", "--slack-webhook", "-"], Webhook()),
            (["trains", "update", "verb", "--slack-webhook", Webhook()], ""),
            (["trains", "list"], ""), (["trains", "show", "verb"], ""), (["trains", "disable", "verb"], ""),
            (["trains", "enable", "verb"], ""), (["members", "add", "verb", "bob@example.com"], ""),
            (["members", "role", "verb", "bob@example.com", "owner"], ""), (["members", "list", "verb"], ""),
            (["members", "remove", "verb", "bob@example.com"], ""), (["keys", "verify"], shown), (["keys", "verify"], Plant("cnp_live_")),
            (["keys", "list"], ""), (["keys", "rename", id, "laptop"], ""), (["keys", "revoke", id], ""), (["keys", "verify"], shown),
            (["keys", "delete", id, "--yes"], ""), (["keys", "delete-revoked", "--older-than", "1d"], ""),
            (["credentials", "add", "acc-verb", "--name", "Verb"], login), (["credentials", "add", "acc-verb", "--name", "Verb"], login),
            (["credentials", "add", "bad", "--name", "Bad"], Plant("{")), (["credentials", "link", "acc-verb", "verb"], ""),
            (["credentials", "list"], ""), (["credentials", "show", "acc-verb"], ""), (["credentials", "rename", "acc-verb", "V"], ""),
            (["credentials", "update", "acc-verb"], login), (["credentials", "rotate"], ""), (["credentials", "protect"], ""),
            (["credentials", "unlink", "acc-verb", "verb"], ""), (["credentials", "delete", "acc-verb", "--yes"], ""),
            (["trains", "delete", "verb", "--yes"], ""), (["analyses", "list"], ""), (["analyses", "counts"], ""),
            (["analyses", "stuck"], ""), (["doctor"], ""), (["status"], ""),
        ];
        foreach (var (arguments, input) in runs)
        {
            foreach (var form in new[] { "--debug", "--json" })
            {
                _said.AppendLine((await RunAsync([.. arguments, form], input)).All);
            }
        }
    }

    private Task<ToolRun> RunAsync(string[] arguments, string input = "")
        => ToolRun.RunAsync(
            [.. arguments, "--connection", ConnectionString], input,
            new Dictionary<string, string> { [Nexus.Data.Tool.CredentialKeySettings.KeysVariable] = Key });

    private string Webhook() => "https://hooks.slack.example/" + Plant("T/");

    private string Plant(string start, bool whole = false)
    {
        var secret = whole ? start : start + Guid.NewGuid().ToString("N");
        _secrets.Add(secret);
        return secret;
    }

    private void Say(params object[] things)
    {
        foreach (var thing in things)
        {
            _said.AppendLine(thing.ToString());
            if (thing is TrainInfo or CredentialInfo or ApiKeyInfo or VerifiedApiKey or ReprotectReport)
            {
                _said.AppendLine(JsonSerializer.Serialize(thing, thing.GetType()));
            }
        }
    }

    private async Task FailAsync(Func<Task> work)
    {
        var error = Assert.CatchAsync(() => work());
        _said.AppendLine(error!.ToString());
    }

    // Plain or in hexadecimal digits, by its last half: what a secret begins with others may share.
    private List<string> Found(string text)
    {
        const int length = 16;
        var needles = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var secret in _secrets)
        {
            var end = secret[^length..];
            needles[end] = secret;
            needles[Convert.ToHexStringLower(Encoding.UTF8.GetBytes(end))[..length]] = secret;
        }

        var lookup = needles.GetAlternateLookup<ReadOnlySpan<char>>();
        var found = new List<string>();
        for (var i = 0; i + length <= text.Length; i++)
        {
            if (lookup.TryGetValue(text.AsSpan(i, length), out var secret))
            {
                found.Add(secret);
            }
        }

        return found;
    }
}
