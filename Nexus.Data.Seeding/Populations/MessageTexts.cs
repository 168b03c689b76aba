using System.Text;
using Bogus;
using Nexus.Data.Seeding.Traffic;

namespace Nexus.Data.Seeding.Populations;

/// <summary>Texts of messages: one to six sentences of a store that Bogus fills, mostly one or two.</summary>
internal sealed class MessageTexts
{
    private const int Store = 600;

    private static readonly Func<Faker, string>[] _sentences =
    [
        faker => $"Could somebody look at the {faker.Hacker.Noun()} before lunch?",
        faker => $"The {faker.Hacker.Adjective()} {faker.Hacker.Noun()} works again.",
        faker => $"I am {faker.Hacker.IngVerb()} the {faker.Hacker.Noun()} right now.",
        faker => $"Who knows how to {faker.Hacker.Verb()} the {faker.Hacker.Abbreviation()} part?",
        faker => $"Lovely work on the {faker.Commerce.ProductName()}!",
        faker => $"Shall we talk about the {faker.Hacker.Noun()} on {faker.Date.Weekday()}?",
        faker => $"The customer from {faker.Address.City()} asked for it {faker.Random.Int(2, 9)} times.",
        faker => $"Numbers are up by {faker.Random.Int(2, 60)} percent since {faker.Date.Weekday()}.",
        faker => $"{faker.Name.FirstName()} will {faker.Hacker.Verb()} it tomorrow.",
        faker => $"Tests of the {faker.Hacker.Noun()} are green.",
        faker => $"Found the bug: it was the {faker.Hacker.Adjective()} {faker.Hacker.Noun()} after all.",
        faker => $"Back at my desk in {faker.Random.Int(5, 45)} minutes.",
        faker => $"Coffee at {faker.Random.Int(9, 16)}?",
        faker => $"Notes of the call with {faker.Company.CompanyName()} are in the wiki.",
        faker => faker.Hacker.Phrase(),
        _ => "Thanks a lot!",
        _ => "Sounds good to me.",
        _ => "On it.",
    ];

    private readonly string[] _store;
    private readonly TrafficRandom _random;
    private readonly StringBuilder _text = new();

    public MessageTexts(int seed)
    {
        var faker = new Faker { Random = new Randomizer(seed) };
        _store = [.. Enumerable.Range(0, Store).Select(n => _sentences[n % _sentences.Length](faker))];
        _random = new(unchecked(seed * 31L) + 7);
    }

    public string Next()
    {
        var text = _random.Pick<string>(_store);
        if (_random.Chance(0.5))
        {
            return text;
        }

        _text.Clear().Append(text);
        for (var more = 1; more < 6 && (more == 1 || _random.Chance(0.5)); more++)
        {
            _text.Append(' ').Append(_random.Pick<string>(_store));
        }

        return _text.ToString();
    }

    /// <summary>An identifier of version 7: the time it stands for, and random bits of ours.</summary>
    public Guid NextId(long ticks)
    {
        Span<byte> bytes = stackalloc byte[16];
        var milliseconds = (ulong)((ticks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerMillisecond);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64BigEndian(bytes, (milliseconds << 16) | 0x7000 | (_random.Next() >> 52));
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], (_random.Next() >> 2) | 0x8000_0000_0000_0000);
        return new(bytes, bigEndian: true);
    }
}
