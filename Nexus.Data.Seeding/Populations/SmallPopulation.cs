using Nexus.Data.Chats;

namespace Nexus.Data.Seeding.Populations;

/// <summary>A few people and their conversations, read from two JSON files: those that come along, or the caller's.</summary>
public sealed class SmallPopulation
{
    private SmallPopulation(IReadOnlyList<SeedUser> users, IReadOnlyList<SeedConversation> conversations)
        => (Users, Conversations) = (users, conversations);

    /// <summary>The people.</summary>
    public IReadOnlyList<SeedUser> Users { get; }

    /// <summary>Their conversations.</summary>
    public IReadOnlyList<SeedConversation> Conversations { get; }

    /// <summary>Reads the files.</summary>
    /// <param name="usersFile">The people's; null for the one that comes along.</param>
    /// <param name="conversationsFile">The conversations'; null for the one that comes along.</param>
    /// <exception cref="NexusDataException">A file is not there, or wrong (validation): the message names it, the place in it, and what
    /// is to be done.</exception>
    public static SmallPopulation Read(string? usersFile = null, string? conversationsFile = null)
    {
        var users = SeedFiles.ReadUsers(usersFile);
        return new(users, SeedFiles.ReadConversations(conversationsFile, users));
    }
}

/// <summary>A person of the small population.</summary>
/// <param name="Name">The name.</param>
/// <param name="Password">The password to log in by.</param>
public sealed record SeedUser(string Name, string Password)
{
    /// <summary>The identifier, which follows from the name.</summary>
    public Guid Id => SeedId.Of($"user_{Name}");

    /// <summary>The name alone.</summary>
    public override string ToString() => Name;
}

/// <summary>A conversation of the small population.</summary>
/// <param name="Kind">Direct or group.</param>
/// <param name="Topic">What a group is about; null for a direct chat.</param>
/// <param name="Participants">Who takes part, by name; the first of a group is its admin.</param>
/// <param name="Messages">What they wrote, in the order of its times.</param>
public sealed record SeedConversation(
    ChatKind Kind, string? Topic, IReadOnlyList<string> Participants, IReadOnlyList<SeedMessage> Messages)
{
    /// <summary>The identifier, which follows from the topic, or from the two names.</summary>
    public Guid Id => SeedId.Of(Seed);

    /// <summary>The identifier of one of its messages, which follows from its place and its sender.</summary>
    /// <param name="index">Which one, from 0 on.</param>
    public Guid MessageId(int index) => SeedId.Of(FormattableString.Invariant($"msg_{Seed}_{index}_{Messages[index].Sender}"));

    private string Seed => Kind == ChatKind.Group ? $"group_{Topic}" : $"dm_{string.Join('_', Participants.Order(StringComparer.Ordinal))}";
}

/// <summary>A message of the small population.</summary>
/// <param name="Sender">Who wrote it, by name.</param>
/// <param name="Minutes">When, in minutes from the population's own time: 0 or less.</param>
/// <param name="Content">The text.</param>
public sealed record SeedMessage(string Sender, int Minutes, string Content);
