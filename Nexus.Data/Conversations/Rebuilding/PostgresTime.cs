using System.Globalization;

namespace Nexus.Data.Conversations.Rebuilding;

/// <summary>Times as PostgreSQL sends them: microseconds since the year 2000.</summary>
internal static class PostgresTime
{
    private static readonly DateTimeOffset _start = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static DateTimeOffset Of(long microseconds) => _start.AddTicks(microseconds * TimeSpan.TicksPerMicrosecond);

    public static long Length(TimeSpan time) => time.Ticks / TimeSpan.TicksPerMicrosecond;

    /// <summary>The time as a literal of SQL.</summary>
    public static string Literal(long microseconds)
        => string.Create(CultureInfo.InvariantCulture, $"'{Of(microseconds):yyyy-MM-dd HH:mm:ss.ffffff}+00'");
}
