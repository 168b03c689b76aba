using System.Text.Json;
using Bogus;
using Nexus.Data.Chats;

namespace Nexus.Data.Seeding.Chats;

/// <summary>The states of one session of the coding assistant from its first on, five minutes apart; each says a little more than the
/// one before it. The same seed and start make the same rows everywhere.</summary>
public sealed class ChatSnapshotFaker : Faker<ChatSnapshot>
{
    /// <summary>Creates the faker.</summary>
    /// <param name="chatId">The session.</param>
    /// <param name="seed">Where the random numbers begin.</param>
    /// <param name="start">When the first was stored; 2025-01-01 09:00 UTC where nothing is given.</param>
    public ChatSnapshotFaker(Guid chatId, int seed = 1, DateTimeOffset? start = null)
    {
        var first = SeedClock.Start(start);
        var (said, done) = (new List<object>(), new List<object>());
        UseSeed(seed);
        CustomInstantiator(faker =>
        {
            said.Add(new { text = faker.Hacker.Phrase() });
            done.Add(new { content = Text.Sentence(faker.Hacker.Verb(), "the", faker.Hacker.Noun()), status = "completed" });
            return new()
            {
                Id = SeedId.Of($"chat-snapshot:{chatId}", seed, faker.IndexFaker),
                ChatId = chatId,
                Version = faker.IndexFaker + 1,
                Transcriptions = JsonSerializer.Serialize(said),
                FunctionResults = "[]",
                ClaudeStreamingTexts = JsonSerializer.Serialize(new[] { faker.Hacker.Phrase() }),
                ClaudeTodoWrites = JsonSerializer.Serialize(new[] { new { todos = done } }),
                RepositoryIssues = "[]",
                ClaudeSessionId = SeedId.Of($"session:{chatId}", seed, 0).ToString(),
                CreatedAt = first.AddMinutes(5 * faker.IndexFaker),
            };
        });
    }
}
