using Nexus.Data.Conversations.Hashing;

namespace Nexus.Data.Recording.Answers;

/// <summary>A streamed answer, put together from its events to what the plain call would have given.</summary>
/// <remarks>
/// <para>
/// Events count in the order of their indexes, in whatever order they are given, and one of an index that was there
/// already not at all. Unknown events and pings say nothing. A second <c>message_start</c> begins the answer anew.
/// </para>
/// <para>
/// Text blocks that stayed empty are left out, which the plain answer does too. A tool's input that is no JSON, as where
/// the stream broke off, is <c>{"_raw":"…"}</c>. Usage is that of the start with each later one over it: the numbers are
/// cumulative, so the last one counts, and null says nothing.
/// </para>
/// </remarks>
public sealed class StreamedAnswer
{
    private StreamedAnswer(AnswerBuilder builder, int unreadableEvents)
    {
        var body = builder.Build();
        Body = builder.IsStarted ? body.Source : (ReadOnlyMemory<byte>?)null;
        Facts = AnswerFacts.Read(body) with { Error = builder.Error };
        IsComplete = builder.IsComplete;
        UnreadableEvents = unreadableEvents;
    }

    /// <summary>The answer as far as it came, as JSON in UTF-8; null where none began.</summary>
    public ReadOnlyMemory<byte>? Body { get; }

    /// <summary>What is read off the answer, <see cref="Error"/> included.</summary>
    public AnswerFacts Facts { get; }

    /// <summary>Whether the answer came to its end: it began, ended, and no error was told.</summary>
    public bool IsComplete { get; }

    /// <summary>The error that the provider told, as "type: message"; null for none.</summary>
    public string? Error => Facts.Error;

    /// <summary>Events that are no JSON and were passed over; OpenAI's <c>[DONE]</c> is none of them.</summary>
    public int UnreadableEvents { get; }

    /// <summary>Puts an answer together. Takes whatever events there are, and never throws for what is in them.</summary>
    /// <param name="events">The events, of which each is read once; no more than one answer's.</param>
    public static StreamedAnswer Of(IEnumerable<StreamEvent> events)
    {
        ArgumentNullException.ThrowIfNull(events);

        var builder = new AnswerBuilder();
        var unreadable = 0;
        foreach (var item in StreamEvent.InOrder(events))
        {
            if (JsonSlice.Read(item.Data) is { } json)
            {
                builder.Take(json);
            }
            else if (!item.Data.Span.Trim(" \t\r\n"u8).SequenceEqual("[DONE]"u8))
            {
                unreadable++;
            }
        }

        return new StreamedAnswer(builder, unreadable);
    }

    /// <summary>The output tokens that an event reports, all up to it; 0 where it reports none.</summary>
    public static int OutputTokensOf(StreamEvent item)
    {
        if (JsonSlice.Read(item.Data) is not { } json)
        {
            return 0;
        }

        var fields = json.Members();
        return TokenUsage.Of(fields["message"].Kind == JsonKind.Object ? fields["message"].Members() : fields).Output ?? 0;
    }
}
