using System.Text.Json;
using Bogus;
using Nexus.Data.Analyses;

namespace Nexus.Data.Seeding.Analyses;

/// <summary>Analyses of the main branches of some conversations, each once, an hour apart; every fifth failed. The same conversations,
/// seed and start make the same rows everywhere; their numbers and when they were last changed are the database's.</summary>
public sealed class ConversationAnalysisFaker : Faker<ConversationAnalysis>
{
    private const int FailedEvery = 5;

    /// <summary>Creates the faker.</summary>
    /// <param name="conversations">The conversations; as many rows can be made.</param>
    /// <param name="trainId">Their train, by its slug; null where it is unknown.</param>
    /// <param name="seed">Where the random numbers begin.</param>
    /// <param name="start">When the first was ordered; 2025-01-01 09:00 UTC where nothing is given.</param>
    /// <param name="status">How far all of them are; null for completed, and some that failed.</param>
    /// <remarks>To generate more rows than there are conversations throws an <see cref="InvalidOperationException"/>.</remarks>
    public ConversationAnalysisFaker(
        IReadOnlyList<Guid> conversations, string? trainId = null, int seed = 1, DateTimeOffset? start = null,
        ConversationAnalysisStatus? status = null)
    {
        ArgumentNullException.ThrowIfNull(conversations);
        var first = SeedClock.Start(start);
        UseSeed(seed);
        CustomInstantiator(faker =>
        {
            var usual = faker.IndexFaker % FailedEvery == FailedEvery - 1
                ? ConversationAnalysisStatus.Failed
                : ConversationAnalysisStatus.Completed;
            return faker.IndexFaker < conversations.Count
                ? Analysis(faker, conversations[faker.IndexFaker], trainId, first.AddHours(faker.IndexFaker), status ?? usual)
                : throw new InvalidOperationException("There are no more conversations than were given.");
        });
    }

    private static ConversationAnalysis Analysis(
        Faker faker, Guid conversationId, string? trainId, DateTimeOffset ordered, ConversationAnalysisStatus status)
    {
        var (summary, duration) = (faker.Company.CatchPhrase(), faker.Random.Int(2_000, 60_000));
        var (asked, answered) = (faker.Random.Int(500, 20_000), faker.Random.Int(100, 2_000));
        var done = ordered.AddMilliseconds(duration);
        var analysis = new ConversationAnalysis
        {
            ConversationId = conversationId,
            TrainId = trainId,
            Status = status,
            ModelUsed = "gemini-2.5-pro",
            RetryCount = 0,
            CreatedAt = ordered,
            DueAt = ordered,
        };
        switch (status)
        {
            case ConversationAnalysisStatus.Completed:
                analysis.AnalysisContent = $"# Summary\n\n{summary}.";
                analysis.AnalysisData = JsonSerializer.Serialize(new { summary });
                analysis.RawResponse = JsonSerializer.Serialize(new { text = analysis.AnalysisContent });
                (analysis.GeneratedAt, analysis.CompletedAt, analysis.ProcessingDurationMs) = (done, done, duration);
                (analysis.PromptTokens, analysis.CompletionTokens) = (asked, answered);
                break;
            case ConversationAnalysisStatus.Failed:
                (analysis.ErrorMessage, analysis.RetryCount, analysis.CompletedAt) = ("The model gave no answer.", 3, done);
                break;
            case ConversationAnalysisStatus.Processing:
                analysis.LeaseId = SeedId.Stamped($"lease:{conversationId}");
                (analysis.LeaseOwner, analysis.LeaseExpiresAt) = ("worker-1", ordered.AddMinutes(5));
                break;
        }

        return analysis;
    }
}
