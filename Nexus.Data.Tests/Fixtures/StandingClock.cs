namespace Nexus.Data.Tests.Fixtures;

/// <summary>A clock that stands.</summary>
internal sealed class StandingClock(DateTimeOffset now) : TimeProvider
{
    public override DateTimeOffset GetUtcNow() => now;
}
