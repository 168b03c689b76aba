using Bogus;
using Nexus.Data.Trains;

namespace Nexus.Data.Seeding.Trains;

/// <summary>Which accounts some trains may use: first each train gets one, then each another, and so on. The same trains, accounts
/// and start make the same rows everywhere.</summary>
public sealed class TrainAccountFaker : Faker<TrainAccount>
{
    /// <summary>Creates the faker.</summary>
    /// <param name="trains">The trains, by their primary keys.</param>
    /// <param name="credentials">The accounts' credentials, by their primary keys.</param>
    /// <param name="start">When the accounts were given to the trains; 2025-01-01 09:00 UTC where nothing is given.</param>
    /// <remarks>To generate more rows than there are pairs throws an <see cref="InvalidOperationException"/>.</remarks>
    public TrainAccountFaker(IReadOnlyList<Guid> trains, IReadOnlyList<Guid> credentials, DateTimeOffset? start = null)
    {
        ArgumentNullException.ThrowIfNull(trains);
        ArgumentNullException.ThrowIfNull(credentials);
        var first = SeedClock.Start(start);
        CustomInstantiator(faker =>
        {
            if (faker.IndexFaker >= trains.Count * credentials.Count)
            {
                throw new InvalidOperationException("There are no more pairs of these trains and accounts.");
            }

            var (round, train) = Math.DivRem(faker.IndexFaker, trains.Count);
            var (trainId, credentialId) = (trains[train], credentials[(train + round) % credentials.Count]);
            return new()
            {
                Id = SeedId.Stamped($"train-account:{trainId}:{credentialId}"),
                TrainId = trainId,
                CredentialId = credentialId,
                CreatedAt = first,
            };
        });
    }
}
