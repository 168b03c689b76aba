using System.Globalization;
using System.Text;
using Nexus.Data.Credentials;
using Nexus.Data.Tests.Fixtures;
using Nexus.Data.Tests.Tool;
using Nexus.Data.Tool;
using Nexus.Data.Trains;

namespace Nexus.Data.Tests.Migrations.Adoption;

/// <summary>What an operator does with a database that the original has filled with secrets in clear, from first to last.</summary>
public sealed class AdoptedSecretTests : MigrationTest
{
    private const int Count = 50;

    // The same from run to run of the tool.
    private static readonly string _key = CredentialKeys.Generate("one");

    private readonly List<string> _secrets = [];

    [Test]
    public async Task Old_keys_verify_nothing_is_left_in_clear_and_the_doctor_says_so_before_and_after()
    {
        await using (var connection = await OpenAsync())
        {
            await StartingPoint.Levels[^1].MakeAsync(connection);
        }

        var keys = await FillAsync();
        await ExecuteAsync("ANALYZE; CHECKPOINT");
        var folder = await FolderAsync();
        if (!Directory.Exists(folder))
        {
            Assert.Ignore("The server's files are on another machine.");
        }

        Assert.That(Found(folder), Has.Count.EqualTo(_secrets.Count), "The search finds what is there.");

        var original = await DoctorAsync();
        var migrated = await RunAsync("migrate", "--retire-clear-keys");
        var before = await DoctorAsync();
        var protection = await ProtectAsync();
        var after = await DoctorAsync();

        await ExecuteAsync("CHECKPOINT");
        var verify = new ApiKeyService(new Contexts(ConnectionString));
        var dump = await DatabaseText.DumpAsync(ConnectionString);
        Assert.Multiple(async () =>
        {
            Assert.That(original.ExitCode, Is.EqualTo(ExitCode.CheckFailed));
            Assert.That(original.Output, Does.Contain("150 tokens or webhook addresses").And.Contain("50 API keys stand in clear"), original.All);
            Assert.That(migrated.ExitCode, Is.Zero, migrated.All);
            Assert.That(before.ExitCode, Is.EqualTo(ExitCode.CheckFailed));
            Assert.That(before.Output, Does.Contain("150 tokens or webhook addresses").And.Not.Contain("API keys stand"), before.All);
            Assert.That(protection.ExitCode, Is.Zero, protection.All);
            Assert.That((after.ExitCode, after.Output.Contains("150 tokens", StringComparison.Ordinal)), Is.EqualTo((0, true)), after.All);
            Assert.That(_secrets.Where(secret => dump.Contains(secret, StringComparison.Ordinal)), Is.Empty, "dump and statistics");
            Assert.That(Found(folder), Is.Empty, "files");
            foreach (var key in keys)
            {
                Assert.That((await verify.VerifyAsync(key))?.TrainId, Is.EqualTo("rail-club"));
            }
        });
    }

    private Task<ToolRun> DoctorAsync() => RunAsync("doctor", "--check", "clear-secrets");

    // Again where it says so: tests that run beside this one keep old versions alive while they write.
    private async Task<ToolRun> ProtectAsync()
    {
        for (var tries = 1; ; tries++)
        {
            var run = await RunAsync("credentials", "protect");
            if (tries == 10 || !run.Output.Contains("Run it again", StringComparison.Ordinal))
            {
                return run;
            }
        }
    }

    private Task<ToolRun> RunAsync(params string[] arguments) => ToolRun.RunAsync(
        [.. arguments, "--connection", ConnectionString],
        variables: new Dictionary<string, string> { [CredentialKeySettings.KeysVariable] = _key });

    private async Task<List<string>> FillAsync()
    {
        var keys = new List<string>();
        var sql = new StringBuilder("INSERT INTO trains (train_id, name) VALUES ('rail-club', 'Rail Club');");
        for (var i = 0; i < Count; i++)
        {
            keys.Add("cnp_live_" + Plant());
            sql.Append(
                CultureInfo.InvariantCulture,
                $"""
                INSERT INTO train_api_keys (train_id, api_key, key_prefix, key_suffix)
                SELECT id, '{keys[^1]}', 'cnp_live_', '{keys[^1][^4..]}' FROM trains WHERE train_id = 'rail-club';
                INSERT INTO trains (train_id, name, slack_webhook_url) VALUES ('t{i}', 't', 'https://hooks.slack.example/{Plant()}');
                INSERT INTO anthropic_credentials
                    (account_id, account_name, oauth_access_token, oauth_refresh_token, oauth_expires_at, oauth_scopes)
                VALUES ('a{i}', 'a{i}', 'sk-ant-oat-{Plant()}', 'sk-ant-ort-{Plant()}', now(), ARRAY['x']);

                """);
        }

        await ExecuteAsync(sql.ToString());
        return keys;
    }

    private string Plant()
    {
        _secrets.Add(Guid.NewGuid().ToString("N"));
        return _secrets[^1];
    }

    private async Task<string> FolderAsync() => (await ReadAsync(
        "SELECT current_setting('data_directory') || '/base/' || oid FROM pg_database WHERE datname = current_database()")).Single();

    private List<string> Found(string folder)
    {
        var files = Directory.EnumerateFiles(folder).Select(File.ReadAllBytes).ToList();
        return [.. _secrets.Where(secret => files.Any(file => file.AsSpan().IndexOf(Encoding.ASCII.GetBytes(secret)) >= 0))];
    }
}
