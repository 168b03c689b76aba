using Bogus;
using Nexus.Data.Chats;

namespace Nexus.Data.Seeding.Chats;

/// <summary>Sessions of the coding assistant over a handful of repositories, an hour apart; every third has an active issue. The same
/// seed and start make the same rows everywhere.</summary>
public sealed class RepositoryChatFaker : Faker<RepositoryChat>
{
    private static readonly string[] _repositories = ["octo/nexus", "octo/timetable", "rail-club/signals", "rail-club/website", "ada/engine"];

    /// <summary>Creates the faker.</summary>
    /// <param name="seed">Where the random numbers begin.</param>
    /// <param name="start">When the first session was begun; 2025-01-01 09:00 UTC where nothing is given.</param>
    public RepositoryChatFaker(int seed = 1, DateTimeOffset? start = null)
    {
        var first = SeedClock.Start(start);
        UseSeed(seed);
        CustomInstantiator(faker =>
        {
            var repository = faker.PickRandom(_repositories);
            var begun = first.AddHours(faker.IndexFaker);
            int? issue = faker.IndexFaker % 3 == 2 ? faker.Random.Int(1, 900) : null;
            return new()
            {
                Id = SeedId.Of("repository-chat", seed, faker.IndexFaker),
                Title = Text.Sentence(faker.Hacker.IngVerb(), faker.Hacker.Adjective(), faker.Hacker.Noun()),
                RepositoryName = repository.Split('/')[1],
                RepositoryFullName = repository,
                ActiveIssueNumber = issue,
                ActiveIssueTitle = issue is null ? null : Text.Sentence(faker.Hacker.Verb(), "the", faker.Hacker.Noun()),
                ActiveIssueUrl = issue is null ? null : FormattableString.Invariant($"https://example.org/{repository}/issues/{issue}"),
                QuietMode = faker.Random.Bool(0.2f),
                CreatedAt = begun,
                UpdatedAt = begun,
                LastAccessedAt = begun,
            };
        });
    }
}
