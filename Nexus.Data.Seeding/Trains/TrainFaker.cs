using Bogus;
using Nexus.Data.Trains;

namespace Nexus.Data.Seeding.Trains;

/// <summary>Trains with names of their own, an hour apart, which tell Slack nothing. The same seed and start make the same rows
/// everywhere.</summary>
public sealed class TrainFaker : Faker<Train>
{
    /// <summary>Creates the faker.</summary>
    /// <param name="seed">Where the random numbers begin. Slugs end with it, so that trains of several seeds can live in one
    /// database.</param>
    /// <param name="start">When the first train was made; 2025-01-01 09:00 UTC where nothing is given.</param>
    public TrainFaker(int seed = 1, DateTimeOffset? start = null)
        : this(seed, start, "train")
    {
    }

    /// <summary>The same with identifiers of another kind.</summary>
    internal TrainFaker(int seed, DateTimeOffset? start, string kind)
    {
        var first = SeedClock.Start(start);
        UseSeed(seed);
        CustomInstantiator(faker =>
        {
            var (color, ware) = (faker.Commerce.Color(), faker.Commerce.Product());
            var made = first.AddHours(faker.IndexFaker);
            return new()
            {
                Id = SeedId.Of(kind, seed, faker.IndexFaker),
                TrainId = FormattableString.Invariant($"{Text.Plain(color)}-{Text.Plain(ware)}-{seed}-{faker.IndexFaker}"),
                Name = Text.Sentence(color, ware),
                Description = faker.Company.CatchPhrase(),
                SlackEnabled = false,
                CreatedAt = made,
                UpdatedAt = made,
            };
        });
    }
}
