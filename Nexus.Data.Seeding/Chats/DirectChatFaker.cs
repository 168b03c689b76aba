using Bogus;
using Nexus.Data.Chats;

namespace Nexus.Data.Seeding.Chats;

/// <summary>Direct chats of some people, each pair once, an hour apart, without their members. The same seed, people and start make
/// the same rows everywhere.</summary>
public sealed class DirectChatFaker : Faker<DirectChat>
{
    /// <summary>Creates the faker.</summary>
    /// <param name="people">Whose chats they are, at least two.</param>
    /// <param name="seed">Where the random numbers begin.</param>
    /// <param name="start">When the first chat was made; 2025-01-01 09:00 UTC where nothing is given.</param>
    /// <remarks>To generate more chats than there are pairs throws an <see cref="InvalidOperationException"/>.</remarks>
    public DirectChatFaker(IReadOnlyList<Guid> people, int seed = 1, DateTimeOffset? start = null)
    {
        ArgumentNullException.ThrowIfNull(people);
        ArgumentOutOfRangeException.ThrowIfLessThan(people.Count, 2, nameof(people));
        var first = SeedClock.Start(start);
        Guid[] order = [.. new Randomizer(seed).Shuffle(people.Distinct())];
        UseSeed(seed);
        CustomInstantiator(faker =>
        {
            var (low, high) = Pair(order, faker.IndexFaker);
            var made = first.AddHours(faker.IndexFaker);
            return new()
            {
                Id = SeedId.Of("direct-chat", seed, faker.IndexFaker),
                LowUserId = low,
                HighUserId = high,
                CreatedAt = made,
                UpdatedAt = made,
                LastAccessedAt = made,
            };
        });
    }

    // First each with who comes next, then with the one after that, and so on.
    private static (Guid Low, Guid High) Pair(Guid[] order, int number)
    {
        for (var distance = 1; distance < order.Length; distance++)
        {
            var pairs = order.Length - distance;
            if (number < pairs)
            {
                var (one, other) = (order[number], order[number + distance]);
                return one.CompareTo(other) < 0 ? (one, other) : (other, one);
            }

            number -= pairs;
        }

        throw new InvalidOperationException("There are no more pairs of these people.");
    }
}
