using Bogus;
using Nexus.Data.Chats;

namespace Nexus.Data.Seeding.Chats;

/// <summary>The members of one chat, in the order of the people that are given, a minute apart. The same people and start make the same
/// rows everywhere.</summary>
public sealed class ChatMemberFaker : Faker<ChatMember>
{
    /// <summary>Creates the faker.</summary>
    /// <param name="chatId">The chat.</param>
    /// <param name="people">Who its members are; as many rows can be made.</param>
    /// <param name="start">When the first was added; 2025-01-01 09:00 UTC where nothing is given.</param>
    /// <param name="first">What the first may do: in a group it is an admin as a rule.</param>
    public ChatMemberFaker(Guid chatId, IReadOnlyList<Guid> people, DateTimeOffset? start = null, ChatRole first = ChatRole.Member)
    {
        ArgumentNullException.ThrowIfNull(people);
        var begin = SeedClock.Start(start);
        CustomInstantiator(faker => faker.IndexFaker < people.Count
            ? new()
            {
                ChatId = chatId,
                UserId = people[faker.IndexFaker],
                Role = faker.IndexFaker == 0 ? first : ChatRole.Member,
                JoinedAt = begin.AddMinutes(faker.IndexFaker),
            }
            : throw new InvalidOperationException("There are no more people than were given."));
    }
}
