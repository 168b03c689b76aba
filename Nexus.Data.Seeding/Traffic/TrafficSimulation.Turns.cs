using System.Text;

namespace Nexus.Data.Seeding.Traffic;

internal sealed partial class TrafficSimulation
{
    private static readonly string[] _failures = ["overloaded_error", "api_error", "rate_limit_error"];

    private TrafficRequest? TakeTurn(ClientSession session)
    {
        session.History.ForgetPassing();
        if (!session.IsFork && session.History.MarkCount > 0 && _random.Chance(_options.ForkRate))
        {
            OpenFork(session, _random.Below(session.History.MarkCount), _now);
        }

        var features = session.Upcoming;
        session.Upcoming = TrafficFeatures.None;
        if (session.Turn > 0 && _random.Chance(_options.SystemChangedRate))
        {
            features |= TrafficFeatures.SystemChanged;
            session.System = NewSystem(
                session.System.IsBlocks, session.System.HasNonce, session.System.HasGitStatus);
        }

        session.Turn++;
        var start = session.History.Length;
        var room = (session.ExchangeBytes * ((2L * session.Turn) - 1) / 2) - start;
        features |= _composer.AppendQuestion(
            session, (int)Math.Clamp(room - 40, 24, Math.Max(24, session.ExchangeBytes)));
        var turn = Ready(session, session.System, start, features);
        return Dispatch(session, turn);
    }

    private TrafficRequest? AskForSummary(ClientSession session)
    {
        session.History.ForgetPassing();
        var start = session.History.Length;
        MessageComposer.AppendSummaryQuestion(session);
        var turn = Ready(session, SystemPrompt.Summarizer, start, session.Upcoming | TrafficFeatures.Summary);
        session.Upcoming = TrafficFeatures.None;
        return Send(session, turn);
    }

    private ReadyTurn Ready(ClientSession session, SystemPrompt system, int start, TrafficFeatures features)
    {
        var body = BuildBody(session, system, session.Model);
        session.History.Sent();
        features |= (system.HasNonce ? TrafficFeatures.Nonce : 0)
            | (system.HasGitStatus ? TrafficFeatures.GitStatus : 0);
        return new ReadyTurn(body, start, session.NewestStored, features);
    }

    /// <summary>What a client does beside its turns: counts tokens before, asks quota and helper meanwhile.</summary>
    private TrafficRequest? Dispatch(ClientSession session, ReadyTurn turn)
    {
        if (_random.Chance(_options.QuotaRate))
        {
            At(_now + _random.Between(1, 5_000), () => CheckQuota(session));
        }

        if (turn.Features.HasFlag(TrafficFeatures.Opening) && _random.Chance(_options.HelperRate))
        {
            session.HasPlainOpening = true;
            var body = BuildBody(session, SystemPrompt.Helper, _models[2]);
            At(_now + _random.Between(1, 400), () => AskHelper(session, body));
        }

        if (!_random.Chance(_options.TokenCountRate))
        {
            return Send(session, turn);
        }

        At(_now + _random.Between(20, 200), () => Send(session, turn));
        return CountTokens(session, turn.Body);
    }

    private TrafficRequest? Send(ClientSession session, ReadyTurn turn)
    {
        turn = turn with { Attempts = turn.Attempts + 1 };
        var isPlain = session.HasPlainOpening && session.IsAtOpening;
        if (isPlain || turn.Attempts > 3)
        {
            return Answered(session, turn, mayBeLate: !isPlain);
        }

        if (turn.Attempts == 1 && !turn.IsSummary && session.Turn > 2 && _random.Chance(_options.LostRate))
        {
            return Lose(session, turn);
        }

        if (turn.Attempts == 1 && !turn.IsSummary && _random.Chance(_options.BrokenOffRate))
        {
            return BreakOff(session, turn);
        }

        if (_random.Chance(turn.Attempts == 1 ? _options.RetryRate : _options.RetryRate / 2))
        {
            return session.Turn > 1 && !turn.IsSummary && _random.Chance(0.3)
                ? AnswerUnheard(session, turn)
                : Fail(session, turn);
        }

        return Answered(session, turn, mayBeLate: turn.Attempts == 1);
    }

    private TrafficRequest Answered(ClientSession session, ReadyTurn turn, bool mayBeLate)
    {
        if (turn.IsSummary)
        {
            return Summarized(session, turn, mayBeLate);
        }

        var mayGoOn = session.TurnsLeft > 1;
        var mayAsk = mayGoOn && !session.IsFork && session.Depth < MaxDepth;
        var answer = _composer.ComposeAnswer(AnswerLength(session), mayGoOn, mayAsk);
        var request = NewAnswered(session, turn, answer, mayBeLate);
        var completed = request.CompletedAt!.Value.ToUnixTimeMilliseconds();
        Accept(session, turn, answer, request.RequestId, completed);
        return request;
    }

    private void Accept(ClientSession session, ReadyTurn turn, Answer answer, Guid? stored, long completed)
    {
        if (stored is not null)
        {
            session.NewestStored = stored;
        }
        else
        {
            session.Upcoming |= TrafficFeatures.AfterLost;
        }

        session.TurnsLeft--;
        MessageComposer.AppendAnswer(session, answer);
        session.OpenTools.AddRange(answer.ToolIds);
        if (answer.ToolIds.Count == 0)
        {
            session.History.AddMark(session.Turn, session.NewestStored);
        }

        if (answer.Prompts.Count > 0)
        {
            OpenSubtasks(session, answer, stored!.Value, completed);
        }
        else
        {
            GoOn(session, completed);
        }
    }

    private void GoOn(ClientSession session, long time)
    {
        var next = time + _random.Between(100, session.Depth > 0 ? 3_000 : _longestPause);
        if (session.OpenTools.Count == 0 && session is { Depth: 0, Turn: > 1 }
            && _random.Chance(_options.ContinuationRate))
        {
            At(next, () => AskForSummary(session));
        }
        else if (session.TurnsLeft > 0)
        {
            At(next, () => TakeTurn(session));
        }
        else
        {
            End(session, time);
        }
    }

    private TrafficRequest Summarized(ClientSession session, ReadyTurn turn, bool mayBeLate)
    {
        var length = _options.BodyBytes is { } size ? Math.Clamp(size / 6, 24, 2_400) : _random.Between(60, 2_600);
        var summary = _composer.ComposeSummary(length);
        var request = NewAnswered(session, turn, _composer.SummaryAnswer(summary), mayBeLate);
        var completed = request.CompletedAt!.Value.ToUnixTimeMilliseconds();
        session.History.TakeBackTo(turn.HistoryStart);
        if (session.TurnsLeft > 0 && _random.Chance(0.2))
        {
            // Only asked for: the session goes on as if nothing had been.
            At(completed + _random.Between(100, 30_000), () => TakeTurn(session));
            return request;
        }

        session.History = new ClientHistory();
        session.Turn = 0;
        session.Summary = summary;
        session.NewestStored = request.RequestId;
        Plan(session, _random.Between(1, Math.Min(10, _options.MaxTurns)));
        At(completed + _random.Between(100, 30_000), () => TakeTurn(session));
        return request;
    }

    /// <summary>The client gets its answer, the log gets nothing.</summary>
    private TrafficRequest? Lose(ClientSession session, ReadyTurn turn)
    {
        var answer = _composer.ComposeAnswer(AnswerLength(session), session.TurnsLeft > 1, mayAsk: false);
        session.Upcoming |= turn.Features &
            (TrafficFeatures.Fork | TrafficFeatures.AfterLost | TrafficFeatures.SystemChanged);
        Accept(session, turn, answer, stored: null, _now + _random.Between(300, 5_000));
        return null;
    }

    private TrafficRequest BreakOff(ClientSession session, ReadyTurn turn)
    {
        var request = NewRequest(session, turn, TrafficFeatures.BrokenOff);
        var next = _now + _random.Between(2_000, 60_000);
        if (session.IsAtOpening && session.UserId is null)
        {
            // Without a session's name nobody could tell that the same words came from the same client.
            End(session, next);
            return request;
        }

        if (session.IsAtOpening || _random.Chance(0.4))
        {
            SendAgain(session, turn, request, next);
            return request;
        }

        session.NewestStored = request.RequestId;
        session.TurnsLeft--;
        session.Upcoming |= TrafficFeatures.AfterBrokenOff;
        if (_random.Chance(0.6))
        {
            _composer.AppendWordsForAnswer(session);
        }

        GoOn(session, next);
        return request;
    }

    private TrafficRequest Fail(ClientSession session, ReadyTurn turn)
    {
        var status = _random.Pick<int>([529, 500, 429]);
        var kind = _failures[status switch { 529 => 0, 500 => 1, _ => 2 }];
        var completed = _now + _random.Between(50, 8_000);
        var body = $$$"""{"type":"error","error":{"type":"{{{kind}}}","message":"Please try again"}}""";
        var request = NewRequest(session, turn, TrafficFeatures.Failed) with
        {
            ResponseStatus = status,
            ResponseBody = Encoding.ASCII.GetBytes(body),
            Error = $"{kind}: Please try again",
            CompletedAt = DateTimeOffset.FromUnixTimeMilliseconds(completed),
            AnswerStoreAt = DateTimeOffset.FromUnixTimeMilliseconds(completed),
        };
        SendAgain(session, turn, request, completed + _random.Between(200, 30_000));
        return request;
    }

    /// <summary>The answer is recorded but its client never saw it, and asks again.</summary>
    private TrafficRequest AnswerUnheard(ClientSession session, ReadyTurn turn)
    {
        var answer = _composer.ComposeAnswer(AnswerLength(session), mayUseTools: false, mayAsk: false);
        var request = NewAnswered(session, turn, answer, mayBeLate: false);
        var completed = request.CompletedAt!.Value.ToUnixTimeMilliseconds();
        if (_random.Chance(0.3))
        {
            // Another window of the client did see it, and goes on from there.
            var end = session.History.Length;
            MessageComposer.AppendAnswer(session, answer);
            session.History.AddMark(session.Turn, request.RequestId);
            OpenFork(session, session.History.MarkCount - 1, completed);
            session.History.TakeBackTo(end);
        }

        SendAgain(session, turn, request, completed + 1_000);
        return request;
    }

    private void SendAgain(ClientSession session, ReadyTurn turn, TrafficRequest request, long time)
    {
        var again = turn with { FirstAttempt = turn.FirstAttempt ?? request.RequestId };
        At(time, () => Send(session, again));
    }

    private TrafficRequest AskHelper(ClientSession session, byte[] body)
    {
        var turn = new ReadyTurn(body, 0, null, TrafficFeatures.Helper);
        var answer = _composer.ComposeAnswer(40, mayUseTools: false, mayAsk: false);
        return NewAnswered(session, turn, answer, mayBeLate: false) with
        {
            Model = _models[2],
            RequestType = "query_evaluation",
            ConversationKey = ++_conversations,
        };
    }

    private TrafficRequest CountTokens(ClientSession session, byte[] body)
    {
        var tokens = body.Length / 4;
        return NewAside(session, body, "token_count", $$"""{"input_tokens":{{tokens}}}""") with
        {
            Path = "/v1/messages/count_tokens",
            InputTokens = tokens,
            Features = TrafficFeatures.TokenCount,
        };
    }

    private TrafficRequest CheckQuota(ClientSession session)
    {
        var body = Encoding.ASCII.GetBytes(
            $$"""{"model":"{{_models[2]}}","max_tokens":1,"messages":[{"role":"user","content":"quota"}]}""");
        return NewAside(session, body, "quota", """{"type":"message","role":"assistant","content":[]}""") with
        {
            Model = _models[2],
            Features = TrafficFeatures.Quota,
        };
    }

    private int AnswerLength(ClientSession session) =>
        Math.Max(session.ExchangeBytes / 2 * _random.Between(60, 140) / 100, 24);
}
