namespace Nexus.Data.Conversations.Browsing;

/// <summary>A request with all that is stored of it, secrets masked as they were when it was stored.</summary>
public sealed record RequestDetails
{
    /// <summary>Where it stands, and its figures.</summary>
    public required ConversationNode Request { get; init; }

    /// <summary>Its conversation; null where it is in none.</summary>
    public Guid? ConversationId { get; init; }

    /// <summary>The HTTP method, in capitals.</summary>
    public required string Method { get; init; }

    /// <summary>The path that was called, without host.</summary>
    public required string Path { get; init; }

    /// <summary>The request's headers as a JSON object.</summary>
    public required string Headers { get; init; }

    /// <summary>The answer's headers as a JSON object; null while there are none.</summary>
    public string? ResponseHeaders { get; init; }

    /// <summary>The API key that was used, by an identifier of the proxy's; never the key.</summary>
    public string? ApiKeyId { get; init; }

    /// <summary>The caller's address; null where it was not kept.</summary>
    public string? IpAddress { get; init; }

    /// <summary>Whether the answer was streamed; null where nobody said.</summary>
    public bool? ResponseStreaming { get; init; }

    /// <summary>The provider's own account of the usage, as JSON.</summary>
    public string? UsageData { get; init; }

    /// <summary>The body as UTF-8 JSON; null where there is none, or none any more.</summary>
    public ReadOnlyMemory<byte>? Body { get; init; }

    /// <summary>The answer's body as UTF-8 JSON; null while there is none, or where it is not there any more.</summary>
    public ReadOnlyMemory<byte>? ResponseBody { get; init; }

    /// <summary>Whether it had a body that was pruned.</summary>
    public required bool BodyIsGone { get; init; }

    /// <summary>Events of a streamed answer that are stored.</summary>
    public required int ChunkCount { get; init; }

    /// <summary>
    /// The messages that neither its parent had nor its parent's answer was: what was done since. All where it has no parent, or
    /// the parent's body is not there; none where its own is not.
    /// </summary>
    public required IReadOnlyList<HistoryMessage> NewMessages { get; init; }
}
