using Nexus.Data.Analyses;

namespace Nexus.Data.Tool;

/// <summary>Prints analyses.</summary>
internal static class AnalysisWriter
{
    private const int MaxErrorLength = 80;

    public static async Task WriteAsync(VerbRun run, IReadOnlyList<AnalysisSummary> analyses, bool hasMore)
    {
        await run.ListAsync(
            "analyses", analyses, $"There is none in {run.Target.Place}.",
            [new("id", IsNumber: true), "status", "train", "conversation", "branch", new("retries", IsNumber: true), "changed", "worker or error"],
            analysis =>
            [
                $"{analysis.Id}", new(Status(analysis), Colour(analysis)), analysis.TrainId, $"{analysis.ConversationId}",
                analysis.BranchId, $"{analysis.RetryCount}", analysis.UpdatedAt.Text(),
                TerminalText.Line(analysis.Worker ?? analysis.Error, MaxErrorLength),
            ]);
        if (!run.IsJson && hasMore)
        {
            await run.Host.Output.WriteLineAsync($"There may be more: --before {analyses[^1].Id}.");
        }
    }

    public static async Task<int> WriteAsync(VerbRun run, AnalysisDetails analysis)
    {
        var summary = analysis.Summary;
        var exitCode = await run.ShowAsync(
            ForPrograms(run, analysis),
            ("analysis", $"{summary.Id}, {Status(summary)}"),
            ("conversation", $"{summary.ConversationId}, branch {summary.BranchId}"),
            ("train", summary.TrainId),
            ("ordered", summary.CreatedAt.Text()),
            ("changed", summary.UpdatedAt.Text()),
            ("due", summary.Status == ConversationAnalysisStatus.Pending ? summary.DueAt.Text() : null),
            ("worker", summary.Worker is null ? null : $"{summary.Worker}, until {summary.LeaseExpiresAt.Text()}"),
            ("ended", summary.CompletedAt.Text()),
            ("retries", $"{summary.RetryCount}"),
            ("model", analysis.Model),
            ("tokens", analysis.PromptTokens is null ? null : $"{analysis.PromptTokens:N0} and {analysis.CompletionTokens:N0}"),
            ("took", analysis.ProcessingDurationMs is null ? null : $"{analysis.ProcessingDurationMs:N0} ms"),
            ("question", analysis.CustomPrompt),
            ("errors", analysis.Errors));
        if (!run.IsJson && analysis.Content is { } content)
        {
            await run.Host.Output.WriteLineAsync();
            await run.Host.Output.WriteLineAsync(TerminalText.Block(content));
        }

        return exitCode;
    }

    public static async Task WriteAsync(VerbRun run, IReadOnlyList<AnalysisRetry> retries)
    {
        if (run.IsJson)
        {
            await run.WriteJsonAsync(new { Database = run.Target.Place, Analyses = retries });
            return;
        }

        foreach (var (id, outcome) in retries)
        {
            await run.Host.Output.WriteLineAsync($"{id,10} {outcome switch
            {
                AnalysisRetryOutcome.Restarted => run.IsDryRun ? "would be tried again" : "is tried again",
                AnalysisRetryOutcome.NotNeeded => "has neither failed nor is it stuck",
                _ => "is not there",
            }}");
        }

        var count = retries.Count(retry => retry.Outcome == AnalysisRetryOutcome.Restarted);
        await run.Host.Output.WriteLineAsync(
            $"In {run.Target.Place} {count:N0} analyses {(run.IsDryRun ? "would be tried again" : "are tried again")}.");
    }

    public static async Task WriteAsync(VerbRun run, string? trainId, AnalysisCounts counts)
    {
        if (run.IsJson)
        {
            await run.WriteJsonAsync(new { Database = run.Target.Place, TrainId = trainId, Counts = counts });
            return;
        }

        TextTable.Write(
            run.Host, ["status", new("analyses", IsNumber: true), ""],
            [
                [
                    "pending", $"{counts.Pending:N0}",
                    counts.OldestDue is { } due ? $"{counts.Due:N0} due, since {due.Text()}" : $"{counts.Due:N0} due",
                ],
                ["processing", $"{counts.Processing:N0}", $"{counts.Stuck:N0} stuck"],
                ["completed", $"{counts.Completed:N0}", ""],
                ["failed", $"{counts.Failed:N0}", ""],
            ]);
    }

    private static object ForPrograms(VerbRun run, AnalysisDetails analysis) => new
    {
        Database = run.Target.Place,
        Analysis = analysis.Summary,
        analysis.CustomPrompt,
        analysis.Model,
        analysis.Content,
        Data = JsonOutput.Parsed(analysis.Data),
        RawResponse = JsonOutput.Parsed(analysis.RawResponse),
        Errors = JsonOutput.Parsed(analysis.Errors),
        analysis.PromptTokens,
        analysis.CompletionTokens,
        analysis.ProcessingDurationMs,
        analysis.GeneratedAt,
    };

    private static string Status(AnalysisSummary analysis)
        => analysis.IsStuck ? "stuck" : JsonOutput.Word(analysis.Status);

    private static string Colour(AnalysisSummary analysis) => analysis switch
    {
        { IsStuck: true } => "yellow",
        { Status: ConversationAnalysisStatus.Failed } => "red",
        { Status: ConversationAnalysisStatus.Completed } => "green",
        _ => "default",
    };
}
