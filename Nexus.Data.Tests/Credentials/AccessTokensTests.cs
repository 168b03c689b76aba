using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Nexus.Data.Credentials;
using Nexus.Data.Tests.Fixtures;
using Npgsql;

namespace Nexus.Data.Tests.Credentials;

public sealed class AccessTokensTests : CredentialTest
{
    private const string Locks =
        "locktype = 'advisory' AND objsubid = 2 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";

    private const string LockHolder = $"granted AND {Locks}";

    private readonly TaskCompletionSource _gate = new(TaskCreationOptions.RunContinuationsAsynchronously);

    [TestCase(3600, false)]
    [TestCase(70, false)]
    [TestCase(50, true)]
    [TestCase(-3600, true)]
    public async Task A_token_is_refreshed_when_less_than_a_minute_is_left(double seconds, bool isRefreshed)
    {
        var services = With(Key);
        await AddAsync(services, "acc", seconds);

        var token = await services.GetRequiredService<AccessTokens>().GetAsync("acc");

        Assert.That(token, Is.EqualTo(isRefreshed ? TokenServer.AccessTokenOf("acc", 1) : OldToken("acc")));
        Assert.That(Issuer.Requests, Has.Count.EqualTo(isRefreshed ? 1 : 0));
    }

    [Test]
    public async Task What_the_issuer_said_is_stored_protected_and_serves_the_next_refresh()
    {
        var services = With(Key);
        await AddAsync(services, "acc", -1);
        var tokens = services.GetRequiredService<AccessTokens>();

        await tokens.GetAsync("acc");
        var stored = (await services.GetRequiredService<CredentialStore>().FindAsync("acc"))!;
        var again = await tokens.RefreshAsync("acc");
        var forced = await tokens.RefreshAsync("acc", force: true);

        Assert.Multiple(async () =>
        {
            Assert.That((stored.State, stored.Protection), Is.EqualTo((TokenState.Valid, SecretProtection.Current)));
            Assert.That(stored.Scopes, Is.EqualTo(["user:profile", "user:inference"]));
            Assert.That(stored.LastRefreshAt, Is.EqualTo(DateTimeOffset.UtcNow).Within(TimeSpan.FromSeconds(30)));
            Assert.That((again.IsRefreshed, forced.IsRefreshed), Is.EqualTo((false, true)));
            Assert.That(await tokens.GetAsync("acc"), Is.EqualTo(TokenServer.AccessTokenOf("acc", 2)));
            Assert.That(await ReadAsync<string>("SELECT c::text FROM anthropic_credentials c"), Does.Not.Contain("xxxxxx"));
        });
    }

    [Test]
    public async Task Many_callers_of_a_process_share_one_refresh()
    {
        var waits = 0L;
        using var listener = Listen("nexus.data.tokens.refresh.waits", count => Interlocked.Add(ref waits, count));
        var services = With(Key);
        await AddAsync(services, "acc", -1);
        var tokens = services.GetRequiredService<AccessTokens>();
        Issuer.BeforeAnswer = () => _gate.Task;

        var calls = Enumerable.Range(0, 20).Select(_ => tokens.GetAsync("acc")).ToList();
        await Task.Delay(500);
        var locks = await ReadAsync<long>($"SELECT count(*) FROM pg_locks WHERE {Locks}");
        _gate.SetResult();

        Assert.That(await Task.WhenAll(calls), Is.All.EqualTo(TokenServer.AccessTokenOf("acc", 1)));
        Assert.That(Issuer.Requests, Has.Count.EqualTo(1));
        Assert.That(waits, Is.GreaterThanOrEqualTo(10));
        Assert.That(locks, Is.EqualTo(1), "The others wait without a connection.");
    }

    [Test]
    public async Task A_failure_keeps_all_processes_from_trying_for_a_while_and_a_success_clears_it()
    {
        ServiceProvider Process() => Services(services =>
        {
            Configure(services, Issuer.Endpoint, Key);
            services.Configure<AccessTokenOptions>(options => options.FailurePause = TimeSpan.FromSeconds(2));
        });
        var (one, other) = (Process(), Process());
        await AddAsync(one, "acc", -1);
        Issuer.Answer = (503, """{"error":"overloaded"}""");

        Assert.ThrowsAsync(Failure("status 503, overloaded"), () => one.GetRequiredService<AccessTokens>().GetAsync("acc"));
        Assert.ThrowsAsync(Failure("status 503, overloaded"), () => one.GetRequiredService<AccessTokens>().GetAsync("acc"));
        Assert.ThrowsAsync(Failure("status 503, overloaded"), () => other.GetRequiredService<AccessTokens>().GetAsync("acc"));
        var asked = Issuer.Requests.Count;
        var failed = (await one.GetRequiredService<CredentialStore>().FindAsync("acc"))!;
        Issuer.Answer = null;
        await Task.Delay(2_100);
        var token = await other.GetRequiredService<AccessTokens>().GetAsync("acc");

        Assert.That(asked, Is.EqualTo(1));
        Assert.That(failed.RefreshFailure, Does.Contain("status 503, overloaded"));
        Assert.That(failed.RefreshFailedAt, Is.Not.Null);
        Assert.That(token, Is.EqualTo(TokenServer.AccessTokenOf("acc", 1)));
        Assert.That((await one.GetRequiredService<CredentialStore>().FindAsync("acc"))!.RefreshFailedAt, Is.Null);
    }

    [Test]
    public async Task A_token_that_is_good_for_seconds_yet_is_given_where_it_cannot_be_refreshed()
    {
        var services = With(Key);
        await AddAsync(services, "acc", 40);
        Issuer.Answer = (500, "");
        var tokens = services.GetRequiredService<AccessTokens>();

        Assert.That(await tokens.GetAsync("acc"), Is.EqualTo(OldToken("acc")));
        Assert.That(await tokens.GetAsync("acc"), Is.EqualTo(OldToken("acc")), "also within the pause");
        Assert.ThrowsAsync(Failure("status 500"), () => tokens.RefreshAsync("acc", force: true));
        Assert.That(Issuer.Requests, Has.Count.EqualTo(2));
    }

    [Test]
    public async Task A_caller_that_gives_up_loses_no_tokens()
    {
        var services = With(Key);
        await AddAsync(services, "acc", -1);
        var tokens = services.GetRequiredService<AccessTokens>();
        Issuer.BeforeAnswer = () => _gate.Task;
        using var giveUp = new CancellationTokenSource();

        var call = tokens.GetAsync("acc", giveUp.Token);
        await AskedAsync();
        await giveUp.CancelAsync();
        Assert.ThrowsAsync(Is.InstanceOf<OperationCanceledException>(), () => call);
        _gate.SetResult();
        await services.DisposeAsync();

        Assert.That(await With(Key).GetRequiredService<AccessTokens>().GetAsync("acc"), Is.EqualTo(TokenServer.AccessTokenOf("acc", 1)));
        Assert.That(Issuer.Requests, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task A_connection_that_is_cut_off_during_the_exchange_loses_no_tokens()
    {
        var services = With(Key);
        await AddAsync(services, "acc", -1);
        Issuer.BeforeAnswer = () => _gate.Task;

        var call = services.GetRequiredService<AccessTokens>().GetAsync("acc");
        await AskedAsync();
        Assert.That(await ReadAsync<long>($"SELECT count(pg_terminate_backend(pid)) FROM pg_locks WHERE {LockHolder}"), Is.EqualTo(1));
        _gate.SetResult();

        Assert.That(await call, Is.EqualTo(TokenServer.AccessTokenOf("acc", 1)));
        Assert.That(await With(Key).GetRequiredService<AccessTokens>().GetAsync("acc"), Is.EqualTo(TokenServer.AccessTokenOf("acc", 1)));
        Assert.That(await With(Key).GetRequiredService<AccessTokens>().RefreshAsync("acc", force: true), Has.Property("IsRefreshed").True);
    }

    [Test]
    public async Task Tokens_that_no_database_would_take_are_kept_until_one_does()
    {
        var services = With(Key);
        await AddAsync(services, "acc", -1);
        Issuer.BeforeAnswer = () => _gate.Task;
        var tokens = services.GetRequiredService<AccessTokens>();

        // As a database that is away refuses it, without the wait.
        var call = tokens.GetAsync("acc");
        await AskedAsync();
        await AdministerAsync(
            """
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'A test.'; END $$;
            CREATE TRIGGER refuse BEFORE UPDATE ON anthropic_credentials FOR EACH ROW EXECUTE FUNCTION refuse()
            """);
        _gate.SetResult();
        var first = await call;
        await AdministerAsync("DROP TRIGGER refuse ON anthropic_credentials");
        var second = await tokens.GetAsync("acc");

        Assert.That((first, second), Is.EqualTo((TokenServer.AccessTokenOf("acc", 1), TokenServer.AccessTokenOf("acc", 1))));
        Assert.That(Issuer.Requests, Has.Count.EqualTo(1));
        Assert.That((await services.GetRequiredService<CredentialStore>().FindAsync("acc"))!.State, Is.EqualTo(TokenState.Valid));
    }

    [Test]
    public async Task A_login_meanwhile_wins_over_the_refresh_and_over_its_failure()
    {
        foreach (var answer in new[] { default((int, string)?), (400, """{"error":"invalid_grant"}""") })
        {
            var account = $"acc-{answer?.Item1}";
            var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var services = With(Key);
            await AddAsync(services, account, -1);
            (Issuer.BeforeAnswer, Issuer.Answer) = (() => gate.Task, answer);
            Issuer.Requests.Clear();

            var call = services.GetRequiredService<AccessTokens>().GetAsync(account);
            await AskedAsync();
            await services.GetRequiredService<CredentialStore>().UpdateTokensAsync(
                account, Tokens("at-of-the-login-0123456789", Issuer.Issue(account)));
            gate.SetResult();

            Assert.That(await call, Is.EqualTo("at-of-the-login-0123456789"));
            Assert.That((await services.GetRequiredService<CredentialStore>().FindAsync(account))!.RefreshFailure, Is.Null);
        }
    }

    [Test]
    public async Task Another_key_meanwhile_disturbs_no_refresh_and_a_refresh_no_rotation()
    {
        var services = With(Key, NextKey);
        await AddAsync(services, "acc", -1);
        Issuer.BeforeAnswer = () => _gate.Task;

        var call = services.GetRequiredService<AccessTokens>().GetAsync("acc");
        await AskedAsync();
        var report = await With(NextKey, Key).GetRequiredService<SecretRotation>().ReprotectAsync();
        _gate.SetResult();

        Assert.That(report.Rewritten, Is.EqualTo(2));
        Assert.That(await call, Is.EqualTo(TokenServer.AccessTokenOf("acc", 1)));
        var again = await With(NextKey, Key).GetRequiredService<SecretRotation>().ReprotectAsync();
        Assert.That((again.OtherKeys, again.Rewritten, again.Unreadable.Count), Is.EqualTo((2, 2, 0)));
        Assert.That(await With(NextKey).GetRequiredService<AccessTokens>().GetAsync("acc"), Is.EqualTo(TokenServer.AccessTokenOf("acc", 1)));
    }

    [Test]
    public async Task Without_a_key_for_the_answer_the_issuer_is_not_asked()
    {
        await AddInClearAsync("acc", "sk-clear-0123456789", "sk-clear-refresh");
        await AdministerAsync("UPDATE anthropic_credentials SET oauth_expires_at = now() - interval '1 hour'");

        Assert.That(
            () => With().GetRequiredService<AccessTokens>().GetAsync("acc"),
            Throws.TypeOf<NexusDataException>().With.Message.Contains("KeyFile"));
        Assert.That(Issuer.Requests, Is.Empty);
    }

    [Test]
    public async Task Who_waits_too_long_for_another_process_is_told_so()
    {
        var services = Services(collection =>
        {
            Configure(collection, Issuer.Endpoint, Key);
            collection.Configure<AccessTokenOptions>(options => options.WaitLimit = TimeSpan.FromSeconds(1));
        });
        var id = (await AddAsync(services, "acc", -1)).Id;
        await using var holder = new NpgsqlConnection(ConnectionString + ";Pooling=false");
        await holder.OpenAsync();
        await using var command = new NpgsqlCommand(
            $"SELECT pg_advisory_lock({CredentialLock.Space}, {CredentialLock.KeyOf(id)})", holder);
        await command.ExecuteNonQueryAsync();
        var tokens = services.GetRequiredService<AccessTokens>();

        Assert.ThrowsAsync(Failure("longer than the limit"), () => tokens.GetAsync("acc"));
        await holder.CloseAsync();

        Assert.That(await tokens.GetAsync("acc"), Is.EqualTo(TokenServer.AccessTokenOf("acc", 1)));
    }

    [Test]
    public async Task A_client_of_the_hosts_own_may_fail_with_anything_and_nothing_of_it_is_told()
    {
        var services = Services(collection =>
        {
            Configure(collection, Issuer.Endpoint, Key);
            collection.AddSingleton<IOAuthTokenClient>(new Careless());
        });
        await AddAsync(services, "acc", -1);

        var exception = Assert.ThrowsAsync<NexusDataException>(() => services.GetRequiredService<AccessTokens>().GetAsync("acc"));

        Assert.That(exception!.ToString(), Does.Contain("InvalidOperationException").And.Not.Contain("rt-acc"));
        Assert.That(await ReadAsync<string>("SELECT refresh_failure FROM anthropic_credentials"), Does.Not.Contain("rt-acc"));
    }

    [Test]
    public async Task A_good_token_is_one_round_trip()
    {
        var counter = new CommandCounter();
        await AddAsync(With(Key), "acc");
        await using var services = new ServiceCollection().AddNexusData(ConnectionString)
            .ConfigureDbContext<NexusDbContext>(builder => builder.AddInterceptors(counter))
            .Configure<CredentialProtectionOptions>(options => options.Keys["one"] = Key[4..])
            .BuildServiceProvider();

        await services.GetRequiredService<AccessTokens>().GetAsync("acc");

        Assert.That(counter.Commands, Has.Count.EqualTo(1));
    }

    private static NUnit.Framework.Constraints.ContainsConstraint Failure(string told)
        => Is.TypeOf<NexusDataException>().With.Property("Kind").EqualTo(NexusDataErrorKind.Unavailable)
            .And.Message.StartsWith("Account 'acc' has no access token now").And.Message.Contains(told);

    private async Task AskedAsync()
    {
        for (var i = 0; Issuer.Requests.IsEmpty; i++)
        {
            Assert.That(i, Is.LessThan(2_000), "Nobody asked the issuer.");
            await Task.Delay(10);
        }
    }

    private static MeterListener Listen(string instrument, Action<long> count)
    {
        var listener = new MeterListener
        {
            InstrumentPublished = (published, listener) =>
            {
                if (published.Name == instrument)
                {
                    listener.EnableMeasurementEvents(published);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((_, value, _, _) => count(value));
        listener.Start();
        return listener;
    }

    private sealed class Careless : IOAuthTokenClient
    {
        public Task<OAuthTokens> RefreshAsync(string refreshToken, CancellationToken cancellationToken)
            => throw new InvalidOperationException($"It broke at {refreshToken}.");
    }
}
