using Bogus;
using Nexus.Data.Chats;

namespace Nexus.Data.Seeding.Chats;

/// <summary>The messages of one chat from its first on, with their numbers, a minute or two apart. The same seed, people and start make
/// the same rows everywhere.</summary>
/// <remarks>What chats and members count is left as it is: <see cref="UnreadMessages.RepairAsync"/> puts it right once the rows are
/// stored.</remarks>
public sealed class MessageFaker : Faker<Message>
{
    /// <summary>Creates the faker.</summary>
    /// <param name="chatId">The chat.</param>
    /// <param name="senders">Who writes; with none they are messages of the program.</param>
    /// <param name="seed">Where the random numbers begin.</param>
    /// <param name="start">When the first was written; 2025-01-01 09:00 UTC where nothing is given.</param>
    public MessageFaker(Guid chatId, IReadOnlyList<Guid> senders, int seed = 1, DateTimeOffset? start = null)
    {
        ArgumentNullException.ThrowIfNull(senders);
        var first = SeedClock.Start(start);
        UseSeed(seed);
        CustomInstantiator(faker => new()
        {
            Id = SeedId.Of($"message:{chatId}", seed, faker.IndexFaker),
            ChatId = chatId,
            Type = senders.Count == 0 ? MessageType.System : MessageType.User,
            Content = faker.Hacker.Phrase(),
            SenderId = senders.Count == 0 ? null : senders[faker.Random.Int(0, senders.Count - 1)],
            Sequence = faker.IndexFaker + 1,
            CreatedAt = first.AddMinutes(faker.IndexFaker).AddSeconds(faker.Random.Int(0, 59)),
        });
    }
}
