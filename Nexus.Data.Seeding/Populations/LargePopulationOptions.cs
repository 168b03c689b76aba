namespace Nexus.Data.Seeding.Populations;

/// <summary>How much of a large population there is. The same options give the same rows everywhere.</summary>
public sealed record LargePopulationOptions
{
    /// <summary>The seed that nothing else is said of; names of other seeds end with theirs.</summary>
    public const int DefaultSeed = 1;

    /// <summary>Where the random numbers begin. Populations of several seeds can live in one database.</summary>
    public int Seed { get; init; } = DefaultSeed;

    /// <summary>The time before which everything happened, taken to UTC.</summary>
    public required DateTimeOffset Until { get; init; }

    /// <summary>How many people, 1 to 10,000,000.</summary>
    public int Users { get; init; } = 200;

    /// <summary>How many groups, of 3 to 15 people; with fewer than three, of all there are.</summary>
    public int Groups { get; init; } = 75;

    /// <summary>How many direct chats, no more than there are pairs.</summary>
    public int DirectChats { get; init; } = 300;

    /// <summary>How many messages, exactly.</summary>
    public int Messages { get; init; } = 25_000;

    /// <summary>How many requests of a proxy, exactly, with its trains, accounts, members and keys; 0 to 10,000,000 and 200,000 a day at
    /// most, and with 0 no proxy at all.</summary>
    public int Requests { get; init; }

    /// <summary>Over how many days messages were written, 1 to 3,650. People are up to half as old again.</summary>
    public int Days { get; init; } = 120;

    /// <summary>The share of people who write, above 0, to 1; the others only read. At least one writes.</summary>
    public double ActiveShare { get; init; } = 0.7;

    /// <summary>The share of messages that are written from 9 to before 19 o'clock in any case, 0 to 1; the others come at any hour.</summary>
    public double BusinessShare { get; init; } = 0.7;

    /// <summary>The chance that a member of a group is an admin beside the first, who always is.</summary>
    public double AdminRate { get; init; } = 0.1;

    /// <exception cref="NexusDataException">An option is out of range (validation).</exception>
    internal void Validate()
    {
        Check(Users is >= 1 and <= 10_000_000, "A population has 1 to 10,000,000 users.");
        Check(Groups is >= 0 and <= 10_000_000, "A population has 0 to 10,000,000 groups.");
        Check(DirectChats >= 0, "The number of direct chats is not negative.");
        Check(
            DirectChats <= Pairs,
            FormattableString.Invariant($"{Users:N0} users are {Pairs:N0} pairs: there cannot be {DirectChats:N0} direct chats. Take more users or fewer chats."));
        Check(Messages is >= 0 and <= 1_000_000_000, "A population has 0 to 1,000,000,000 messages.");
        Check(Messages == 0 || Groups + (long)DirectChats > 0, "Messages need a chat to stand in: take a group or a direct chat.");
        Check(Days is >= 1 and <= 3_650, "Messages are written over 1 to 3,650 days.");
        Check(ActiveShare is > 0 and <= 1, "The share of people who write is above 0, and 1 at most.");
        Check(BusinessShare is >= 0 and <= 1 && AdminRate is >= 0 and <= 1, "Shares are from 0 to 1.");
        Check(Until.UtcDateTime.Year is >= 1_990 and < 9_990, "The population's end is in the years from 1990 to 9989.");
        Proxy.Validate();
    }

    /// <summary>The proxy beside the people.</summary>
    internal ProxyPopulationOptions Proxy => new() { Seed = Seed, Until = Until, Requests = Requests, Days = Days };

    internal long Pairs => (long)Users * (Users - 1) / 2;

    private static void Check(bool isRight, string sentence)
    {
        if (!isRight)
        {
            throw new NexusDataException(NexusDataErrorKind.Validation, sentence);
        }
    }
}
