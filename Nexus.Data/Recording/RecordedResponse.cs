namespace Nexus.Data.Recording;

/// <summary>The end of a call: its answer, or what became of it instead.</summary>
public sealed record RecordedResponse
{
    /// <summary>The HTTP status; null where none arrived.</summary>
    public int? Status { get; init; }

    /// <summary>The headers as they came. A name may come more than once.</summary>
    public IEnumerable<KeyValuePair<string, string>> Headers { get; init; } = [];

    /// <summary>The body as it came: JSON, the events of a stream as they went over the wire, or a text, which is stored as
    /// a JSON string. Null where there is none, or where its pieces were appended: then it is rebuilt from them. It is
    /// copied.</summary>
    public ReadOnlyMemory<byte>? Body { get; init; }

    /// <summary>Whether the answer was streamed; null for what body and pieces show.</summary>
    public bool? IsStreamed { get; init; }

    /// <summary>When the answer was complete; null for now.</summary>
    public DateTimeOffset? CompletedAt { get; init; }

    /// <summary>Milliseconds from the call to the end of its answer; null for the time between the two.</summary>
    public int? DurationMs { get; init; }

    /// <summary>Milliseconds from the call to the first piece of its answer; null for what the pieces show.</summary>
    public int? FirstTokenMs { get; init; }

    /// <summary>What went wrong, in words; null where nothing did, or where the body tells.</summary>
    public string? Error { get; init; }
}
