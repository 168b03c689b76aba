using Bogus;

namespace Nexus.Data.Seeding.Populations;

/// <summary>Names of a large population, each once: Bogus's, in the ways in which people write their own.</summary>
internal sealed class PeopleNames(int seed)
{
    // Those of the small population are not given, so that both go into one database.
    private readonly HashSet<string> _taken = new(StringComparer.Ordinal) { "alice", "bob", "charlie", "diana", "eve" };
    private readonly Dictionary<string, int> _next = new(StringComparer.Ordinal);
    private readonly Faker _faker = new() { Random = new Randomizer(seed) };

    public LargePopulation.Person[] Generate(int count, Func<long> created)
        => [.. Enumerable.Range(0, count).Select(n => new LargePopulation.Person(SeedId.Of("large-user", seed, n), Next(), created()))];

    private string Next()
    {
        var name = Free(Written());
        return seed == LargePopulationOptions.DefaultSeed ? name : FormattableString.Invariant($"{name}-{seed}");
    }

    private string Free(string name)
    {
        for (var free = name; ; free = FormattableString.Invariant($"{name}{_next[name] = _next.GetValueOrDefault(name, 1) + 1}"))
        {
            if (_taken.Add(free))
            {
                return free;
            }
        }
    }

    private string Written()
    {
        var first = Plain(_faker.Name.FirstName());
        return _faker.Random.Int(0, 4) switch
        {
            0 => first,
            1 => FormattableString.Invariant($"{first}{_faker.Random.Int(10, 99)}"),
            2 => $"{first}.{Plain(_faker.Name.LastName())}",
            3 => $"{first}_{Plain(_faker.Hacker.Abbreviation())}",
            _ => $"{Plain(_faker.Commerce.Color())}_{first}",
        };
    }

    private static string Plain(string word) => string.Concat(word.Where(char.IsAsciiLetterOrDigit)).ToLowerInvariant();
}
