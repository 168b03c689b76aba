using Bogus;
using Nexus.Data.Chats;

namespace Nexus.Data.Seeding.Chats;

/// <summary>People with names of their own, an hour apart, who cannot log in: a password is the caller's to give. The same seed and
/// start make the same rows everywhere.</summary>
public sealed class UserFaker : Faker<User>
{
    /// <summary>Creates the faker.</summary>
    /// <param name="seed">Where the random numbers begin.</param>
    /// <param name="start">When the first person was added; 2025-01-01 09:00 UTC where nothing is given.</param>
    public UserFaker(int seed = 1, DateTimeOffset? start = null)
    {
        var first = SeedClock.Start(start);
        UseSeed(seed);
        CustomInstantiator(faker => new()
        {
            Id = SeedId.Of("user", seed, faker.IndexFaker),
            Username = FormattableString.Invariant($"{Text.Plain(faker.Name.FirstName())}.{Text.Plain(faker.Name.LastName())}{faker.IndexFaker}"),
            CreatedAt = first.AddHours(faker.IndexFaker),
        });
    }
}
