using System.Text.Json;
using Bogus;
using Nexus.Data.Analyses;

namespace Nexus.Data.Seeding.Analyses;

/// <summary>What the audit log says of some conversations, a minute apart: an analysis of each in turn is asked for, made and looked
/// at. The same conversations, seed and start make the same rows everywhere; their numbers are the database's.</summary>
public sealed class AuditLogFaker : Faker<AuditLogEntry>
{
    private static readonly string[] _events = [AuditEvents.Request, AuditEvents.Completion, AuditEvents.Retrieval];

    /// <summary>Creates the faker.</summary>
    /// <param name="conversations">The conversations, at least one.</param>
    /// <param name="trainId">Their train, by its slug.</param>
    /// <param name="seed">Where the random numbers begin.</param>
    /// <param name="start">When the first thing was done; 2025-01-01 09:00 UTC where nothing is given.</param>
    public AuditLogFaker(IReadOnlyList<Guid> conversations, string trainId, int seed = 1, DateTimeOffset? start = null)
    {
        ArgumentNullException.ThrowIfNull(conversations);
        ArgumentException.ThrowIfNullOrWhiteSpace(trainId);
        ArgumentOutOfRangeException.ThrowIfZero(conversations.Count, nameof(conversations));
        var first = SeedClock.Start(start);
        UseSeed(seed);
        CustomInstantiator(faker =>
        {
            var (turn, step) = Math.DivRem(faker.IndexFaker, _events.Length);
            return new()
            {
                EventType = _events[step],
                Outcome = AuditOutcomes.Success,
                ConversationId = conversations[turn % conversations.Count],
                BranchId = "main",
                TrainId = trainId,
                RequestId = SeedId.Of($"audit:{trainId}", seed, faker.IndexFaker).ToString(),
                UserContext = JsonSerializer.Serialize(new { user = $"{Text.Plain(faker.Name.FirstName())}@example.org" }),
                Metadata = "{}",
                Timestamp = first.AddMinutes(faker.IndexFaker),
            };
        });
    }
}
