using Microsoft.Extensions.DependencyInjection;
using Nexus.Data.Credentials;
using Nexus.Data.Tests.Fixtures;
using Nexus.Data.Trains;
using Npgsql;

namespace Nexus.Data.Tests.Credentials;

/// <summary>Accounts with keys and an issuer of tokens of the test's own.</summary>
public abstract class CredentialTest : ServiceTest
{
    private protected static readonly string Key = CredentialKeys.Generate("one");
    private protected static readonly string NextKey = CredentialKeys.Generate("two");

    private protected TokenServer Issuer { get; private set; } = null!;

    [SetUp]
    public void StartIssuer() => Issuer = new();

    [TearDown]
    public async Task StopIssuer() => await Issuer.DisposeAsync();

    /// <summary>Services with these keys, the first the current one.</summary>
    private protected ServiceProvider With(params string[] keys)
        => Services(services => Configure(services, Issuer.Endpoint, keys));

    private protected static void Configure(IServiceCollection services, Uri endpoint, params string[] keys)
    {
        services.Configure<CredentialProtectionOptions>(options =>
        {
            foreach (var key in keys)
            {
                options.Keys[key[..3]] = key[4..];
            }

            options.CurrentKeyId = keys.FirstOrDefault()?[..3];
        });
        services.Configure<OAuthTokenClientOptions>(options => options.Endpoint = endpoint);
    }

    private protected static OAuthTokens Tokens(string access, string refresh, double secondsLeft = 3600) => new()
    {
        AccessToken = access,
        RefreshToken = refresh,
        ExpiresAt = DateTimeOffset.UtcNow.AddSeconds(secondsLeft),
        Scopes = ["user:inference"],
    };

    /// <summary>An account whose refresh token counts at the issuer.</summary>
    private protected Task<CredentialInfo> AddAsync(IServiceProvider services, string account, double secondsLeft = 3600)
        => services.GetRequiredService<CredentialStore>().AddAsync(new()
        {
            AccountId = account,
            AccountName = $"Name of {account}",
            Tokens = Tokens(OldToken(account), Issuer.Issue(account), secondsLeft),
        });

    private protected static string OldToken(string account) => $"old-{account}-{new string('o', 24)}";

    private protected async Task AddTrainAsync(string slug)
    {
        await using var db = OpenContext();
        db.Add(new Train { TrainId = slug, Name = slug });
        await db.SaveChangesAsync();
    }

    /// <summary>What one statement gives, as the administrator.</summary>
    private protected async Task<T> ReadAsync<T>(string sql)
    {
        await using var connection = new NpgsqlConnection(await AdministratorAsync());
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>Rows as the original program stores them: in clear.</summary>
    private protected Task AddInClearAsync(string account, string access, string refresh)
        => AdministerAsync(
            $"""
            INSERT INTO anthropic_credentials (account_id, account_name, oauth_access_token, oauth_refresh_token,
                oauth_expires_at, oauth_scopes)
            VALUES ('{account}', 'Name of {account}', '{access}', '{refresh}', now() + interval '1 hour', ARRAY['user:inference'])
            """);
}
