using System.Globalization;
using System.Text;
using System.Text.Unicode;
using Microsoft.Extensions.Options;
using Nexus.Data.Conversations.Hashing;
using Nexus.Data.Masking;
using Nexus.Data.Persistence;
using Nexus.Data.Recording.Answers;
using Nexus.Data.Requests;

namespace Nexus.Data.Recording;

/// <summary>
/// The one way in: masks, keeps the bytes, parses. What comes out of here may go to a disk or a database; what went in may
/// not.
/// </summary>
internal sealed class RequestIntake(SecretMasker masker, IOptions<RecordingOptions> options, TimeProvider time)
{
    private const int MaxPathLength = 1024;

    private bool KeepsOriginal => options.Value.KeepOriginalBody;

    /// <summary>Takes a call in.</summary>
    /// <exception cref="NexusDataException">It cannot be stored; the message says what of it is wrong.</exception>
    public RequestWrite Take(RecordedRequest recorded)
    {
        ArgumentNullException.ThrowIfNull(recorded);
        var trainId = Checked(recorded.TrainId, 255, "train")!;
        var body = recorded.Body is { } came ? masker.MaskJson(trainId, came) : null;
        var row = new ApiRequest
        {
            RequestId = recorded.RequestId != Guid.Empty ? recorded.RequestId
                : throw Invalid("The request's identifier is empty; give each call a UUID of its own."),
            TrainId = trainId.Length > 0 ? trainId : throw Invalid("The train is empty; name the train the call is for."),
            Timestamp = StoredTime.Of(recorded.Timestamp ?? time.GetUtcNow()),
            Method = Checked(recorded.Method, 10, "method")!,
            Path = Shortened(Clean(masker.MaskPath(trainId, recorded.Path))),
            Headers = Json(masker.MaskHeaders(trainId, recorded.Headers), "headers"),
            RequestType = Checked(recorded.RequestType, 50, "request type")
                ?? RequestTypes.Of(recorded.Path, recorded.Body is { } bytes ? bytes.Span : []),
            AccountId = Checked(recorded.AccountId, 255, "account"),
            ApiKeyId = Checked(recorded.ApiKeyId, 50, "API key's identifier"),
            IpAddress = Checked(recorded.IpAddress, 45, "address"),
        };
        if (body is not null)
        {
            SetBody(row, recorded.Body!.Value, body, KeepsOriginal);
        }

        return new(row, recorded.Timestamp is not null);
    }

    /// <summary>Sets a body that was masked. Other programs know the hashes of what came; linking goes by what is
    /// stored.</summary>
    /// <exception cref="NexusDataException">It is no JSON; nothing was set.</exception>
    public static void SetBody(ApiRequest row, ReadOnlyMemory<byte> came, MaskedJson masked, bool keepsOriginal)
    {
        row.SetBody(masked.Json, keepsOriginal);
        if (masked.IsChanged)
        {
            row.Hashes = RequestHasher.Hash(row.GetBody()!.Value.Span).WithCompatibleOf(RequestHasher.Hash(came.Span));
        }
    }

    /// <summary>Takes the end of a call in.</summary>
    /// <exception cref="NexusDataException">The body cannot be stored; the message says why.</exception>
    public AnswerWrite Take(string trainId, Guid requestId, RecordedResponse recorded)
    {
        ArgumentNullException.ThrowIfNull(recorded);
        var answer = Read(recorded);
        var body = answer.Json is { } json ? masker.MaskJson(trainId, json) : null;
        var stored = body is null ? default(StoredJson?)
            : StoredJson.Of(body.Json, "response body", KeepsOriginal && !answer.IsStreamed && !answer.IsText);
        var facts = body is null ? new() : AnswerFacts.Read(body.Json.Span);
        return new(requestId, trainId)
        {
            Status = recorded.Status,
            Headers = recorded.Headers.Any() ? Json(masker.MaskHeaders(trainId, recorded.Headers), "response headers") : null,
            Answer = stored is { } kept ? kept with { IsAltered = kept.IsAltered || answer.IsText } : null,
            Facts = facts,
            IsStreamed = recorded.IsStreamed ?? (answer.IsStreamed ? true : null),
            CompletedAt = StoredTime.Of(recorded.CompletedAt ?? time.GetUtcNow()),
            DurationMs = recorded.DurationMs,
            FirstTokenMs = recorded.FirstTokenMs,
            Error = (recorded.Error ?? answer.Error ?? facts.Error) is { } error
                ? Clean(masker.MaskText(trainId, error))
                : null,
        };
    }

    /// <summary>Takes pieces of an answer in. A secret that is split over them is masked; one that goes on in later pieces
    /// is masked when the answer is complete.</summary>
    public ChunksWrite Take(string trainId, Guid requestId, IEnumerable<StreamEvent> events)
    {
        ArgumentNullException.ThrowIfNull(events);

        // The caller's buffers are the caller's again when this returns.
        return new(requestId, trainId, Masked(trainId, [.. events.Select(item => item with { Data = item.Data.ToArray() })]));
    }

    /// <summary>Rebuilds an answer from all of its pieces.</summary>
    /// <param name="answer">What is known of the end of the call beside them.</param>
    /// <param name="sentAt">When the call was received.</param>
    /// <param name="events">The pieces, in their order.</param>
    public AnswerWrite Rebuild(AnswerWrite answer, DateTimeOffset sentAt, IReadOnlyList<StreamEvent> events)
    {
        var rebuilt = StreamedAnswer.Of(events);
        var body = rebuilt.Body is { } json ? masker.MaskJson(answer.TrainId, json) : null;
        return answer with
        {
            Answer = body is null || answer.IsDropped ? null : StoredJson.Of(body.Json, "response body"),
            Facts = body is null ? rebuilt.Facts : AnswerFacts.Read(body.Json.Span),
            IsStreamed = true,
            FirstTokenMs = answer.FirstTokenMs
                ?? (events.Count > 0 ? AnswerWrite.Milliseconds(events[0].Timestamp - sentAt) : null),
            Error = answer.Error
                ?? ((answer.IsDropped ? rebuilt.Error : ErrorOf(rebuilt)) is { } error
                    ? Clean(masker.MaskText(answer.TrainId, error))
                    : null),
        };
    }

    /// <summary>Masks what is split over pieces. Gives back the same pieces where nothing is.</summary>
    public IReadOnlyList<StreamEvent> Masked(string trainId, IReadOnlyList<StreamEvent> events)
        => StreamMask.Apply(masker, trainId, events);

    // JSON, the events of a stream, or any other text.
    private (ReadOnlyMemory<byte>? Json, bool IsStreamed, bool IsText, string? Error) Read(RecordedResponse recorded)
    {
        if (recorded.Body is not { IsEmpty: false } body)
        {
            return default;
        }

        if (recorded.IsStreamed is not false && ServerSentEvents.AreIn(body.Span))
        {
            var rebuilt = StreamedAnswer.Of(ServerSentEvents.Read(body.Span, recorded.CompletedAt ?? time.GetUtcNow()));
            if (rebuilt.Body is { } json)
            {
                return (json, true, false, ErrorOf(rebuilt));
            }
        }

        if (!Utf8.IsValid(body.Span))
        {
            throw Invalid("The response body is not UTF-8: give it as it was before it was compressed, or leave it out.");
        }

        return StoredJson.IsJson(body.Span) ? (body, false, false, null)
            : (StoredJson.OfText(Encoding.UTF8.GetString(body.Span)).Json, false, true, null);
    }

    // A stream that breaks off tells no error by itself.
    private static string? ErrorOf(StreamedAnswer rebuilt)
        => rebuilt.Error ?? (rebuilt.IsComplete ? null : "The stream ended before the answer was complete.");

    private static string Json(string json, string name) => StoredJson.TextOf(Encoding.UTF8.GetBytes(json), name);

    private static string? Checked(string? text, int most, string name)
        => text is null ? null
            : text.Length > most
                ? throw Invalid(string.Create(
                    CultureInfo.InvariantCulture, $"The {name} has {text.Length} characters; {most} can be stored."))
            : text.Contains('\0', StringComparison.Ordinal) ? throw Invalid($"The {name} holds U+0000.")
            : text;

    // What PostgreSQL's text cannot hold.
    private static string Clean(string text)
        => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)).Replace('\0', '\uFFFD');

    /// <summary>As much of a path as its column holds.</summary>
    public static string Shortened(string path)
        => path.Length <= MaxPathLength ? path : string.Concat(path.AsSpan(0, MaxPathLength - 1), "…");

    private static NexusDataException Invalid(string message) => new(NexusDataErrorKind.Validation, message);
}
