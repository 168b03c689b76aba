using Bogus;
using Nexus.Data.Credentials;

namespace Nexus.Data.Seeding.Credentials;

/// <summary>Accounts with tokens that open nothing, an hour apart. The same seed and start make the same rows everywhere, where the
/// protector gives the same text each time.</summary>
public sealed class CredentialFaker : Faker<AnthropicCredential>
{
    private const int DaysValid = 365;

    /// <summary>Creates the faker.</summary>
    /// <param name="seed">Where the random numbers begin. Names end with it, so that accounts of several seeds can live in one
    /// database.</param>
    /// <param name="start">When the first account was added; 2025-01-01 09:00 UTC where nothing is given. Tokens expire a year later.
    /// </param>
    /// <param name="protector">Protects the tokens; null for a <see cref="SeedCredentialProtector"/>.</param>
    public CredentialFaker(int seed = 1, DateTimeOffset? start = null, ICredentialProtector? protector = null)
    {
        var first = SeedClock.Start(start);
        protector ??= new SeedCredentialProtector();
        UseSeed(seed);
        CustomInstantiator(faker =>
        {
            var id = SeedId.Of("credential", seed, faker.IndexFaker);
            var added = first.AddHours(faker.IndexFaker);
            var (access, refresh) = ($"seed-access-{id:N}", $"seed-refresh-{id:N}");
            return new()
            {
                Id = id,
                AccountId = $"acc_{id:N}",
                AccountName = FormattableString.Invariant($"{faker.Company.CompanyName()} {seed}-{faker.IndexFaker}"),
                OauthAccessToken = protector.Protect(access, SecretContext.AccessToken(id)),
                OauthRefreshToken = protector.Protect(refresh, SecretContext.RefreshToken(id)),
                OauthTokenSuffix = StoredCredential.SuffixOf(access),
                OauthExpiresAt = added.AddDays(DaysValid),
                OauthScopes = ["user:inference", "user:profile"],
                OauthIsMax = faker.Random.Bool(0.7f),
                CreatedAt = added,
                UpdatedAt = added,
            };
        });
    }
}
