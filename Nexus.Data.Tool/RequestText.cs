using System.Globalization;
using Nexus.Data.Conversations;
using Nexus.Data.Conversations.Browsing;

namespace Nexus.Data.Tool;

/// <summary>Requests in a few words.</summary>
internal static class RequestText
{
    private const int LongestError = 80;

    /// <summary>How a request came to its place.</summary>
    public static string Link(LinkKind? kind, int? distance)
        => (kind is { } known ? JsonOutput.Word(known).Replace('_', ' ') : "linked by another program")
            + (distance > 1 ? string.Create(CultureInfo.InvariantCulture, $" over {distance} answers") : "");

    /// <summary>Tokens of all four kinds; null where nobody counted any.</summary>
    public static long? Tokens(ConversationNode request)
    {
        int?[] kinds =
            [request.InputTokens, request.OutputTokens, request.CacheCreationInputTokens, request.CacheReadInputTokens];
        return Array.TrueForAll(kinds, kind => kind is null) ? null : kinds.Sum(kind => (long)(kind ?? 0));
    }

    /// <summary>So many of something that has a plural with s.</summary>
    public static string Count(int count, string of) => count == 1 ? $"1 {of}" : $"{count:N0} {of}s";

    /// <summary>A time of a few seconds or many days; null for none.</summary>
    public static string? Length(TimeSpan? time) => time switch
    {
        null => null,
        { TotalMilliseconds: < 1000 } instant => $"{instant.TotalMilliseconds:0} ms",
        { TotalSeconds: < 60 } seconds => $"{seconds.TotalSeconds:0.0} s",
        { TotalHours: < 1 } minutes => $"{minutes.Minutes} min {minutes.Seconds} s",
        { TotalDays: < 1 } hours => $"{hours.Hours} h {hours.Minutes} min",
        { } days => $"{days.Days:N0} d {days.Hours} h",
    };

    /// <summary>The time to the end of its answer; null where nobody measured it.</summary>
    public static TimeSpan? Duration(ConversationNode request)
        => request.DurationMs is { } milliseconds ? TimeSpan.FromMilliseconds(Math.Max(0, milliseconds))
            : request.CompletedAt is { } end && end >= request.Timestamp ? end - request.Timestamp
            : null;

    /// <summary>What went wrong; null where nothing did.</summary>
    public static string? Failure(ConversationNode request)
        => !request.HasFailed ? null
            : TerminalText.Line(
                string.Join(": ", new[] { $"{request.ResponseStatus}", request.Error }.Where(part => !string.IsNullOrEmpty(part))),
                LongestError);
}
