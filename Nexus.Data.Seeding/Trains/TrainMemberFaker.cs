using Bogus;
using Nexus.Data.Trains;

namespace Nexus.Data.Seeding.Trains;

/// <summary>The members of one train, an hour apart: first its owner, who adds the others. The same train, seed and start make the
/// same rows everywhere.</summary>
public sealed class TrainMemberFaker : Faker<TrainMember>
{
    /// <summary>Creates the faker.</summary>
    /// <param name="trainId">The train, by its primary key.</param>
    /// <param name="seed">Where the random numbers begin.</param>
    /// <param name="start">When the owner was added; 2025-01-01 09:00 UTC where nothing is given.</param>
    public TrainMemberFaker(Guid trainId, int seed = 1, DateTimeOffset? start = null)
    {
        var first = SeedClock.Start(start);
        var owner = default(string);
        UseSeed(seed);
        CustomInstantiator(faker =>
        {
            var address = FormattableString.Invariant(
                $"{Text.Plain(faker.Name.FirstName())}.{Text.Plain(faker.Name.LastName())}{faker.IndexFaker}@example.org");
            owner ??= address;
            return new()
            {
                Id = SeedId.Of($"train-member:{trainId}", seed, faker.IndexFaker),
                TrainId = trainId,
                UserEmail = address,
                Role = faker.IndexFaker == 0 ? TrainRole.Owner : TrainRole.Member,
                AddedAt = first.AddHours(faker.IndexFaker),
                AddedBy = owner,
            };
        });
    }
}
