namespace Nexus.Data.Seeding.Bench;

/// <summary>How often queries are timed, and how long they may take.</summary>
public sealed record BenchOptions
{
    /// <summary>How often each query is asked and timed, 20 to 100,000.</summary>
    public int Iterations { get; init; } = 200;

    /// <summary>How often each is asked before, untimed: connections, caches and plans are warm then. 0 to 100,000.</summary>
    public int WarmUp { get; init; } = 50;

    /// <summary>How long 95 of 100 queries of a timeline, or searches in it, may take at most.</summary>
    public TimeSpan TimelineLimit { get; init; } = TimeSpan.FromMilliseconds(10);

    /// <summary>How long 95 of 100 look-ups of people may take at most.</summary>
    public TimeSpan LookUpLimit { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary>How long 95 of 100 questions who is in which chat may take at most.</summary>
    public TimeSpan MembershipLimit { get; init; } = TimeSpan.FromMilliseconds(10);

    /// <exception cref="NexusDataException">An option is out of range (validation).</exception>
    internal void Validate()
    {
        if (Iterations is < 20 or > 100_000)
        {
            throw Invalid("Queries are timed 20 to 100,000 times: of fewer no share of 95 % can be told.");
        }

        if (WarmUp is < 0 or > 100_000)
        {
            throw Invalid("Queries are asked 0 to 100,000 times before they are timed.");
        }

        if (TimelineLimit <= TimeSpan.Zero || LookUpLimit <= TimeSpan.Zero || MembershipLimit <= TimeSpan.Zero)
        {
            throw Invalid("A limit is longer than nothing.");
        }
    }

    private static NexusDataException Invalid(string sentence) => new(NexusDataErrorKind.Validation, sentence);
}
