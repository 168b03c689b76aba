using System.Text;
using Nexus.Data.Recording.Answers;
using Nexus.Data.Requests;

namespace Nexus.Data.Recording;

/// <summary>One thing that is to be written about a call: masked, checked, and in memory of its own. It can be written
/// again and again: what it holds is never tracked by a context.</summary>
internal abstract class CallWrite(Guid requestId, string trainId)
{
    public Guid RequestId { get; } = requestId;

    public string TrainId { get; } = trainId;

    /// <summary>The same without bodies; null where nothing is left then.</summary>
    public abstract CallWrite? WithoutPayload();
}

/// <summary>The call itself.</summary>
/// <param name="row">The row as it is to be; of it only copies are tracked.</param>
/// <param name="isTimeGiven">Whether its time was told. Where it was not, the same call told again has another.</param>
internal sealed class RequestWrite(ApiRequest row, bool isTimeGiven) : CallWrite(row.RequestId, row.TrainId)
{
    public ApiRequest Row { get; } = row;

    public bool IsTimeGiven { get; } = isTimeGiven;

    public override CallWrite WithoutPayload()
    {
        var row = Row.Copy();
        row.FillInWhatBodyTells();
        row.DropBodies();
        return new RequestWrite(row, IsTimeGiven);
    }
}

/// <summary>Pieces of its answer.</summary>
internal sealed class ChunksWrite(Guid requestId, string trainId, IReadOnlyList<StreamEvent> events)
    : CallWrite(requestId, trainId)
{
    public IReadOnlyList<StreamEvent> Events { get; } = events;

    /// <summary>What tells of usage, errors and the end.</summary>
    public override CallWrite? WithoutPayload()
        => Events.Where(item => !StreamPieces.IsContent(item)).ToList() is { Count: > 0 } rest
            ? new ChunksWrite(RequestId, TrainId, rest)
            : null;
}

/// <summary>Its end: an answer, a failure, or both.</summary>
internal sealed class AnswerWrite(Guid requestId, string trainId) : CallWrite(requestId, trainId)
{
    public int? Status { get; init; }

    public string? Headers { get; init; }

    /// <summary>Null where there is none, or where it is rebuilt from the pieces that were appended.</summary>
    public StoredJson? Answer { get; init; }

    /// <summary>Whether there was an answer, of which only the facts are kept.</summary>
    public bool IsDropped { get; init; }

    /// <summary>Whether the pieces that were appended tell more than is known here.</summary>
    public bool IsInPieces => Answer is null && Facts.UsageJson is null && Facts.InputTokens is null;

    public AnswerFacts Facts { get; init; } = new();

    public bool? IsStreamed { get; init; }

    public required DateTimeOffset CompletedAt { get; init; }

    public int? DurationMs { get; init; }

    public int? FirstTokenMs { get; init; }

    public string? Error { get; init; }

    public override CallWrite WithoutPayload()
        => new AnswerWrite(RequestId, TrainId)
        {
            IsDropped = true,
            Status = Status,
            Headers = Headers,
            Facts = Facts,
            IsStreamed = IsStreamed,
            CompletedAt = CompletedAt,
            DurationMs = DurationMs,
            FirstTokenMs = FirstTokenMs,
            Error = Error,
        };

    /// <summary>Writes it into a row that has no answer yet.</summary>
    public void ApplyTo(ApiRequest row)
    {
        row.ResponseStatus = Status;
        row.ResponseHeaders = Headers;
        row.ResponseStreaming = IsStreamed ?? false;
        if (Answer is { } body)
        {
            row.SetResponseBody(body);
        }

        row.InputTokens = Facts.InputTokens;
        row.OutputTokens = Facts.OutputTokens;
        row.CacheCreationInputTokens = Facts.CacheCreationInputTokens;
        row.CacheReadInputTokens = Facts.CacheReadInputTokens;
        row.TotalTokens = Sum(Facts.InputTokens, Facts.OutputTokens);
        row.UsageData = Text(Facts.UsageJson);
        row.ToolCallCount = Facts.ToolCallCount;
        row.TaskToolInvocation = Text(Facts.TaskInvocations);
        row.CompletedAt = CompletedAt;
        row.DurationMs = DurationMs ?? Milliseconds(CompletedAt - row.Timestamp);
        row.FirstTokenMs = FirstTokenMs;
        row.Error = Error;
    }

    /// <summary>Milliseconds as a column holds them: none below zero, where clocks differ.</summary>
    public static int Milliseconds(TimeSpan span) => (int)Math.Clamp(span.TotalMilliseconds, 0, int.MaxValue);

    // Unknown only where neither is known.
    private static int? Sum(int? first, int? second)
        => first is null && second is null ? null : (int)Math.Min((first ?? 0L) + (second ?? 0L), int.MaxValue);

    // Counts and names; what jsonb would refuse in them is replaced as in bodies.
    private static string? Text(byte[]? json)
        => json is null ? null : Encoding.UTF8.GetString(StoredJson.Of(json, "usage").Json);
}
