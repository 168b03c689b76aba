using System.ComponentModel.DataAnnotations;
using Nexus.Data.Seeding.Populations;

namespace Nexus.Data.Seeding.Hosting;

/// <summary>What a host is populated with when it starts. Checked then.</summary>
public sealed class NexusTestDataOptions
{
    /// <summary>Where the random numbers of the proxy begin.</summary>
    public int Seed { get; set; } = SmallPopulationOptions.DefaultSeed;

    /// <summary>The population's own time, not in the future. Null for that of the rows that are there, and for the time of the first
    /// start where there are none.</summary>
    public DateTimeOffset? At { get; set; }

    /// <summary>How many requests of a proxy, with its trains, accounts, members and keys; with 0 no proxy at all.</summary>
    [Range(0, 20_000)]
    public int Requests { get; set; } = 200;
}
