using System.Security.Cryptography;
using Nexus.Data.Conversations;
using Nexus.Data.Persistence;
using Nexus.Data.Requests;
using Nexus.Data.Seeding.Traffic;
using NpgsqlTypes;

namespace Nexus.Data.Benchmarks;

/// <summary>
/// What dashboards look at: requests of 60 days in the order of their times, linked, with accounts and tokens. Bodies of
/// 1 KB hold no long history, so that the shape is not theirs: they are those of generated traffic, in turn.
/// </summary>
/// <remarks>Some nine requests a conversation: half of these have four at most, and one in a hundred has ninety and more.
/// At one request in twelve a side branch begins, and half of all belongs to one train.</remarks>
internal sealed class DashboardTraffic
{
    public const int Days = 60;
    public const int Trains = 12;
    public const int Accounts = 5;
    private const int LongestConversation = 5_000;
    private const int Bodies = 500;

    private static readonly string[] _models =
        ["claude-opus-4-1-20250805", "claude-sonnet-4-20250514", "claude-sonnet-4-5-20250929", "claude-3-5-haiku-20241022"];

    private readonly Random _random = new(1);
    private readonly List<Row> _rows = [];
    private readonly List<TrafficRequest> _bodies;
    private readonly int _count;

    public DashboardTraffic(int count, int bodyBytes)
    {
        _count = count;
        _bodies = [.. new RequestTraffic(new() { Seed = 1, BodyBytes = bodyBytes }).Generate(Bodies)];
    }

    public static DateTimeOffset End { get; } = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);

    public static BenchDatabase.Column[] Columns { get; } =
    [
        new("account_id", NpgsqlDbType.Text, request => request.AccountId),
        new("input_tokens", NpgsqlDbType.Integer, request => request.InputTokens),
        new("output_tokens", NpgsqlDbType.Integer, request => request.OutputTokens),
        new("cache_creation_input_tokens", NpgsqlDbType.Integer, request => request.CacheCreationInputTokens),
        new("cache_read_input_tokens", NpgsqlDbType.Integer, request => request.CacheReadInputTokens),
        new("total_tokens", NpgsqlDbType.Integer, request => request.TotalTokens),
        new("tool_call_count", NpgsqlDbType.Integer, request => request.ToolCallCount),
        new("duration_ms", NpgsqlDbType.Integer, request => request.DurationMs),
        new("message_count", NpgsqlDbType.Integer, request => request.MessageCount),
        new("conversation_id", NpgsqlDbType.Uuid, request => request.ConversationId),
        new("branch_id", NpgsqlDbType.Text, request => request.BranchId),
        new("parent_request_id", NpgsqlDbType.Uuid, request => request.ParentRequestId),
        new("parent_task_request_id", NpgsqlDbType.Uuid, request => request.ParentTaskRequestId),
        new("is_subtask", NpgsqlDbType.Boolean, request => request.IsSubtask),
        new(
            "link_kind", NpgsqlDbType.Text,
            request => request.LinkKind is { } kind ? EnumText<LinkKind>.Word(kind) : null),
        new("link_distance", NpgsqlDbType.Integer, request => request.LinkDistance),
        new("claims_branch", NpgsqlDbType.Boolean, request => request.ClaimsBranch),
        new("link_hash", NpgsqlDbType.Bytea, request => request.LinkHash),
        new("link_version", NpgsqlDbType.Smallint, request => request.LinkVersion),
        new("current_message_hash", NpgsqlDbType.Text, request => request.CurrentMessageHash),
    ];

    public static string Train(int index) => $"train-{index % Trains}";

    /// <summary>Any but the largest, which is the first.</summary>
    public static string SmallTrain(int index) => Train(1 + (index % (Trains - 1)));

    public static string Account(int index) => $"acc-{index % Accounts}";

    public static string Model(int index) => _models[index % _models.Length];

    public IEnumerable<ApiRequest> Requests()
    {
        while (_rows.Count < _count)
        {
            Converse();
        }

        _rows.Sort((one, other) => one.At.CompareTo(other.At));
        return _rows.Take(_count).Select(ToRequest);
    }

    private void Converse()
    {
        // A train has an account of its own, and uses another now and then.
        var train = Chance(0.5) ? 0 : _random.Next(1, Trains);
        var start = End.AddDays(-Days * _random.NextDouble());
        var line = new Row
        {
            At = start,
            Train = train,
            Account = Chance(0.9) ? train : _random.Next(Accounts),
            Model = _random.Next(_models.Length - 1),
            ConversationId = NewId(),
            Branch = ApiRequest.MainBranch,
            Kind = LinkKind.Root,
            Messages = 1,
        };
        var (subtasks, left) = (0, Math.Min(LongestConversation, (int)(6 / Math.Pow(1 - _random.NextDouble(), 0.6)) - 5));
        while (left > 0 && line.At < End && _rows.Count < _count)
        {
            line = Add(line);
            left--;
            var at = line.At;
            if (left > 0 && Chance(0.08))
            {
                (at, var taken) = Branch(line, ref subtasks, Math.Min(left, _random.Next(1, 7)));
                left -= taken;
            }

            line = line.Next(at + Pause()) with
            {
                Model = Chance(0.01) ? _random.Next(_models.Length - 1) : line.Model,
                Account = Chance(0.005) ? _random.Next(Accounts) : line.Account,
            };
        }
    }

    // A few requests beside the line that they come from; it goes on behind them.
    private (DateTimeOffset At, int Count) Branch(Row line, ref int subtasks, int count)
    {
        var at = line.At + Pause();
        var side = line.Next(at);
        side = _random.Next(12) switch
        {
            < 5 => side with
            {
                Branch = BranchNames.Subtask(++subtasks),
                Kind = LinkKind.Subtask,
                TaskId = line.RequestId,
                Model = Chance(0.5) ? _models.Length - 1 : line.Model,
                Messages = 1,
            },
            < 10 => side with { Branch = BranchNames.Fork(at) },
            _ => side with { Branch = BranchNames.Continuation(at), Kind = LinkKind.Continuation, Messages = 1 },
        };
        for (var i = 0; i < count && side.At < End; i++)
        {
            at = side.At;
            side = Add(side).Next(at + Pause());
        }

        return (at, count);
    }

    private Row Add(Row row)
    {
        row = row with { RequestId = Guid.CreateVersion7(row.At) };
        _rows.Add(row);

        // Counts of tokens and checks of quotas are in no conversation.
        if (Chance(0.03))
        {
            _rows.Add(row with { RequestId = Guid.CreateVersion7(row.At), ConversationId = null });
        }

        return row;
    }

    private ApiRequest ToRequest(Row row, int index)
    {
        var (body, isFailed) = (_bodies[index % Bodies], Chance(0.01));
        var (input, output) = (_random.Next(10, 4_000), isFailed ? 0 : _random.Next(20, 2_000));
        var request = new ApiRequest
        {
            RequestId = row.RequestId,
            TrainId = Train(row.Train),
            Timestamp = row.At,
            Method = "POST",
            Path = body.Path,
            Model = Model(row.Model),
            RequestType = row.ConversationId is null ? "token_count" : "inference",
            AccountId = Account(row.Account),
            ResponseStatus = isFailed ? 529 : 200,
            CompletedAt = row.At.AddSeconds(4),
            Error = isFailed ? "overloaded" : null,
            InputTokens = input,
            OutputTokens = output,
            CacheCreationInputTokens = _random.Next(2_000),
            CacheReadInputTokens = _random.Next(100_000),
            TotalTokens = input + output,
            ToolCallCount = _random.Next(3),
            DurationMs = 4_000,
            MessageCount = row.Messages,
        };
        request.SetBody(body.Body);
        if (body.ResponseBody is { } answer)
        {
            request.SetResponseBody(answer);
        }

        return row.ConversationId is null ? request : Link(request, row);
    }

    private static ApiRequest Link(ApiRequest request, Row row)
    {
        var hash = SHA256.HashData(row.RequestId.ToByteArray());
        request.ConversationId = row.ConversationId;
        request.BranchId = row.Branch;
        request.ParentRequestId = row.ParentId;
        request.ParentTaskRequestId = row.TaskId;
        request.IsSubtask = row.TaskId is not null;
        request.LinkKind = row.Kind;
        request.LinkDistance = row.ParentId is null ? null : 1;
        request.ClaimsBranch = row.Kind == LinkKind.Exact;
        request.LinkHash = hash;
        request.LinkVersion = 1;
        request.CurrentMessageHash = Convert.ToHexStringLower(hash);
        return request;
    }

    // Most go on within two minutes, some hours later.
    private TimeSpan Pause()
        => Chance(0.02)
            ? TimeSpan.FromHours(8 * _random.NextDouble())
            : TimeSpan.FromMilliseconds(_random.Next(2_000, 120_000));

    private bool Chance(double rate) => _random.NextDouble() < rate;

    private Guid NewId()
    {
        Span<byte> bytes = stackalloc byte[16];
        _random.NextBytes(bytes);
        return new(bytes);
    }

    private sealed record Row
    {
        public Guid RequestId { get; init; }

        public required DateTimeOffset At { get; init; }

        public required int Train { get; init; }

        public required int Account { get; init; }

        public required int Model { get; init; }

        public required Guid? ConversationId { get; init; }

        public required string Branch { get; init; }

        public Guid? ParentId { get; init; }

        public Guid? TaskId { get; init; }

        public required LinkKind Kind { get; init; }

        public required int Messages { get; init; }

        public Row Next(DateTimeOffset at)
            => this with { At = at, ParentId = RequestId, Kind = LinkKind.Exact, Messages = Messages + 2 };
    }
}
