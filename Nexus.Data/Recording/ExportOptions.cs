namespace Nexus.Data.Recording;

/// <summary>Which requests are exported. What is not set leaves nothing out.</summary>
public sealed class ExportOptions
{
    /// <summary>The train; null for all.</summary>
    public string? TrainId { get; set; }

    /// <summary>The conversation, in all its branches; null for all, and for requests that have none.</summary>
    public Guid? ConversationId { get; set; }

    /// <summary>The earliest time of a request; null for the beginning.</summary>
    public DateTimeOffset? Since { get; set; }

    /// <summary>Told after each line; null for nobody.</summary>
    public IProgress<ExportReport>? Progress { get; set; }
}

/// <summary>What was exported, up to now or in all.</summary>
/// <param name="Requests">Requests, which is lines.</param>
/// <param name="Chunks">Events of streamed answers in them.</param>
/// <param name="Bytes">Bytes of the log.</param>
public readonly record struct ExportReport(long Requests, long Chunks, long Bytes);
