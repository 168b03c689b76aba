namespace Nexus.Data.Seeding.Traffic;

/// <summary>
/// Many clients at once: a queue of what each does next, by time. This part opens and ends sessions;
/// <c>.Turns</c> holds what happens to a turn, <c>.Rows</c> writes it.
/// </summary>
internal sealed partial class TrafficSimulation
{
    private const int MaxDepth = 2;

    private static readonly string[] _models = SeedModels.Names;

    private readonly PriorityQueue<Func<TrafficRequest?>, (long Time, long Order)> _steps = new();
    private readonly TrafficOptions _options;
    private readonly TrafficRandom _random;
    private readonly MessageComposer _composer;
    private readonly long _start;
    private readonly int _longestPause;
    private long _now;
    private long _steppedTo;
    private long _order;
    private int _conversations;
    private long _requests;
    private long _bodyBytes;

    public TrafficSimulation(TrafficOptions options)
    {
        _options = options;
        _random = new TrafficRandom(options.Seed);
        _composer = new MessageComposer(options, _random);
        _start = options.Start.ToUnixTimeMilliseconds();
        _longestPause = (int)options.LongestPause.TotalMilliseconds;
        _steppedTo = _start - 1;
    }

    public IEnumerable<TrafficRequest> Run(int count)
    {
        for (var i = 0; i < _options.OpenConversations; i++)
        {
            // The first is at once, so that a log begins at its start.
            OpenConversation(_start + (i == 0 ? 0 : _random.Between(0, 60_000)));
        }

        while (count > 0)
        {
            _steps.TryDequeue(out var step, out var due);
            _now = _options.UniqueTimestamps ? Math.Max(due.Time, _steppedTo + 1) : due.Time;
            if (step!() is not { } request)
            {
                continue;
            }

            _steppedTo = _now;
            count--;
            yield return request;
        }
    }

    private void At(long time, Func<TrafficRequest?> step)
    {
        var due = _options.UniqueTimestamps ? time : (time + 999) / 1000 * 1000;
        _steps.Enqueue(step, (due, _order++));
    }

    private void OpenConversation(long time)
    {
        var session = NewSession(++_conversations, isMain: true);
        At(time, () => TakeTurn(session));
        if (!_random.Chance(_options.SameOpeningRate))
        {
            return;
        }

        // A second client with the same words: only its answers tell it from the first.
        var twin = new ClientSession
        {
            Conversation = ++_conversations,
            Train = session.Train,
            Model = session.Model,
            System = session.System,
            UserId = NewUserId(),
            Opening = session.Opening,
            HasPlainOpening = true,
            Streams = session.Streams,
            SendsBlocks = session.SendsBlocks,
            MarksCache = session.MarksCache,
            Thinking = session.Thinking,
            Upcoming = TrafficFeatures.Opening | TrafficFeatures.SameOpening,
        };
        session.HasPlainOpening = true;
        session.Upcoming |= TrafficFeatures.SameOpening;
        Plan(twin, _random.Between(2, Math.Max(2, Math.Min(_options.MaxTurns, 12))));
        At(time + _random.Between(1, 180_000), () => TakeTurn(twin));
    }

    private ClientSession NewSession(int conversation, bool isMain)
    {
        var isBlocks = _random.Chance(0.6);
        var session = new ClientSession
        {
            Conversation = conversation,
            Train = $"train-{_random.Between(1, _options.Trains)}",
            Model = _random.Chance(0.7) ? _models[0] : _models[1],
            System = NewSystem(isBlocks, _random.Chance(_options.NonceRate), _random.Chance(_options.GitStatusRate)),
            UserId = _random.Chance(0.8) ? NewUserId() : null,
            IsMain = isMain,
            Streams = _random.Chance(0.4),
            SendsBlocks = _random.Chance(0.6),
            MarksCache = _random.Chance(0.5),
            Thinking = (ThinkingHabit)_random.Below(3),
            Opening = _composer.Sentence("Please look into case"u8, OpeningLength()),
            Upcoming = TrafficFeatures.Opening,
        };

        // Most sessions are short, a few long.
        var share = _random.Fraction();
        Plan(session, 1 + (int)(share * share * _options.MaxTurns));
        return session;
    }

    private int OpeningLength() =>
        _options.BodyBytes is { } size ? Math.Clamp(size / 8, 24, 2_000) : _random.Between(30, 600);

    private SystemPrompt NewSystem(bool isBlocks, bool hasNonce, bool hasGitStatus)
    {
        var start = _random.Below(3) switch
        {
            0 => "You are Claude Code, Anthropic's official CLI for Claude."u8,
            1 => "You are a careful engineer in project"u8,
            _ => "You plan the work of a team."u8,
        };
        return new SystemPrompt(_composer.SystemText(start, SystemLength()), hasNonce, hasGitStatus, isBlocks);
    }

    private int SystemLength() =>
        _options.BodyBytes is { } size ? Math.Clamp(size / 10, 40, 1_500) : _random.Between(150, 1_200);

    private byte[] NewUserId()
    {
        var id = new ByteBuffer(64).Append("user_"u8).Append(_random.Below(1_000_000)).Append("_session_"u8);
        return id.Append(_composer.NextSerial()).ToArray();
    }

    /// <summary>Chooses turns and sizes so that the session's bodies have the wanted size on average.</summary>
    private void Plan(ClientSession session, int turns)
    {
        session.TurnsLeft = Math.Clamp(turns, 1, _options.MaxTurns);
        if (_options.BodyBytes is not { } size)
        {
            var share = _random.Fraction();
            session.ExchangeBytes = 300 + (int)(share * share * 1_700);
            return;
        }

        // Sessions that the log's end cuts short, forks and helpers would pull the average away.
        var correction = Math.Clamp((double)size * (_requests + 50) / (_bodyBytes + (50.0 * size)), 0.6, 1.6);
        var aim = (int)(size * (0.6 + (_random.Fraction() * 0.8)) * correction);
        var frame = 200 + session.System.Text.Length + (session.System.HasNonce ? 130 : 0)
            + (session.System.HasGitStatus ? 100 : 0) + (session.UserId?.Length ?? 0);
        var room = Math.Max(aim - frame, 150);
        session.TurnsLeft = Math.Clamp(session.TurnsLeft, 1, Math.Max(1, room * 2 / 280));
        session.ExchangeBytes = room * 2 / session.TurnsLeft;
    }

    private void OpenSubtasks(ClientSession asker, Answer answer, Guid asked, long time)
    {
        asker.OpenSubtasks = answer.Prompts.Count;
        for (var i = 0; i < answer.Prompts.Count; i++)
        {
            var prompt = answer.Prompts[i];
            var isEqual = answer.Prompts.Count(other => ReferenceEquals(other, prompt)) > 1;
            var system = _composer.SystemText(
                "You are an agent for Claude Code, Anthropic's official CLI for Claude."u8, SystemLength());
            var agent = new ClientSession
            {
                Conversation = asker.Conversation,
                Train = asker.Train,
                Model = isEqual || _random.Chance(0.5) ? asker.Model : _models[2],
                System = asker.System with { Text = system },
                UserId = asker.UserId,
                Depth = asker.Depth + 1,
                Streams = asker.Streams,
                SendsBlocks = isEqual || _random.Chance(0.7),
                MarksCache = asker.MarksCache,
                Thinking = asker.Thinking,
                Opening = prompt,
                HasPlainOpening = isEqual,
                NewestStored = asked,
                Asker = asker,
                Upcoming = TrafficFeatures.Subtask | (isEqual ? TrafficFeatures.EqualPrompts : 0),
            };
            Plan(agent, _random.Between(1, Math.Min(6, _options.MaxTurns)));
            At(time + _random.Between(50, 3_000), () => TakeTurn(agent));
        }
    }

    private void OpenFork(ClientSession source, int mark, long time)
    {
        var (history, turn, newest) = source.History.CopyTo(mark);
        var fork = new ClientSession
        {
            Conversation = source.Conversation,
            Train = source.Train,
            Model = source.Model,
            System = source.System,
            UserId = source.UserId,
            History = history,
            Depth = source.Depth,
            IsFork = true,
            Streams = source.Streams,
            SendsBlocks = source.SendsBlocks,
            MarksCache = source.MarksCache,
            Thinking = source.Thinking,
            Turn = turn,
            TurnsLeft = _random.Between(1, 6),
            ExchangeBytes = source.ExchangeBytes,
            NewestStored = newest,
            Upcoming = TrafficFeatures.Fork,
        };
        At(time + _random.Between(1, 20_000), () => TakeTurn(fork));
    }

    /// <summary>The session takes no more turns: whoever waited for it goes on.</summary>
    private void End(ClientSession session, long time)
    {
        if (session.IsMain)
        {
            OpenConversation(time + _random.Between(100, 30_000));
        }
        else if (session.Asker is { } asker && --asker.OpenSubtasks == 0)
        {
            At(time + _random.Between(50, 2_000), () => TakeTurn(asker));
        }
    }
}
