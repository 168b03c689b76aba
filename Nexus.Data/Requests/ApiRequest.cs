using Nexus.Data.Conversations;
using Nexus.Data.Conversations.Hashing;

namespace Nexus.Data.Requests;

/// <summary>One call that went through the proxy, with its answer, and where it stands in its conversation.</summary>
/// <remarks>
/// What nobody measured is null. The two bodies are set and read through <see cref="SetBody(ReadOnlyMemory{byte}, bool)"/>, <see cref="GetBody"/> and
/// their twins for the answer, never by the columns that hold them.
/// </remarks>
public sealed class ApiRequest
{
    /// <summary>The branch that a conversation starts on.</summary>
    public const string MainBranch = "main";

    /// <summary>The identifier that the proxy gave the call.</summary>
    public required Guid RequestId { get; init; }

    /// <summary>The train the call was for, by its slug. No foreign key: a request outlives its train.</summary>
    public required string TrainId { get; init; }

    /// <summary>When the proxy received the call, in UTC.</summary>
    public required DateTimeOffset Timestamp { get; init; }

    /// <summary>The HTTP method, in capitals.</summary>
    public required string Method { get; init; }

    /// <summary>The path that was called, without host.</summary>
    public required string Path { get; init; }

    /// <summary>The request's headers as a JSON object, secrets masked.</summary>
    public string Headers { get; init; } = "{}";

    /// <summary>The model that was asked for; null where the body names none.</summary>
    public string? Model { get; set; }

    /// <summary>What the call was: <c>inference</c>, <c>query_evaluation</c>, <c>quota</c>, <c>token_count</c> or a word of
    /// another program's; null where nobody said.</summary>
    public string? RequestType { get; set; }

    /// <summary>The account that paid, by its business key; null where it is unknown.</summary>
    public string? AccountId { get; set; }

    /// <summary>The API key that was used, by an identifier of the proxy's; never the key.</summary>
    public string? ApiKeyId { get; set; }

    /// <summary>The caller's address; null where it was not kept.</summary>
    public string? IpAddress { get; set; }

    /// <summary>The HTTP status of the answer; null while there is none.</summary>
    public int? ResponseStatus { get; set; }

    /// <summary>The answer's headers as a JSON object.</summary>
    public string? ResponseHeaders { get; set; }

    /// <summary>Whether the answer was streamed.</summary>
    public bool? ResponseStreaming { get; set; }

    /// <summary>Tokens read, without those from or for the cache.</summary>
    public int? InputTokens { get; set; }

    /// <summary>Tokens written.</summary>
    public int? OutputTokens { get; set; }

    /// <summary>Tokens that were put into the cache.</summary>
    public int? CacheCreationInputTokens { get; set; }

    /// <summary>Tokens that came from the cache.</summary>
    public int? CacheReadInputTokens { get; set; }

    /// <summary>Tokens read and written, without those from or for the cache; null where neither is known.</summary>
    public int? TotalTokens { get; set; }

    /// <summary>The provider's own account of the usage, as JSON.</summary>
    public string? UsageData { get; set; }

    /// <summary>Tool uses in the answer.</summary>
    public int? ToolCallCount { get; set; }

    /// <summary>Milliseconds from the call to the end of its answer.</summary>
    public int? DurationMs { get; set; }

    /// <summary>Milliseconds from the call to the first piece of a streamed answer; null where it was not measured.</summary>
    public int? FirstTokenMs { get; set; }

    /// <summary>When the answer was complete, or the call had failed, in UTC.</summary>
    public DateTimeOffset? CompletedAt { get; set; }

    /// <summary>What went wrong, in words; null where nothing did.</summary>
    public string? Error { get; set; }

    /// <summary>The answer's <c>Task</c> and <c>Agent</c> tool uses as a JSON array; null where there are none.</summary>
    public string? TaskToolInvocation { get; set; }

    /// <summary>When the row was written, in UTC; the database says.</summary>
    public DateTimeOffset? CreatedAt { get; private set; }

    /// <summary>The compatible hash of all messages: 64 lower-case hexadecimal digits; null until hashed.</summary>
    public string? CurrentMessageHash { get; internal set; }

    /// <summary>The compatible hash of the messages before the last exchange; null where there are too few.</summary>
    public string? ParentMessageHash { get; internal set; }

    /// <summary>The compatible hash of the system prompt; null where nothing is left of it.</summary>
    public string? SystemHash { get; internal set; }

    /// <summary>Messages in the body, all roles.</summary>
    public int? MessageCount { get; internal set; }

    /// <summary>The conversation; null until the request is linked.</summary>
    public Guid? ConversationId { get; internal set; }

    /// <summary>The branch inside the conversation.</summary>
    public string? BranchId { get; internal set; }

    /// <summary>The request that this one goes on from; null for the first of a conversation.</summary>
    public Guid? ParentRequestId { get; internal set; }

    /// <summary>The request whose answer started the sub-task that this one belongs to; null outside of sub-tasks.</summary>
    public Guid? ParentTaskRequestId { get; internal set; }

    /// <summary>Whether the request belongs to a sub-task.</summary>
    public bool? IsSubtask { get; internal set; }

    /// <summary>Our hash of the counted messages, 32 bytes; null until hashed, or where nothing counts.</summary>
    public byte[]? LinkHash { get; internal set; }

    /// <summary>The version of the rules that made the link hash; null until hashed.</summary>
    public short? LinkVersion { get; internal set; }

    /// <summary>Hash of the system prompt without its volatile parts, 32 bytes; null where there is none.</summary>
    public byte[]? StableSystemHash { get; internal set; }

    /// <summary>Hash of the counted messages with their answer, as the next turn repeats them, 32 bytes; null while there is
    /// none.</summary>
    public byte[]? AnswerHash { get; internal set; }

    /// <summary>Hash of the client's <c>metadata.user_id</c>, 16 bytes; null where the body has none.</summary>
    public byte[]? UserIdHash { get; internal set; }

    /// <summary>How the request was linked; null until it is.</summary>
    public LinkKind? LinkKind { get; internal set; }

    /// <summary>Answers between the parent and this request, at least 1; null where there is no parent by messages.</summary>
    public int? LinkDistance { get; internal set; }

    /// <summary>Requests that could have been the parent, counted to 100; null where none was looked for.</summary>
    public int? LinkCandidates { get; internal set; }

    /// <summary>The first request that this one repeats; null where it is no retry.</summary>
    public Guid? RetryOfRequestId { get; internal set; }

    /// <summary>Whether the request takes its parent's branch or a fork of it; null before linking.</summary>
    public bool? ClaimsBranch { get; internal set; }

    /// <summary>Why the request is stored without its place, to be linked later; null where it has its place.</summary>
    public string? UnlinkedBecause { get; internal set; }

    /// <summary>Whether a stored body differs from the one that came, because <c>jsonb</c> cannot hold it.</summary>
    public bool IsAltered { get; private set; }

    // What linking reads off the bodies beside the hashes, in the form of LinkVersion.
    internal byte[]? LinkFacts { get; set; }

    // What linking reads off the body; forgotten with it.
    internal RequestHashes? Hashes { get; set; }

    // Of the parent that linking chose and its retries, the first; null where it was not chosen here.
    internal Guid? FirstParent { get; set; }

    internal byte[]? Body { get; private set; }

    internal byte[]? BodyOriginal { get; private set; }

    internal byte[]? ResponseBody { get; private set; }

    internal byte[]? ResponseBodyOriginal { get; private set; }

    /// <summary>Whether the call failed: a status outside of 2xx, or an error.</summary>
    public bool HasFailed => Error is not null || ResponseStatus is < 200 or > 299;

    /// <summary>Whether there is an answer of any kind, a failure included.</summary>
    public bool HasAnswer => ResponseStatus is not null || Error is not null || ResponseBody is not null;

    /// <summary>When the outcome was known, in UTC; null while there is none.</summary>
    public DateTimeOffset? AnsweredAt
        => HasAnswer ? CompletedAt ?? Timestamp.AddMilliseconds(DurationMs ?? 0) : null;

    /// <summary>Sets the request's body. Saving is the caller's.</summary>
    /// <param name="utf8Json">One JSON value. What <c>jsonb</c> cannot hold of it is replaced and the bytes are kept.</param>
    /// <param name="keepOriginal">Whether the bytes are kept in any case, white space and key order included.</param>
    /// <exception cref="NexusDataException">The bytes are no JSON; nothing was set.</exception>
    public void SetBody(ReadOnlyMemory<byte> utf8Json, bool keepOriginal = false)
        => SetBody(StoredJson.Of(utf8Json, "body", keepOriginal));

    /// <summary>Sets the answer's body. Saving is the caller's.</summary>
    /// <param name="utf8Json">One JSON value. What <c>jsonb</c> cannot hold of it is replaced and the bytes are kept.</param>
    /// <param name="keepOriginal">Whether the bytes are kept in any case, white space and key order included.</param>
    /// <exception cref="NexusDataException">The bytes are no JSON; nothing was set.</exception>
    public void SetResponseBody(ReadOnlyMemory<byte> utf8Json, bool keepOriginal = false)
        => SetResponseBody(StoredJson.Of(utf8Json, "response_body", keepOriginal));

    /// <summary>The request's body as UTF-8 JSON: the bytes that came where they were kept, else the same value; null where
    /// there is none.</summary>
    public ReadOnlyMemory<byte>? GetBody() => Bytes(BodyOriginal ?? Body);

    /// <summary>The answer's body as UTF-8 JSON: the bytes that came where they were kept, else the same value; null while
    /// there is none.</summary>
    public ReadOnlyMemory<byte>? GetResponseBody() => Bytes(ResponseBodyOriginal ?? ResponseBody);

    internal void SetBody(in StoredJson stored)
    {
        (Body, BodyOriginal, Hashes) = (stored.Json, stored.Original, null);
        IsAltered |= stored.IsAltered;
    }

    internal void SetResponseBody(in StoredJson stored)
    {
        (ResponseBody, ResponseBodyOriginal) = (stored.Json, stored.Original);
        IsAltered |= stored.IsAltered;
    }

    /// <summary>Fills in what people filter and count by, also of what takes no part in conversations.</summary>
    internal void FillInWhatBodyTells()
    {
        if (MessageCount is null && GetBody() is { } body)
        {
            var hashes = Hashes ?? RequestHasher.HashLinks(body.Span);
            MessageCount = hashes.MessageCount;
            Model ??= hashes.Model is { Length: <= 100 } model ? model : null;
        }
    }

    /// <summary>Forgets the bodies, and with them that they were altered.</summary>
    internal void DropBodies()
        => (Body, BodyOriginal, ResponseBody, ResponseBodyOriginal, Hashes, IsAltered) = (null, null, null, null, null, false);

    /// <summary>The same call as a row of its own, which another context may track. The bodies are shared.</summary>
    internal ApiRequest Copy() => (ApiRequest)MemberwiseClone();

    /// <summary>Takes the request out of its place, to be linked anew.</summary>
    internal void Unlink()
    {
        ConversationId = null;
        BranchId = MainBranch;
        ParentRequestId = null;
        ParentTaskRequestId = null;
        IsSubtask = false;
        LinkKind = null;
        LinkDistance = null;
        LinkCandidates = null;
        RetryOfRequestId = null;
        ClaimsBranch = null;
        UnlinkedBecause = null;
        FirstParent = null;
    }

    // An array that is null would become an empty memory and not none.
    private static ReadOnlyMemory<byte>? Bytes(byte[]? bytes) => bytes is null ? default(ReadOnlyMemory<byte>?) : bytes;
}
