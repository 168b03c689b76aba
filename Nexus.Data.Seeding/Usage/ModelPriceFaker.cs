using Bogus;
using Nexus.Data.Usage;

namespace Nexus.Data.Seeding.Usage;

/// <summary>Prices of a few models, all of them anew each month. They are made up. The same seed and start make the same rows
/// everywhere.</summary>
/// <remarks>A model has one price from a day on: those of two seeds from one day cannot stand in one database.</remarks>
public sealed class ModelPriceFaker : Faker<ModelPrice>
{
    /// <summary>Creates the faker.</summary>
    /// <param name="seed">Where the random numbers begin.</param>
    /// <param name="start">The first prices hold from its day in UTC on; 2025-01-01 where nothing is given.</param>
    public ModelPriceFaker(int seed = 1, DateTimeOffset? start = null)
    {
        var first = DateOnly.FromDateTime(SeedClock.Start(start).UtcDateTime);
        UseSeed(seed);
        CustomInstantiator(faker =>
        {
            var (month, model) = Math.DivRem(faker.IndexFaker, SeedModels.Names.Length);
            var input = faker.Random.Int(1, 60) / 4m;
            return new()
            {
                Model = SeedModels.Names[model],
                ValidFrom = first.AddMonths(month),
                InputPrice = input,
                OutputPrice = input * 5,
                CacheCreationPrice = input * 1.25m,
                CacheReadPrice = input * 0.1m,
            };
        });
    }
}
