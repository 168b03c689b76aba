using System.Security.Cryptography;
using System.Text;
using Bogus;
using Nexus.Data.Trains;

namespace Nexus.Data.Seeding.Trains;

/// <summary>API keys of one train, an hour apart, which count for ever. The same train, seed and start make the same rows
/// everywhere.</summary>
/// <remarks>Keys follow from their identifiers, as <see cref="KeyOf(TrainApiKey)"/> has them: whoever reads the table has them too, so they have
/// no place in production.</remarks>
public sealed class TrainApiKeyFaker : Faker<TrainApiKey>
{
    /// <summary>What the keys begin with, before an underscore.</summary>
    public const string Prefix = "cnp_seed";

    /// <summary>Creates the faker.</summary>
    /// <param name="trainId">The train, by its primary key.</param>
    /// <param name="seed">Where the random numbers begin.</param>
    /// <param name="start">When the first key was made; 2025-01-01 09:00 UTC where nothing is given.</param>
    public TrainApiKeyFaker(Guid trainId, int seed = 1, DateTimeOffset? start = null)
    {
        var first = SeedClock.Start(start);
        UseSeed(seed);
        CustomInstantiator(faker =>
        {
            var id = SeedId.Of($"train-api-key:{trainId}", seed, faker.IndexFaker);
            var key = KeyOf(id);
            return new()
            {
                Id = id,
                TrainId = trainId,
                KeyHash = ApiKeyText.Hash(key),
                KeyPrefix = $"{Prefix}_",
                KeySuffix = ApiKeyText.Suffix(key),
                Name = Text.Sentence(faker.Hacker.Adjective(), faker.Hacker.Noun()),
                CreatedBy = "seed@example.org",
                CreatedAt = first.AddHours(faker.IndexFaker),
            };
        });
    }

    /// <summary>The key that a client sends for a row of this faker: of the library's own form, with a checksum that holds.</summary>
    /// <param name="key">The row, as it was made or as it was read.</param>
    public static string KeyOf(TrainApiKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return KeyOf(key.Id);
    }

    private static string KeyOf(Guid id)
        => ApiKeyText.Of(Prefix, SHA256.HashData(Encoding.UTF8.GetBytes($"seed-api-key:{id}")));
}
