using Nexus.Data.Conversations;
using Nexus.Data.Conversations.Browsing;

namespace Nexus.Data.Tests.Tool.Pages;

/// <summary>Conversations to be drawn: plausible ones, with some rows as only other programs write them.</summary>
internal sealed class DrawnConversation
{
    public const string Hostile = "</title><script>alert('x')</script>\u0001\ud800\u202e&amp;\"'";

    public static readonly DateTimeOffset Start = new(2025, 9, 1, 8, 0, 0, TimeSpan.Zero);

    private readonly Random _random;
    private readonly List<ConversationNode> _nodes = [];
    private readonly Dictionary<string, ConversationNode> _ends = [];
    private DateTimeOffset _time = Start;

    private DrawnConversation(int seed) => _random = new(seed);

    /// <summary>A conversation with branches of all kinds, the same for the same seed.</summary>
    /// <param name="seed">Where the random numbers begin.</param>
    /// <param name="count">Its requests.</param>
    /// <param name="branching">The chance of a request to open a branch.</param>
    /// <param name="isOdd">Whether some rows hang together as the library never links them.</param>
    public static ConversationTree Random(int seed, int count, double branching = 0.12, bool isOdd = true)
    {
        var drawn = new DrawnConversation(seed);
        for (var number = 0; number < count; number++)
        {
            drawn.Add(number, branching, isOdd);
        }

        return Tree(drawn._nodes);
    }

    public static ConversationTree Tree(IEnumerable<ConversationNode> nodes)
        => new(
            new Guid(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11),
            [.. nodes.OrderBy(node => node.Timestamp).ThenBy(node => node.RequestId)], isCut: false);

    public static ConversationNode Node(int number, int? parent = null, double seconds = 0, string branch = "main") => new()
    {
        RequestId = Id(number),
        TrainId = "rail-club",
        ParentRequestId = parent is { } id ? Id(id) : null,
        BranchId = branch,
        Timestamp = Start.AddSeconds(seconds),
        LinkKind = parent is null ? LinkKind.Root : LinkKind.Exact,
    };

    public static Guid Id(int number) => new(number, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

    private void Add(int number, double branching, bool isOdd)
    {
        _time += _random.Next(12) switch
        {
            0 => TimeSpan.Zero,
            < 9 => TimeSpan.FromMilliseconds(_random.Next(20_000)),
            < 11 => TimeSpan.FromMinutes(_random.Next(30)),
            _ => TimeSpan.FromHours(_random.Next(20)),
        };
        var end = _ends.Count == 0 ? null : _ends.Values.ElementAt(_random.Next(3) == 0 ? _random.Next(_ends.Count) : _ends.Count - 1);
        var parent = end is not null && _random.NextDouble() < 0.05 ? _nodes[_random.Next(_nodes.Count)] : end;
        var (branch, kind) = Place(number, parent, branching);
        var isRetry = kind == LinkKind.Exact && _random.Next(20) == 0;
        var node = new ConversationNode
        {
            RequestId = Id(isOdd && _random.Next(10) == 0 ? -number - 1 : number + 1),
            TrainId = _random.Next(8) == 0 ? Hostile : "rail-club",
            ParentRequestId = isRetry ? parent!.ParentRequestId : parent?.RequestId,
            ParentTaskRequestId = kind == LinkKind.Subtask ? parent!.RequestId : null,
            RetryOfRequestId = isRetry ? parent!.RequestId : null,
            BranchId = isRetry ? parent!.BranchId : branch,
            LinkKind = isRetry ? LinkKind.Retry : kind,
            LinkDistance = parent is null ? null : _random.Next(15) == 0 ? 2 : 1,
            IsSubtask = branch.StartsWith("subtask_", StringComparison.Ordinal),
            Timestamp = _time,
            DurationMs = _random.Next(6) switch { 0 => null, 1 => 0, _ => _random.Next(30_000) },
            CompletedAt = _random.Next(3) == 0 ? _time.AddSeconds(_random.Next(-2, 20)) : null,
            Model = _random.Next(10) switch { 0 => null, 1 => Hostile, _ => $"model-{_random.Next(3)}" },
            AccountId = _random.Next(4) == 0 ? null : $"acc-{_random.Next(2)}",
            ResponseStatus = _random.Next(12) switch { 0 => 529, 1 => null, _ => 200 },
            Error = _random.Next(15) == 0 ? Hostile : null,
            InputTokens = Number(),
            OutputTokens = Number(),
            CacheReadInputTokens = Number(),
        };
        if (isOdd && _random.Next(25) == 0)
        {
            node = node with { ParentRequestId = _random.Next(2) == 0 ? Id(_random.Next(1, 2 * (number + 1))) : Id(int.MaxValue) };
        }

        _nodes.Add(node);
        _ends[node.BranchId] = node;
    }

    private (string Branch, LinkKind Kind) Place(int number, ConversationNode? parent, double branching)
        => parent is null ? ("main", LinkKind.Root)
            : _random.NextDouble() >= branching ? (parent.BranchId, LinkKind.Exact)
            : _random.Next(5) switch
            {
                0 => ($"branch_2025090108{number:0000}", LinkKind.Exact),
                1 => ($"compact_{number:000000}", LinkKind.Continuation),
                2 => (parent.BranchId, LinkKind.Summarization),
                _ => ($"subtask_{number}", LinkKind.Subtask),
            };

    private int? Number() => _random.Next(6) == 0 ? null : _random.Next(100_000);
}
