namespace Nexus.Data.Recording;

/// <summary>A call as the proxy received it. Nothing of it needs to be masked before: recording does.</summary>
public sealed record RecordedRequest
{
    /// <summary>The call's identifier, given by the proxy. The same one again with the same content changes nothing.</summary>
    public required Guid RequestId { get; init; }

    /// <summary>The train the call is for, by its slug, at most 255 characters.</summary>
    public required string TrainId { get; init; }

    /// <summary>When the proxy received the call; null for now. Microseconds are kept.</summary>
    public DateTimeOffset? Timestamp { get; init; }

    /// <summary>The HTTP method, at most 10 characters.</summary>
    public string Method { get; init; } = "POST";

    /// <summary>The path without host, with its query if there is one. Of a longer one the first 1,024 characters are
    /// kept.</summary>
    public string Path { get; init; } = "/v1/messages";

    /// <summary>The headers as they came. A name may come more than once.</summary>
    public IEnumerable<KeyValuePair<string, string>> Headers { get; init; } = [];

    /// <summary>The body as UTF-8 JSON, as it came; null where the call has none. It is copied.</summary>
    public ReadOnlyMemory<byte>? Body { get; init; }

    /// <summary>The account that pays, by its business key, at most 255 characters; null where it is unknown.</summary>
    public string? AccountId { get; init; }

    /// <summary>The API key that was used, by an identifier of at most 50 characters; never the key.</summary>
    public string? ApiKeyId { get; init; }

    /// <summary>The caller's address, at most 45 characters; null where it is not kept.</summary>
    public string? IpAddress { get; init; }

    /// <summary>What the call is, at most 50 characters; null for what its path and body tell: see
    /// <see cref="RequestTypes"/>.</summary>
    public string? RequestType { get; init; }
}
