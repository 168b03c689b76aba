using System.Text.Json;
using Nexus.Data.Analyses;
using Spectre.Console;

namespace Nexus.Data.Tool;

/// <summary>Prints analyses for people, and whole ones for programs.</summary>
internal static class AnalysisWriter
{
    private const int MaxErrorLength = 80;

    private static readonly JsonSerializerOptions _deep = new() { MaxDepth = 900 };

    public static async Task WriteAsync(
        ToolHost host, TargetDatabase target, IReadOnlyList<AnalysisSummary> analyses, bool hasMore)
    {
        if (analyses.Count == 0)
        {
            await host.Output.WriteLineAsync($"There is none in {target.Place}.");
            return;
        }

        var table = Table(host);
        table.AddColumn(new TableColumn("id").RightAligned());
        table.AddColumns("status", "train", "conversation", "branch");
        table.AddColumn(new TableColumn("retries").RightAligned());
        table.AddColumns("changed", "worker or error");
        foreach (var analysis in analyses)
        {
            table.AddRow(
                $"{analysis.Id}", $"[{Colour(analysis)}]{Status(analysis)}[/]", (analysis.TrainId ?? "").EscapeMarkup(),
                $"{analysis.ConversationId}", analysis.BranchId.EscapeMarkup(), $"{analysis.RetryCount}",
                Time(analysis.UpdatedAt), Line(analysis.Worker ?? analysis.Error).EscapeMarkup());
        }

        host.CreateConsole().Write(table);
        if (hasMore)
        {
            await host.Output.WriteLineAsync($"There may be more: --before {analyses[^1].Id}.");
        }
    }

    public static async Task WriteAsync(ToolHost host, AnalysisDetails analysis)
    {
        var summary = analysis.Summary;
        foreach (var (name, value) in (ReadOnlySpan<(string, string?)>)
        [
            ("analysis", $"{summary.Id}, {Status(summary)}"),
            ("conversation", $"{summary.ConversationId}, branch {summary.BranchId}"),
            ("train", summary.TrainId),
            ("ordered", Time(summary.CreatedAt)),
            ("changed", Time(summary.UpdatedAt)),
            ("due", summary.Status == ConversationAnalysisStatus.Pending ? Time(summary.DueAt) : null),
            ("worker", summary.Worker is null ? null : $"{summary.Worker}, until {Time(summary.LeaseExpiresAt)}"),
            ("ended", summary.CompletedAt is null ? null : Time(summary.CompletedAt)),
            ("retries", $"{summary.RetryCount}"),
            ("model", analysis.Model),
            ("tokens", analysis.PromptTokens is null ? null : $"{analysis.PromptTokens:N0} and {analysis.CompletionTokens:N0}"),
            ("took", analysis.ProcessingDurationMs is null ? null : $"{analysis.ProcessingDurationMs:N0} ms"),
            ("question", analysis.CustomPrompt),
            ("errors", analysis.Errors),
        ])
        {
            if (value is not null)
            {
                host.Output.WriteLine($"{name,-13} {value}");
            }
        }

        if (analysis.Content is { } content)
        {
            await host.Output.WriteLineAsync();
            await host.Output.WriteLineAsync(content);
        }
    }

    public static Task WriteJsonAsync(ToolHost host, TargetDatabase target, AnalysisDetails analysis)
        => JsonOutput.WriteAsync(host, new
        {
            Database = target.Place,
            Analysis = analysis.Summary,
            analysis.CustomPrompt,
            analysis.Model,
            analysis.Content,
            Data = Parsed(analysis.Data),
            RawResponse = Parsed(analysis.RawResponse),
            Errors = Parsed(analysis.Errors),
            analysis.PromptTokens,
            analysis.CompletionTokens,
            analysis.ProcessingDurationMs,
            analysis.GeneratedAt,
        });

    public static async Task WriteAsync(
        ToolHost host, TargetDatabase target, IReadOnlyList<AnalysisRetry> retries, bool isDryRun)
    {
        foreach (var (id, outcome) in retries)
        {
            await host.Output.WriteLineAsync($"{id,10} {outcome switch
            {
                AnalysisRetryOutcome.Restarted => isDryRun ? "would be tried again" : "is tried again",
                AnalysisRetryOutcome.NotNeeded => "has neither failed nor is it stuck",
                _ => "is not there",
            }}");
        }

        var count = retries.Count(retry => retry.Outcome == AnalysisRetryOutcome.Restarted);
        await host.Output.WriteLineAsync(
            $"In {target.Place} {count:N0} analyses {(isDryRun ? "would be tried again" : "are tried again")}.");
    }

    public static void Write(ToolHost host, AnalysisCounts counts)
    {
        var table = Table(host);
        table.AddColumn("status");
        table.AddColumn(new TableColumn("analyses").RightAligned());
        table.AddColumn("");
        table.AddRow(
            "pending", $"{counts.Pending:N0}",
            counts.OldestDue is { } due ? $"{counts.Due:N0} due, since {Time(due)}" : $"{counts.Due:N0} due");
        table.AddRow("processing", $"{counts.Processing:N0}", $"{counts.Stuck:N0} stuck");
        table.AddRow("completed", $"{counts.Completed:N0}", "");
        table.AddRow("failed", $"{counts.Failed:N0}", "");
        host.CreateConsole().Write(table);
    }

    /// <summary>Who is at the tool, for the audit log.</summary>
    public static string UserContext(ToolHost host)
        => JsonSerializer.Serialize(new { program = "nexus-data", user = host.Environment("USER") ?? host.Environment("USERNAME") });

    private static Table Table(ToolHost host) => new Table().Border(host.IsTerminal ? TableBorder.Rounded : TableBorder.None);

    private static string Status(AnalysisSummary analysis)
        => analysis.IsStuck ? "stuck" : JsonOutput.Word(analysis.Status);

    private static string Colour(AnalysisSummary analysis) => analysis switch
    {
        { IsStuck: true } => "yellow",
        { Status: ConversationAnalysisStatus.Failed } => "red",
        { Status: ConversationAnalysisStatus.Completed } => "green",
        _ => "default",
    };

    private static string Time(DateTimeOffset? time) => $"{time?.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z";

    private static string Line(string? text)
    {
        // A terminal would obey what stands in somebody else's error.
        var line = string.Concat((text ?? "").Select(character => char.IsControl(character) ? ' ' : character));
        return line.Length <= MaxErrorLength ? line : $"{line[..(MaxErrorLength - 1)]}…";
    }

    // As JSON where it is such: rows of the original hold any text.
    private static object? Parsed(string? json)
    {
        if (json is null)
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize<JsonElement>(json, _deep);
        }
        catch (JsonException)
        {
            return json;
        }
    }
}
