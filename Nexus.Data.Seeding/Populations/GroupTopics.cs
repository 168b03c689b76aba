using Bogus;

namespace Nexus.Data.Seeding.Populations;

/// <summary>Topics of groups, each once.</summary>
internal sealed class GroupTopics(int seed)
{
    private readonly Dictionary<string, int> _taken = new(StringComparer.Ordinal);
    private readonly Faker _faker = new() { Random = new Randomizer(seed) };

    public string Next()
    {
        var topic = Drawn();
        var number = _taken[topic] = _taken.GetValueOrDefault(topic) + 1;
        return number == 1 ? topic : FormattableString.Invariant($"{topic} {number}");
    }

    private string Drawn() => _faker.Random.Int(0, 4) switch
    {
        0 => $"{_faker.Commerce.Department(1)} crew",
        1 => $"Project {_faker.Commerce.ProductAdjective()}",
        2 => $"{_faker.Commerce.ProductAdjective()} {_faker.Commerce.Product()} team",
        3 => $"{_faker.Address.City()} office",
        _ => $"All about {_faker.Commerce.ProductMaterial().ToLowerInvariant()}",
    };
}
