using System.Text;
using Nexus.Data.Conversations.Browsing;

namespace Nexus.Data.Tool;

/// <summary>Prints a request, and how two differ.</summary>
internal static class RequestWriter
{
    private const int LongestMessage = 2_000;

    public static async Task<int> WriteAsync(VerbRun run, RequestDetails details)
    {
        var request = details.Request;
        var exitCode = await run.ShowAsync(
            ForPrograms(run, details),
            ("request", $"{request.RequestId}"),
            ("conversation", details.ConversationId is { } conversation ? $"{conversation}, branch {request.BranchId}" : "none"),
            ("train", request.TrainId),
            ("time", request.Timestamp.Text()),
            ("link", RequestText.Link(request.LinkKind, request.LinkDistance)),
            ("parent", $"{request.ParentRequestId}"),
            ("repeats", $"{request.RetryOfRequestId}"),
            ("sub-task of", $"{request.ParentTaskRequestId}"),
            ("call", $"{details.Method} {details.Path}"),
            ("model", request.Model),
            ("account", request.AccountId),
            ("type", request.RequestType),
            ("status", $"{request.ResponseStatus}"),
            ("error", request.Error),
            ("took", RequestText.Length(RequestText.Duration(request))),
            ("tokens", RequestText.Tokens(request) is null
                ? null
                : $"{request.InputTokens ?? 0:N0} input, {request.OutputTokens ?? 0:N0} output, "
                    + $"{request.CacheCreationInputTokens ?? 0:N0} into the cache, {request.CacheReadInputTokens ?? 0:N0} from it"),
            ("messages", $"{request.MessageCount:N0}"),
            ("body", details.BodyIsGone ? "pruned" : null),
            ("pieces", details.ChunkCount > 0 ? $"{details.ChunkCount:N0}" : null));
        if (!run.IsJson)
        {
            await WriteAsync(run, "New messages", details.NewMessages);
            if (details.ResponseBody is { } answer)
            {
                await run.Host.Output.WriteLineAsync();
                await WriteBlockAsync(run, "Answer:", Encoding.UTF8.GetString(answer.Span));
            }
        }

        return exitCode;
    }

    public static async Task<int> WriteAsync(VerbRun run, RequestDiff diff)
    {
        var exitCode = await run.ShowAsync(
            ForPrograms(run, diff),
            ("first", Named(diff.FirstRequestId, diff.FirstBodyIsGone)),
            ("second", Named(diff.SecondRequestId, diff.SecondBodyIsGone)),
            ("in common", $"{diff.CommonMessages:N0} messages at the beginning"),
            ("system", diff.IsSameSystem ? "the same" : "another one"),
            ("tools more", string.Join(", ", diff.ToolsAdded)),
            ("tools less", string.Join(", ", diff.ToolsRemoved)),
            ("tools else", string.Join(", ", diff.ToolsChanged)));
        if (run.IsJson)
        {
            return exitCode;
        }

        if (diff.Parameters.Count > 0)
        {
            await run.Host.Output.WriteLineAsync();
            TextTable.Write(
                run.Host, ["parameter", "first", "second"],
                diff.Parameters.Select(parameter => (Cell[])
                [
                    parameter.Name, TerminalText.Line(parameter.First ?? "(none)", 80), TerminalText.Line(parameter.Second ?? "(none)", 80),
                ]));
        }

        await WriteAsync(run, "Only in the first", diff.OnlyFirst);
        await WriteAsync(run, "Only in the second", diff.OnlySecond);
        return exitCode;
    }

    private static async Task WriteAsync(VerbRun run, string title, IReadOnlyList<HistoryMessage> messages)
    {
        await run.Host.Output.WriteLineAsync();
        await run.Host.Output.WriteLineAsync($"{title}: {(messages.Count == 0 ? "none." : $"{messages.Count:N0}.")}");
        foreach (var message in messages)
        {
            await WriteBlockAsync(
                run, $"{message.Index}. {message.Role ?? "?"}", message.Text ?? Encoding.UTF8.GetString(message.Content.Span));
        }
    }

    // Moved to the right, so that no text can pass for a line of ours.
    private static async Task WriteBlockAsync(VerbRun run, string title, string text)
    {
        const int indent = 4;
        var shown = text.Length > LongestMessage
            ? $"{text[..LongestMessage]}…\n({text.Length - LongestMessage:N0} characters more; --json has all.)"
            : text;
        await run.Host.Output.WriteLineAsync(TerminalText.Line(title));
        await run.Host.Output.WriteLineAsync(new string(' ', indent) + TerminalText.Block(shown, indent));
    }

    private static string Named(Guid request, bool isGone) => isGone ? $"{request}, whose body was pruned" : $"{request}";

    private static object ForPrograms(VerbRun run, RequestDetails details) => new
    {
        Database = run.Target.Place,
        details.Request,
        details.ConversationId,
        details.Method,
        details.Path,
        Headers = JsonOutput.Parsed(details.Headers),
        ResponseHeaders = JsonOutput.Parsed(details.ResponseHeaders),
        details.ApiKeyId,
        details.IpAddress,
        details.ResponseStreaming,
        UsageData = JsonOutput.Parsed(details.UsageData),
        Body = JsonOutput.Parsed(details.Body),
        ResponseBody = JsonOutput.Parsed(details.ResponseBody),
        details.BodyIsGone,
        details.ChunkCount,
        NewMessages = details.NewMessages.Select(ForPrograms),
    };

    private static object ForPrograms(VerbRun run, RequestDiff diff) => new
    {
        Database = run.Target.Place,
        diff.FirstRequestId,
        diff.SecondRequestId,
        diff.FirstBodyIsGone,
        diff.SecondBodyIsGone,
        diff.CommonMessages,
        OnlyFirst = diff.OnlyFirst.Select(ForPrograms),
        OnlySecond = diff.OnlySecond.Select(ForPrograms),
        diff.IsSameSystem,
        diff.FirstSystem,
        diff.SecondSystem,
        diff.ToolsAdded,
        diff.ToolsRemoved,
        diff.ToolsChanged,
        Parameters = diff.Parameters.Select(parameter => new
        {
            parameter.Name,
            First = JsonOutput.Parsed(parameter.First),
            Second = JsonOutput.Parsed(parameter.Second),
        }),
    };

    private static object ForPrograms(HistoryMessage message) => new
    {
        message.Index,
        message.Role,
        Content = JsonOutput.Parsed(message.Content),
        message.Text,
    };
}
