namespace Nexus.Data.Seeding.Populations;

/// <summary>What a small population is stored with.</summary>
public sealed record SmallPopulationOptions
{
    /// <summary>The seed of its proxy that nothing else is said of.</summary>
    public const int DefaultSeed = 0;

    private const int MostRequests = Days * ProxyPopulationOptions.LeastOfDay;

    /// <summary>Over how many days its requests come at most.</summary>
    internal const int Days = 100;

    /// <summary>The population's own time, not in the future. Null for that of the rows that are there, and for now where there are
    /// none. Requests keep the time for which they were made first.</summary>
    public DateTimeOffset? At { get; init; }

    /// <summary>How many requests of a proxy, with its trains, accounts, members and keys; 0 to 20,000, and with 0 no proxy at all.
    /// </summary>
    public int Requests { get; init; }

    /// <summary>Where the random numbers of the proxy begin.</summary>
    public int Seed { get; init; } = DefaultSeed;

    /// <exception cref="NexusDataException">An option is out of range (validation).</exception>
    internal void Validate(DateTimeOffset now)
    {
        if (At > now)
        {
            throw new NexusDataException(NexusDataErrorKind.Validation, "The population's time must not be in the future.");
        }

        if (Requests is < 0 or > MostRequests)
        {
            throw new NexusDataException(
                NexusDataErrorKind.Validation,
                FormattableString.Invariant($"A small population has 0 to {MostRequests:N0} requests: take a large one for more."));
        }
    }
}
