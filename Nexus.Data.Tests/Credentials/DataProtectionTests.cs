using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.DependencyInjection;
using Nexus.Data.Credentials;
using Nexus.Data.Tests.Documentation;

namespace Nexus.Data.Tests.Credentials;

/// <summary>A protector of the host's own, in place of ours.</summary>
public sealed class DataProtectionTests : CredentialTest
{
    [Test]
    public async Task Data_Protection_takes_the_place_of_our_keys()
    {
        var services = Services(collection =>
        {
            Configure(collection, Issuer.Endpoint);
            collection.AddDataProtection().UseEphemeralDataProtectionProvider();
            collection.AddSingleton<ICredentialProtector, DataProtectionCredentialProtector>();
        });
        await AddInClearAsync("acc-1", "sk-clear-0123456789-abcd", "sk-clear-refresh");
        await AddAsync(services, "acc-2", -1);

        var report = await services.GetRequiredService<SecretRotation>().ReprotectAsync();
        var tokens = services.GetRequiredService<AccessTokens>();

        Assert.That((report.Secrets, report.InClear, report.Rewritten), Is.EqualTo((4, 2, 2)));
        Assert.That(await tokens.GetAsync("acc-1"), Is.EqualTo("sk-clear-0123456789-abcd"));
        Assert.That(await tokens.GetAsync("acc-2"), Is.EqualTo(TokenServer.AccessTokenOf("acc-2", 1)));
        Assert.That(
            await ReadAsync<string>("SELECT string_agg(left(oauth_access_token, 4), ' ') FROM anthropic_credentials"),
            Is.EqualTo("dp1: dp1:"));
        await AdministerAsync("UPDATE anthropic_credentials SET oauth_access_token = oauth_refresh_token");
        Assert.That(
            () => tokens.GetAsync("acc-1"), Throws.TypeOf<NexusDataException>().With.Message.Contains("oauth_access_token cannot"));
    }
}
