namespace Nexus.Data.Tests.Fixtures;

/// <summary>How much a slow test does: a sample as a rule, all of it with NEXUS_FULL_TESTS=1.</summary>
internal static class TestScale
{
    public static bool IsFull { get; } = Environment.GetEnvironmentVariable("NEXUS_FULL_TESTS") == "1";

    public static int Of(int sample, int full) => IsFull ? full : sample;
}
