using Nexus.Data.Recording.Answers;
using Nexus.Data.Requests;

namespace Nexus.Data.Recording;

/// <summary>One thing that is to be written about a call: masked, checked, and in memory of its own. It can be written
/// again and again: what it holds is never tracked by a context.</summary>
internal abstract record CallWrite(Guid RequestId, string TrainId)
{
    /// <summary>The same without bodies; null where nothing is left then.</summary>
    public abstract CallWrite? WithoutPayload();

    /// <summary>What it is and of which call; never what it holds.</summary>
    public sealed override string ToString() => $"{GetType().Name} of {RequestId}";
}

/// <summary>The call itself.</summary>
/// <param name="Row">The row as it is to be; of it only copies are tracked.</param>
/// <param name="IsTimeGiven">Whether its time was told. Where it was not, the same call told again has another.</param>
internal sealed record RequestWrite(ApiRequest Row, bool IsTimeGiven) : CallWrite(Row.RequestId, Row.TrainId)
{
    public override CallWrite WithoutPayload()
    {
        var row = Row.Copy();
        row.FillInWhatBodyTells();
        row.DropBodies();
        return this with { Row = row };
    }
}

/// <summary>Pieces of its answer.</summary>
internal sealed record ChunksWrite(Guid RequestId, string TrainId, IReadOnlyList<StreamEvent> Events)
    : CallWrite(RequestId, TrainId)
{
    /// <summary>What tells of usage, errors and the end.</summary>
    public override CallWrite? WithoutPayload()
        => Events.Where(item => !StreamPieces.IsContent(item)).ToList() is { Count: > 0 } rest
            ? this with { Events = rest }
            : null;
}

/// <summary>Its end: an answer, a failure, or both.</summary>
internal sealed record AnswerWrite(Guid RequestId, string TrainId) : CallWrite(RequestId, TrainId)
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

    public override CallWrite WithoutPayload() => this with { Answer = null, IsDropped = true };

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
        row.TotalTokens = AnswerFacts.Total(Facts.InputTokens, Facts.OutputTokens);
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

    // Counts and names; what jsonb would refuse in them is replaced as in bodies.
    private static string? Text(byte[]? json)
        => json is null ? null : StoredJson.TextOf(json, "usage");
}
