using Microsoft.Extensions.DependencyInjection;
using Nexus.Data.Credentials;
using Nexus.Data.Operations.Diagnosis;
using Npgsql;

namespace Nexus.Data.Tests.Credentials;

/// <summary>What a refresh must not do to tokens that count once only.</summary>
public sealed class CarefulRefreshTests : CredentialTest
{
    [Test]
    public async Task Where_nothing_can_be_stored_the_issuer_is_not_asked()
    {
        var services = With(Key);
        await AddAsync(services, "acc-1", secondsLeft: 20);
        await AdministerAsync("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database()); END $$");
        NpgsqlConnection.ClearAllPools();
        var tokens = With(Key).GetRequiredService<AccessTokens>();

        var error = Assert.ThrowsAsync<NexusDataException>(() => tokens.RefreshAsync("acc-1", force: true))!;

        Assert.That((error.Kind, error.Message), Is.EqualTo((NexusDataErrorKind.Unavailable, error.Message)));
        Assert.That(error.Message, Does.Contain("25006").And.Contain("not asked"));
        Assert.That(await tokens.GetAsync("acc-1"), Is.EqualTo(OldToken("acc-1")), "The token is good for some seconds yet.");
        Assert.That(Issuer.Requests, Is.Empty);
    }

    [Test]
    public async Task A_rotation_to_a_key_that_is_not_known_here_loses_no_tokens()
    {
        await AddAsync(With(Key), "acc-1", secondsLeft: -1);
        var rotating = With(NextKey, Key).GetRequiredService<SecretRotation>();
        Issuer.BeforeAnswer = () => rotating.ReprotectAsync();

        var token = await With(Key).GetRequiredService<AccessTokens>().GetAsync("acc-1");
        Issuer.BeforeAnswer = () => Task.CompletedTask;

        Assert.That(await With(NextKey, Key).GetRequiredService<AccessTokens>().GetAsync("acc-1"), Is.EqualTo(token));
        Assert.That(Issuer.Requests, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task A_token_that_is_short_lived_is_used_for_half_of_its_time()
    {
        var services = With(Key);
        await AddAsync(services, "acc-1", secondsLeft: -1);
        Issuer.ExpiresIn = 50;
        var tokens = services.GetRequiredService<AccessTokens>();

        var (first, second) = (await tokens.GetAsync("acc-1"), await tokens.GetAsync("acc-1"));
        await AdministerAsync("UPDATE anthropic_credentials SET last_refresh_at = last_refresh_at - interval '30 seconds', oauth_expires_at = oauth_expires_at - interval '30 seconds'");
        var third = await tokens.GetAsync("acc-1");

        Assert.That((first == second, second == third, Issuer.Requests.Count), Is.EqualTo((true, false, 2)));
    }

    [TestCase(0)]
    [TestCase(0xd800)]
    public async Task An_account_that_cannot_be_is_not_there(int code)
    {
        var character = (char)code;
        var services = With(Key);
        var store = services.GetRequiredService<CredentialStore>();

        Assert.That(await store.FindAsync($"acc{character}"), Is.Null);
        Assert.That(await store.DeleteAsync($"acc{character}"), Is.False);
        Assert.That(
            () => services.GetRequiredService<AccessTokens>().GetAsync($"acc{character}"),
            Throws.InstanceOf<NexusDataException>().With.Property("Kind").EqualTo(NexusDataErrorKind.NotFound));
    }

    [Test]
    public async Task What_another_protector_stored_is_neither_clear_text_nor_protected_again()
    {
        await AddInClearAsync("acc-1", "dp1:CfDJ8abcdefghijklmnop", "dp1:CfDJ8qrstuvwxyz");
        var services = With(Key);

        var report = await services.GetRequiredService<SecretRotation>().ReprotectAsync();
        var check = (await services.GetRequiredService<Doctor>().RunAsync(["clear-secrets"])).Single().Result;
        var info = (await services.GetRequiredService<CredentialStore>().FindAsync("acc-1"))!;

        Assert.Multiple(async () =>
        {
            Assert.That((report.InClear, report.Rewritten, report.Unreadable.Count), Is.EqualTo((0, 0, 2)));
            Assert.That(report.Unreadable[0].Reason, Does.Contain("another protector").And.Contain("dp1").And.Not.Contain("CfDJ8"));
            Assert.That(check.Finding, Does.Contain("2 secrets cannot be read").And.Not.Contain("in clear"));
            Assert.That(info.Protection, Is.EqualTo(SecretProtection.OtherKey));
            Assert.That(
                () => services.GetRequiredService<AccessTokens>().GetAsync("acc-1"),
                Throws.InstanceOf<NexusDataException>().With.Property("Kind").EqualTo(NexusDataErrorKind.Validation));
            Assert.That(
                await ReadAsync<string>("SELECT oauth_access_token FROM anthropic_credentials"), Is.EqualTo("dp1:CfDJ8abcdefghijklmnop"));
        });
    }
}
