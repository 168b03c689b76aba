using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Options;
using Nexus.Data.Analyses;
using Nexus.Data.Conversations.Browsing;

namespace Nexus.Samples.AnalysisWorker;

/// <summary>Stands where a host asks a model: it reads the branch, and says in figures what is there.</summary>
internal sealed class ConversationAnalyst(ConversationQueries conversations, IOptions<WorkerOptions> options, TimeProvider time)
{
    /// <exception cref="AnalysisRefusedException">No further try would end better.</exception>
    public async Task<AnalysisResult> AnalyzeAsync(AnalysisJob job, CancellationToken cancellationToken)
    {
        if (job.CustomPrompt is not null)
        {
            throw new AnalysisRefusedException("This worker counts, and has no model that could answer a question.");
        }

        var tree = await conversations.GetAsync(job.ConversationId, job.TrainId, cancellationToken);
        var requests = tree?.Requests.Where(request => request.BranchId == job.BranchId).ToList() ?? [];
        if (requests is [])
        {
            throw new AnalysisRefusedException($"Conversation {job.ConversationId} has no branch '{job.BranchId}' any more.");
        }

        await Task.Delay(TimeSpan.FromSeconds(options.Value.WorkSeconds), time, cancellationToken);
        var tokens = requests.Sum(request => (long)(request.OutputTokens ?? 0));
        return new()
        {
            Content = string.Create(CultureInfo.InvariantCulture, $"{requests.Count} requests, {tokens} tokens written."),
            Data = JsonSerializer.Serialize(new { requests = requests.Count, tokens }),
            Model = "counting",
        };
    }
}
