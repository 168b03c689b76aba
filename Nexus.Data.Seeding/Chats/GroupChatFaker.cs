using Bogus;
using Nexus.Data.Chats;

namespace Nexus.Data.Seeding.Chats;

/// <summary>Groups with a topic, an hour apart, without their members. The same seed and start make the same rows everywhere.</summary>
public sealed class GroupChatFaker : Faker<GroupChat>
{
    /// <summary>Creates the faker.</summary>
    /// <param name="seed">Where the random numbers begin.</param>
    /// <param name="start">When the first group was made; 2025-01-01 09:00 UTC where nothing is given.</param>
    /// <param name="creator">Who made the groups; null for nobody.</param>
    public GroupChatFaker(int seed = 1, DateTimeOffset? start = null, Guid? creator = null)
    {
        var first = SeedClock.Start(start);
        UseSeed(seed);
        CustomInstantiator(faker =>
        {
            var made = first.AddHours(faker.IndexFaker);
            return new()
            {
                Id = SeedId.Of("group-chat", seed, faker.IndexFaker),
                Topic = Text.Sentence(faker.Commerce.Color(), faker.Commerce.Department(1)),
                CreatedByUserId = creator,
                CreatedAt = made,
                UpdatedAt = made,
                LastAccessedAt = made,
            };
        });
    }
}
