namespace Nexus.Data.Seeding.Populations;

/// <summary>How much there is of a proxy that is made up. The same options give the same rows everywhere.</summary>
public sealed record ProxyPopulationOptions
{
    /// <summary>How many requests come on a day, at least: only what that many days hold is spread over more.</summary>
    internal const int LeastOfDay = 200;

    private const int MostRequests = 10_000_000;
    private const int MostOfDay = 200_000;

    /// <summary>Where the random numbers begin. Slugs and names end with it: several seeds can live in one database.</summary>
    public int Seed { get; init; }

    /// <summary>The time before which everything happened, taken to UTC.</summary>
    public required DateTimeOffset Until { get; init; }

    /// <summary>How many requests, exactly; 0 to 10,000,000, and 200,000 a day at most.</summary>
    public required int Requests { get; init; }

    /// <summary>Over how many days before the end they came at most, 1 to 3,650. A day has 200 of them and more, the first one what is
    /// left.</summary>
    public int Days { get; init; } = 100;

    /// <summary>How many trains share them, 1 to 100. Each has two accounts, four members and two API keys; a train
    /// that is the only one has one account.</summary>
    public int Trains { get; init; } = 5;

    /// <summary>How many requests a day has, but the first.</summary>
    internal int OfDay => Math.Max(LeastOfDay, (int)((Requests + (long)Days - 1) / Days));

    /// <exception cref="NexusDataException">An option is out of range (validation).</exception>
    internal void Validate()
    {
        Check(Requests is >= 0 and <= MostRequests, "A population has 0 to 10,000,000 requests.");
        Check(Days is >= 1 and <= 3_650, "Requests come over 1 to 3,650 days.");
        Check(OfDay <= MostOfDay, FormattableString.Invariant($"A day takes {MostOfDay:N0} requests: take more days or fewer requests."));
        Check(Trains is >= 1 and <= 100, "A population has 1 to 100 trains.");
        Check(Until.UtcDateTime.Year is >= 1_990 and < 9_990, "The population's end is in the years from 1990 to 9989.");
    }

    private static void Check(bool isRight, string sentence)
    {
        if (!isRight)
        {
            throw new NexusDataException(NexusDataErrorKind.Validation, sentence);
        }
    }
}
