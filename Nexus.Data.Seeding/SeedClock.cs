using Nexus.Data.Persistence;

namespace Nexus.Data.Seeding;

/// <summary>Times of rows that are made up.</summary>
internal static class SeedClock
{
    /// <summary>When fakers begin that are told nothing else.</summary>
    private static readonly DateTimeOffset _start = new(2025, 1, 1, 9, 0, 0, TimeSpan.Zero);

    /// <summary>The start that was given, else the usual one.</summary>
    public static DateTimeOffset Start(DateTimeOffset? start) => StoredTime.Of(start ?? _start);
}
