namespace Nexus.Data.Persistence;

/// <summary>Times as the database keeps them.</summary>
internal static class StoredTime
{
    /// <summary>The same time in UTC and in whole microseconds.</summary>
    public static DateTimeOffset Of(DateTimeOffset time)
        => time.ToUniversalTime().AddTicks(-(time.Ticks % TimeSpan.TicksPerMicrosecond));
}
