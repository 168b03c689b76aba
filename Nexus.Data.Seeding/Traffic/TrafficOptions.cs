namespace Nexus.Data.Seeding.Traffic;

/// <summary>
/// How much traffic of which kind. Rates are chances from 0 to 1: of a turn where nothing else is said, and of a
/// kind of which there is then some more or less, not an exact share. The same options give the same bytes.
/// </summary>
public sealed record TrafficOptions
{
    /// <summary>Where the random numbers begin.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>The time of the first request, taken to UTC and to whole milliseconds.</summary>
    public DateTimeOffset Start { get; init; } = new(2025, 9, 1, 8, 0, 0, TimeSpan.Zero);

    /// <summary>How many trains share the traffic, 1 to 1,000.</summary>
    public int Trains { get; init; } = 5;

    /// <summary>The most turns of a session, 1 to 1,000. Most sessions have far fewer.</summary>
    public int MaxTurns { get; init; } = 60;

    /// <summary>
    /// How many conversations go on at a time, 1 to 100,000, sub-agents and forks not counted. Memory grows with
    /// this number, not with the number of requests; the time that a log spans shrinks with it.
    /// </summary>
    public int OpenConversations { get; init; } = 20;

    /// <summary>
    /// The longest that a person takes for the next turn, 1 second to 7 days. What clients do by themselves, such as
    /// to try again or to start a sub-agent, stays a matter of seconds.
    /// </summary>
    public TimeSpan LongestPause { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// The size that bodies have on average, at least 768 bytes; null for what the conversations come to (some
    /// 10 KB). Sessions have fewer turns where so many do not fit into bodies so small.
    /// </summary>
    public int? BodyBytes { get; init; }

    /// <summary>
    /// Whether each request has a millisecond of its own. If not, times are whole seconds that requests share; an
    /// answer still comes before the turn that follows it.
    /// </summary>
    public bool UniqueTimestamps { get; init; } = true;

    /// <summary>A second, different next turn from some point of the session.</summary>
    public double ForkRate { get; init; } = 0.05;

    /// <summary>An answer that asks for sub-agents.</summary>
    public double SubtaskRate { get; init; } = 0.05;

    /// <summary>Of answers that ask for sub-agents: the same prompt stands in them twice.</summary>
    public double EqualPromptsRate { get; init; } = 0.15;

    /// <summary>The context runs out after the turn: a summary, mostly followed by a continuation.</summary>
    public double ContinuationRate { get; init; } = 0.02;

    /// <summary>A call that fails, or whose answer gets lost, and that is sent again.</summary>
    public double RetryRate { get; init; } = 0.03;

    /// <summary>Of sessions: the system prompt begins with a billing line that changes each turn.</summary>
    public double NonceRate { get; init; } = 0.3;

    /// <summary>Of sessions: the system prompt tells the state of the repository.</summary>
    public double GitStatusRate { get; init; } = 0.3;

    /// <summary>A reminder in the newest message, which later bodies keep or leave out.</summary>
    public double ReminderRate { get; init; } = 0.15;

    /// <summary>A message of the role system behind the newest one, which later bodies keep or leave out.</summary>
    public double SystemMessageRate { get; init; } = 0.05;

    /// <summary>An answer with thinking in it.</summary>
    public double ThinkingRate { get; init; } = 0.2;

    /// <summary>An answer that uses tools.</summary>
    public double ToolRate { get; init; } = 0.35;

    /// <summary>A request that the log does not hold, though later bodies hold what was said in it.</summary>
    public double LostRate { get; init; } = 0.02;

    /// <summary>A request that is stored late, or whose answer is.</summary>
    public double LateRate { get; init; } = 0.02;

    /// <summary>A call that ends without an answer.</summary>
    public double BrokenOffRate { get; init; } = 0.02;

    /// <summary>Another system prompt from this turn on.</summary>
    public double SystemChangedRate { get; init; } = 0.03;

    /// <summary>Of new conversations: a second begins with the same words soon after, and gets other answers.</summary>
    public double SameOpeningRate { get; init; } = 0.08;

    /// <summary>Of new conversations: the client asks a small model about their first message.</summary>
    public double HelperRate { get; init; } = 0.08;

    /// <summary>The client counts the tokens of the turn before it sends it.</summary>
    public double TokenCountRate { get; init; } = 0.02;

    /// <summary>The client checks its quota.</summary>
    public double QuotaRate { get; init; } = 0.01;

    internal void Validate()
    {
        CheckRange(Trains, 1, 1_000, nameof(Trains));
        CheckRange(MaxTurns, 1, 1_000, nameof(MaxTurns));
        CheckRange(OpenConversations, 1, 100_000, nameof(OpenConversations));
        ArgumentOutOfRangeException.ThrowIfLessThan(LongestPause, TimeSpan.FromSeconds(1), nameof(LongestPause));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(LongestPause, TimeSpan.FromDays(7), nameof(LongestPause));
        CheckRange(BodyBytes ?? 768, 768, 64 << 20, nameof(BodyBytes));
        CheckRate(ForkRate, nameof(ForkRate));
        CheckRate(SubtaskRate, nameof(SubtaskRate));
        CheckRate(EqualPromptsRate, nameof(EqualPromptsRate));
        CheckRate(ContinuationRate, nameof(ContinuationRate));
        CheckRate(RetryRate, nameof(RetryRate));
        CheckRate(NonceRate, nameof(NonceRate));
        CheckRate(GitStatusRate, nameof(GitStatusRate));
        CheckRate(ReminderRate, nameof(ReminderRate));
        CheckRate(SystemMessageRate, nameof(SystemMessageRate));
        CheckRate(ThinkingRate, nameof(ThinkingRate));
        CheckRate(ToolRate, nameof(ToolRate));
        CheckRate(LostRate, nameof(LostRate));
        CheckRate(LateRate, nameof(LateRate));
        CheckRate(BrokenOffRate, nameof(BrokenOffRate));
        CheckRate(SystemChangedRate, nameof(SystemChangedRate));
        CheckRate(SameOpeningRate, nameof(SameOpeningRate));
        CheckRate(HelperRate, nameof(HelperRate));
        CheckRate(TokenCountRate, nameof(TokenCountRate));
        CheckRate(QuotaRate, nameof(QuotaRate));
    }

    private static void CheckRange(int value, int least, int most, string name)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(value, least, name);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value, most, name);
    }

    private static void CheckRate(double rate, string name)
    {
        if (rate is not (>= 0 and <= 1))
        {
            throw new ArgumentOutOfRangeException(name, rate, "A rate is a chance from 0 to 1.");
        }
    }
}
