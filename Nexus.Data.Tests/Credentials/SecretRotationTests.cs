using System.Diagnostics;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Nexus.Data.Credentials;
using Nexus.Data.Operations.Diagnosis;
using Nexus.Data.Tests.Fixtures;
using Npgsql;

namespace Nexus.Data.Tests.Credentials;

public sealed class SecretRotationTests : CredentialTest
{
    [Test]
    public async Task What_is_in_clear_or_under_another_key_gets_the_current_one()
    {
        await AddInClearAsync("acc-1", "sk-clear-0123456789-abcd", "sk-clear-refresh");
        await AddAsync(With(Key), "acc-2");
        await AddAsync(With(NextKey), "acc-3");
        await AddTrainAsync("rail-club");
        await AdministerAsync("UPDATE trains SET slack_webhook_url = 'https://hooks.example.org/T1/secret'");
        var services = With(NextKey, Key);
        var rotation = services.GetRequiredService<SecretRotation>();

        var dry = await rotation.ReprotectAsync(new() { DryRun = true });
        var report = await rotation.ReprotectAsync(new() { BatchSize = 1 });
        var again = await rotation.ReprotectAsync();

        Assert.That((dry.Secrets, dry.InClear, dry.OtherKeys, dry.Rewritten), Is.EqualTo((7, 3, 2, 0)));
        Assert.That((report.Secrets, report.InClear, report.OtherKeys, report.Rewritten), Is.EqualTo((7, 3, 2, 5)));
        Assert.That((again.InClear, again.OtherKeys, again.Rewritten, again.Unreadable.Count), Is.EqualTo((0, 0, 0, 0)));
        var next = With(NextKey);
        var tokens = next.GetRequiredService<AccessTokens>();
        Assert.That(await tokens.GetAsync("acc-1"), Is.EqualTo("sk-clear-0123456789-abcd"));
        Assert.That(await tokens.GetAsync("acc-2"), Is.EqualTo(OldToken("acc-2")));
        Assert.That((await next.GetRequiredService<CredentialStore>().FindAsync("acc-1"))!.TokenSuffix, Is.EqualTo("abcd"));
        await using var db = OpenContext();
        var train = await db.Trains.SingleAsync();
        Assert.That(
            next.GetRequiredService<ICredentialProtector>().Unprotect(train.SlackWebhookUrl!, SecretContext.SlackWebhook(train.Id)),
            Is.EqualTo("https://hooks.example.org/T1/secret"));
    }

    [Test]
    public async Task What_cannot_be_read_is_told_and_left()
    {
        await AddAsync(With(Key), "acc-1");
        await AddAsync(With(NextKey), "acc-2");
        await AdministerAsync(
            "UPDATE anthropic_credentials SET oauth_refresh_token = oauth_access_token WHERE account_id = 'acc-2'");
        var before = await ReadAsync<string>("SELECT string_agg(oauth_access_token || oauth_refresh_token, ',' ORDER BY id) FROM anthropic_credentials");

        var report = await With(NextKey).GetRequiredService<SecretRotation>().ReprotectAsync();

        Assert.That(
            string.Join(", ", report.Unreadable.Select(secret => $"{secret.Table} {secret.Column} {secret.KeyId}").Order()),
            Is.EqualTo(
                "anthropic_credentials oauth_access_token one, anthropic_credentials oauth_refresh_token one, "
                + "anthropic_credentials oauth_refresh_token two"));
        Assert.That(string.Concat(report.Unreadable), Does.Not.Contain("nx1:").And.Contain("not configured"));
        Assert.That(
            await ReadAsync<string>("SELECT string_agg(oauth_access_token || oauth_refresh_token, ',' ORDER BY id) FROM anthropic_credentials"),
            Is.EqualTo(before));
    }

    [Test]
    public async Task A_row_with_one_unreadable_secret_gets_the_current_key_for_the_other()
    {
        await AddInClearAsync("acc-1", "sk-clear-0123456789-abcd", "nx1:gone:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");

        var report = await With(Key).GetRequiredService<SecretRotation>().ReprotectAsync();

        Assert.That((report.Rewritten, report.Unreadable.Single().KeyId), Is.EqualTo((1, "gone")));
        Assert.That(await ReadAsync<string>("SELECT oauth_refresh_token FROM anthropic_credentials"), Does.StartWith("nx1:gone:"));
        Assert.That(await With(Key).GetRequiredService<AccessTokens>().GetAsync("acc-1"), Is.EqualTo("sk-clear-0123456789-abcd"));
    }

    [Test]
    public async Task Tokens_that_are_stored_while_a_batch_is_rewritten_stay()
    {
        await AddInClearAsync("acc-1", "sk-clear-0123456789-abcd", "sk-clear-refresh");
        var services = With(Key);
        var rotating = default(Task<ReprotectReport>);

        await Contexts().ExecuteInTransactionAsync(async (db, token) =>
        {
            await services.GetRequiredService<CredentialStore>().In(db).UpdateTokensAsync(
                "acc-1", Tokens("sk-new-0123456789-wxyz", "sk-new-refresh"), token);
            rotating = services.GetRequiredService<SecretRotation>().ReprotectAsync(cancellationToken: token);
            await Server.WaitForAsync(await AdministratorAsync(), "wait_event_type = 'Lock'", () => rotating.IsCompleted);
        });

        Assert.That((await rotating!).Rewritten, Is.Zero, "They had the current key already.");
        Assert.That(await services.GetRequiredService<AccessTokens>().GetAsync("acc-1"), Is.EqualTo("sk-new-0123456789-wxyz"));
    }

    [Test]
    public async Task A_run_that_was_stopped_goes_on_where_it_was()
    {
        await AddManyInClearAsync(30);
        var rotation = With(Key).GetRequiredService<SecretRotation>();
        using var stop = new CancellationTokenSource();
        var seen = new Told(progress =>
        {
            if (progress.Rewritten >= 20)
            {
                stop.Cancel();
            }
        });

        Assert.ThrowsAsync(
            Is.InstanceOf<OperationCanceledException>(),
            () => rotation.ReprotectAsync(new() { BatchSize = 10 }, seen, stop.Token));
        var rest = await rotation.ReprotectAsync();

        Assert.That((rest.Secrets, rest.InClear, rest.Rewritten), Is.EqualTo((60, 40, 40)));
    }

    [Test]
    public async Task Without_a_key_nothing_is_changed_and_the_option_is_named()
    {
        await AddInClearAsync("acc-1", "sk-clear", "sk-refresh");

        Assert.That(
            () => With().GetRequiredService<SecretRotation>().ReprotectAsync(),
            Throws.TypeOf<NexusDataException>().With.Message.Contains("KeyFile"));
        Assert.That(await ReadAsync<string>("SELECT oauth_access_token FROM anthropic_credentials"), Is.EqualTo("sk-clear"));
    }

    [Test]
    public async Task Ten_thousand_accounts_get_another_key_while_others_read_them()
    {
        var count = TestScale.Of(1_000, 10_000);
        await AddManyInClearAsync(count);
        await With(Key).GetRequiredService<SecretRotation>().ReprotectAsync();
        var readers = With(Key, NextKey);
        using var end = new CancellationTokenSource();
        var reads = 0;
        var reading = Enumerable.Range(0, 2).Select(reader => Task.Run(async () =>
        {
            var random = new Random(reader);
            while (!end.IsCancellationRequested)
            {
                var account = random.Next(1, count + 1);
                Assert.That(
                    await readers.GetRequiredService<AccessTokens>().GetAsync($"acc-{account}"),
                    Is.EqualTo($"sk-clear-{account}-0123456789"));
                Interlocked.Increment(ref reads);
            }
        })).ToList();

        var start = Stopwatch.GetTimestamp();
        var report = await With(NextKey, Key).GetRequiredService<SecretRotation>().ReprotectAsync();
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        await end.CancelAsync();
        await Task.WhenAll(reading);

        await TestContext.Progress.WriteLineAsync(
            $"{count} accounts in {seconds:0.00} s, {count / seconds:0} a second, beside {reads} reads");
        Assert.That((report.OtherKeys, report.Rewritten, report.Unreadable.Count), Is.EqualTo((2 * count, 2 * count, 0)));
        Assert.That(reads, Is.Positive);
    }

    [Test]
    public async Task After_a_purge_nothing_in_clear_is_left_in_the_files_of_the_database()
    {
        var folder = Path.Combine(
            await ReadAsync<string>("SHOW data_directory"), "base",
            $"{await ReadAsync<uint>("SELECT oid FROM pg_database WHERE datname = current_database()")}");
        if (!Directory.Exists(folder))
        {
            Assert.Ignore("The server's files are on another machine.");
        }

        // Random, for what compresses well stands in TOAST in another form; short ones, which the statistics hold too.
        var needles = new List<string>();
        for (var i = 0; i < 20; i++)
        {
            var (access, refresh) = (Needle(60), Needle(i % 2 == 0 ? 60 : 9_000));
            needles.AddRange([access, refresh[..60], refresh[^40..]]);
            await AddInClearAsync($"acc-{i}", access, refresh);
        }

        await AddTrainAsync("rail-club");
        needles.Add(Needle(60));
        await AdministerAsync($"UPDATE trains SET slack_webhook_url = 'https://hooks.example.org/{needles[^1]}'");
        await AdministerAsync("VACUUM (ANALYZE) anthropic_credentials, trains; CHECKPOINT");
        var planted = Found(folder, needles);
        var inStatistics = await StatisticsAsync();

        var services = Services(collection => Configure(collection.AddNexusData(AdministratorString), Issuer.Endpoint, Key));
        var rotation = services.GetRequiredService<SecretRotation>();
        await rotation.ReprotectAsync();
        await AdministerAsync("CHECKPOINT");
        var beforePurge = Found(folder, needles);
        var report = await PurgeAsync(rotation);
        await AdministerAsync("CHECKPOINT");

        Assert.Multiple(async () =>
        {
            Assert.That(planted, Is.EquivalentTo(needles), "The search has to find them to begin with.");
            Assert.That(needles.Count(needle => inStatistics.Contains(needle, StringComparison.Ordinal)), Is.Positive);
            Assert.That(beforePurge, Is.Not.Empty, "Old versions of rows are there until the purge.");
            Assert.That((report.IsComplete, report.RowsKept), Is.EqualTo((true, 0)), report.Remedy);
            Assert.That(report.Purged, Is.EqualTo(["anthropic_credentials", "trains", "pg_statistic"]));
            Assert.That(Found(folder, needles), Is.Empty, "the files");
            var statistics = await StatisticsAsync();
            Assert.That(needles.Where(needle => statistics.Contains(needle, StringComparison.Ordinal)), Is.Empty, "pg_stats");
        });
    }

    [Test]
    public async Task A_purge_says_when_somebody_still_sees_what_was_in_clear()
    {
        await AddInClearAsync("acc-1", "sk-clear", "sk-refresh");
        var services = Services(collection => Configure(collection.AddNexusData(AdministratorString), Issuer.Endpoint, Key));
        var rotation = Impatient(services);
        await using var reader = new NpgsqlConnection(ConnectionString);
        await reader.OpenAsync();
        await using var transaction = await reader.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead);
        await using (var look = new NpgsqlCommand("SELECT count(*) FROM train_members", reader, transaction))
        {
            await look.ExecuteScalarAsync();
        }

        await rotation.ReprotectAsync();
        var early = await rotation.PurgeAsync();
        await transaction.RollbackAsync();
        var late = await PurgeAsync(rotation);

        Assert.That((early.IsComplete, early.RowsKept > 0), Is.EqualTo((false, true)));
        Assert.That(early.Remedy, Does.StartWith("Run it again"));
        Assert.That((late.IsComplete, late.RowsKept), Is.EqualTo((true, 0)));
    }

    [Test]
    public async Task A_purge_says_when_a_writer_of_another_database_keeps_old_statistics_alive()
    {
        var services = Services(collection => Configure(collection.AddNexusData(AdministratorString), Issuer.Endpoint, Key));
        await using var writer = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder(AdministratorString) { Database = "postgres", Pooling = false }.ConnectionString);
        await writer.OpenAsync();
        await using var transaction = await writer.BeginTransactionAsync();
        await using (var write = new NpgsqlCommand("SELECT pg_current_xact_id()", writer, transaction))
        {
            await write.ExecuteScalarAsync();
        }

        var report = await Impatient(services).PurgeAsync();

        Assert.That(report.Skipped, Does.Contain("pg_statistic"));
        Assert.That(report.Remedy, Does.StartWith("Run it again").And.Contain("of any database"));
    }

    [Test]
    public async Task Without_the_right_a_purge_names_what_its_owner_has_to_do()
    {
        var report = await With(Key).GetRequiredService<SecretRotation>().PurgeAsync();

        Assert.That((report.IsComplete, report.Purged.Count), Is.EqualTo((false, 0)));
        Assert.That(string.Join(' ', report.Skipped.Order()), Is.EqualTo("anthropic_credentials pg_statistic trains"));
        Assert.That(report.Remedy, Does.Contain("VACUUM (FULL, ANALYZE) anthropic_credentials, trains as the owner"));
    }

    [Test]
    public async Task A_table_that_is_used_all_the_time_is_named()
    {
        var services = Services(collection => Configure(collection.AddNexusData(AdministratorString), Issuer.Endpoint, Key));
        await using var holder = new NpgsqlConnection(await AdministratorAsync());
        await holder.OpenAsync();
        await using var transaction = await holder.BeginTransactionAsync();
        await using var hold = new NpgsqlCommand("LOCK TABLE trains IN ACCESS SHARE MODE", holder, transaction);
        await hold.ExecuteNonQueryAsync();

        var report = await PurgeAsync(Impatient(services), isBusy: table => table == "trains");

        Assert.That(report.IsComplete, Is.False);
        Assert.That(report.Skipped, Is.EqualTo(["trains"]));
        Assert.That(report.Purged, Is.EqualTo(["anthropic_credentials", "pg_statistic"]));
        Assert.That(report.Remedy, Does.Contain("trains").And.StartWith("Run it again"));
    }

    [Test]
    public async Task The_doctor_counts_what_is_in_clear_and_what_has_another_key()
    {
        var well = await DiagnoseAsync(Key);
        await AddInClearAsync("acc-1", "sk-clear", "sk-refresh");
        await AddAsync(With(NextKey), "acc-2");
        await AddTrainAsync("rail-club");
        await AdministerAsync(
            """
            INSERT INTO train_api_keys (train_id, api_key, key_hash, key_prefix, key_suffix)
            SELECT id, 'cnp_live_0123456789', sha256('x'), 'cnp_live_', '6789' FROM trains
            """);

        var without = await DiagnoseAsync(Key);
        var with = await DiagnoseAsync(Key, NextKey);

        Assert.Multiple(() =>
        {
            Assert.That(well.Status, Is.EqualTo(CheckStatus.Ok));
            Assert.That((without.Status, with.Status), Is.EqualTo((CheckStatus.Warning, CheckStatus.Warning)));
            Assert.That(with.Finding, Is.EqualTo(
                "2 tokens or webhook addresses stand in clear; 1 API keys stand in clear; 2 secrets are under another key than the current one."));
            Assert.That(with.Remedy, Does.Contain("nexus-data credentials protect").And.Contain("credentials rotate"));
            Assert.That(without.Finding, Does.Contain("2 secrets cannot be read by the keys that are configured here"));
            Assert.That(without.Details, Has.Count.EqualTo(2).And.All.Contains("'two'"));
            Assert.That(with.ToString() + string.Concat(without.Details), Does.Not.Contain("sk-").And.Not.Contain("cnp_").And.Not.Contain("nx1:"));
        });
    }

    // As its remedy says: tests that run beside this one keep old versions of all databases alive while they write.
    private static async Task<PurgeReport> PurgeAsync(SecretRotation rotation, Func<string, bool>? isBusy = null)
    {
        for (var tries = 1; ; tries++)
        {
            var report = await rotation.PurgeAsync();
            if (tries == 60 || (report.RowsKept == 0 && report.Skipped.All(isBusy ?? (_ => false))))
            {
                return report;
            }
        }
    }

    private static SecretRotation Impatient(ServiceProvider services)
        => new(services.GetRequiredService<IDbContextFactory<NexusDbContext>>(), services.GetRequiredService<ICredentialProtector>())
        {
            LockTimeout = TimeSpan.FromMilliseconds(20),
            Patience = TimeSpan.FromMilliseconds(500),
        };

    private string AdministratorString => AdministratorAsync().GetAwaiter().GetResult();

    private async Task<CheckResult> DiagnoseAsync(params string[] keys)
        => (await With(keys).GetRequiredService<Doctor>().RunAsync(["clear-secrets"])).Single().Result;

    private Task AddManyInClearAsync(int count) => AdministerAsync(
        $"""
        INSERT INTO anthropic_credentials (account_id, account_name, oauth_access_token, oauth_refresh_token, oauth_expires_at, oauth_scopes)
        SELECT 'acc-' || i, 'Name ' || i, 'sk-clear-' || i || '-0123456789', 'sk-refresh-' || i, now() + interval '1 day', '{"{}"}'
        FROM generate_series(1, {count}) i
        """);

    private Task<string> StatisticsAsync()
        => ReadAsync<string>("SELECT coalesce(string_agg(s::text, ' '), '') FROM pg_stats s WHERE tablename IN ('anthropic_credentials', 'trains')");

    private static string Needle(int length)
        => System.Security.Cryptography.RandomNumberGenerator.GetString("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", length);

    private static List<string> Found(string folder, List<string> needles)
    {
        var files = Directory.EnumerateFiles(folder).Select(File.ReadAllBytes).ToList();
        return [.. needles.Where(needle => files.Any(file => file.AsSpan().IndexOf(Encoding.ASCII.GetBytes(needle)) >= 0))];
    }

    private sealed class Told(Action<ReprotectProgress> tell) : IProgress<ReprotectProgress>
    {
        public void Report(ReprotectProgress value) => tell(value);
    }
}
