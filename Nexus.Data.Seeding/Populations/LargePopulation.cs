using Nexus.Data.Persistence;
using Nexus.Data.Seeding.Traffic;

namespace Nexus.Data.Seeding.Populations;

/// <summary>People, rooms, and when who wrote where: all of a large population but the texts, which are made as they are stored. Twenty
/// bytes a message.</summary>
internal sealed class LargePopulation
{
    private const int LeastGroup = 3;
    private const int MostGroup = 15;
    private const int Tries = 16;
    private const long Day = TimeSpan.TicksPerDay;

    private readonly LargePopulationOptions _options;
    private readonly TrafficRandom _random;
    private readonly long _until;
    private readonly long _span;
    private readonly bool[] _writes;
    private readonly long[] _times;
    private readonly int[] _order;
    private readonly int[] _rooms;
    private readonly byte[] _members;

    public LargePopulation(LargePopulationOptions options)
    {
        options.Validate();
        _options = options;
        _random = new(options.Seed);
        _until = StoredTime.Of(options.Until).Ticks;
        _span = options.Days * Day;
        People = new PeopleNames(options.Seed).Generate(options.Users, Time(1.5, 1.0 / 90));
        _writes = Writers();
        Rooms = [.. Groups(), .. Directs()];
        (_times, _order) = (new long[options.Messages], new int[options.Messages]);
        (_rooms, _members) = (new int[options.Messages], new byte[options.Messages]);
        Write();
    }

    public Person[] People { get; }

    public Room[] Rooms { get; }

    public DateTimeOffset Until => new(_until, TimeSpan.Zero);

    /// <summary>The messages in the order of their times, in each room later one by one.</summary>
    public IEnumerable<Line> Lines()
    {
        var numbers = new int[Rooms.Length];
        for (var n = 0; n < _times.Length; n++)
        {
            var room = _rooms[_order[n]];
            yield return new(Rooms[room], _members[_order[n]], _times[n], ++numbers[room]);
        }
    }

    // A time in the past, up to so many spans ago, and no less than a share of that.
    private Func<long> Time(double spans, double least)
        => () => Whole(_until - (long)(_span * spans * (least + ((1 - least) * _random.Fraction()))));

    private bool[] Writers()
    {
        var writes = new bool[People.Length];
        var people = Enumerable.Range(0, People.Length).ToArray();
        var count = Math.Max(1, (int)Math.Round(_options.ActiveShare * People.Length));
        for (var n = 0; n < count; n++)
        {
            var other = _random.Between(n, people.Length - 1);
            (people[n], people[other]) = (people[other], people[n]);
            writes[people[n]] = true;
        }

        return writes;
    }

    private IEnumerable<Room> Groups()
    {
        var topics = new GroupTopics(_options.Seed);
        var made = Time(1, 1.0 / 120);
        for (var n = 0; n < _options.Groups; n++)
        {
            var size = People.Length <= LeastGroup ? People.Length : _random.Between(LeastGroup, Math.Min(MostGroup, People.Length));
            var people = Sample(size);
            var created = Math.Max(made(), People[people[0]].Created);
            var longest = Math.Min(TimeSpan.TicksPerHour, (_until - created) / 2);
            yield return new(
                SeedId.Of("large-group", _options.Seed, n), topics.Next(), created,
                [
                    .. people.Select((person, place) => new Member(
                        person, place == 0 || _random.Chance(_options.AdminRate),
                        place == 0 ? created : Math.Max(People[person].Created, created + Whole((long)(longest * _random.Fraction()))))),
                ]);
        }
    }

    private IEnumerable<Room> Directs()
    {
        var made = Time(0.75, 1.0 / 90);
        foreach (var (n, (one, other)) in Pairs().Index())
        {
            var created = Math.Max(made(), Math.Max(People[one].Created, People[other].Created));
            yield return new(
                SeedId.Of("large-direct", _options.Seed, n), null, created, [new(one, false, created), new(other, false, created)]);
        }
    }

    private IEnumerable<(int One, int Other)> Pairs()
    {
        if (_options.DirectChats * 2L > _options.Pairs)
        {
            // So many that drawing them would meet what was drawn again and again.
            var all = Enumerable.Range(0, People.Length)
                .SelectMany(one => Enumerable.Range(one + 1, People.Length - one - 1).Select(other => (one, other))).ToArray();
            for (var n = 0; n < _options.DirectChats; n++)
            {
                var chosen = _random.Between(n, all.Length - 1);
                (all[n], all[chosen]) = (all[chosen], all[n]);
                yield return all[n];
            }

            yield break;
        }

        for (var known = new HashSet<(int, int)>(); known.Count < _options.DirectChats;)
        {
            var (one, other) = (_random.Below(People.Length), _random.Below(People.Length));
            if (one != other && known.Add((Math.Min(one, other), Math.Max(one, other))))
            {
                yield return (one, other);
            }
        }
    }

    private List<int> Sample(int size)
    {
        var people = new List<int>(size);
        while (people.Count < size)
        {
            var person = _random.Below(People.Length);
            if (!people.Contains(person))
            {
                people.Add(person);
            }
        }

        return people;
    }

    private void Write()
    {
        if (_times.Length == 0)
        {
            return;
        }

        var writers = WritersOfRooms();

        // Larger rooms are louder.
        int[] draw = [.. Enumerable.Range(0, Rooms.Length).Where(room => writers[room].Length > 0)
            .SelectMany(room => Enumerable.Repeat(room, Math.Max(1, Rooms[room].Members.Length / 2)))];
        for (var n = 0; n < _times.Length; n++)
        {
            var room = draw[_random.Below(draw.Length)];
            var member = writers[room][_random.Below(writers[room].Length)];
            (_rooms[n], _members[n], _order[n]) = (room, member, n);
            _times[n] = Written(Rooms[room].Members[member].Joined);
        }

        Sort();
        Number();
    }

    private byte[][] WritersOfRooms()
    {
        byte[][] writers = [.. Rooms.Select(WritersOf)];
        if (writers.All(room => room.Length == 0))
        {
            // In a population this small somebody else writes.
            Array.Clear(_writes);
            _writes[Rooms[0].Members[0].Person] = true;
            writers = [.. Rooms.Select(WritersOf)];
        }

        return writers;

        byte[] WritersOf(Room room)
            => [.. Enumerable.Range(0, room.Members.Length).Where(place => _writes[room.Members[place].Person]).Select(place => (byte)place)];
    }

    // Some time of a day since the sender joined; where that is too short to meet an hour of the kind, any time of it.
    private long Written(long joined)
    {
        var (first, last) = (Math.Max(joined, _until - _span), _until - TimeSpan.TicksPerSecond);
        var days = (int)((last / Day) - (first / Day) + 1);
        var isBusiness = _random.Chance(_options.BusinessShare);
        for (var n = 0; n < Tries; n++)
        {
            var time = (((first / Day) + _random.Below(days)) * Day)
                + ((isBusiness ? _random.Between(9, 18) : _random.Below(24)) * TimeSpan.TicksPerHour)
                + Whole((long)(TimeSpan.TicksPerHour * _random.Fraction()));
            if (time >= first && time <= last)
            {
                return time;
            }
        }

        return Whole(first + (long)((last - first) * _random.Fraction()));
    }

    private void Sort()
    {
        Array.Sort(_times, _order);

        // Equal ones in the order in which they were drawn, whatever way of sorting .NET has.
        for (var n = 0; n < _times.Length;)
        {
            var end = n + 1;
            while (end < _times.Length && _times[end] == _times[n])
            {
                end++;
            }

            Array.Sort(_order, n, end - n);
            n = end;
        }
    }

    private void Number()
    {
        for (var n = 0; n < _times.Length; n++)
        {
            var room = Rooms[_rooms[_order[n]]];
            _times[n] = Math.Max(_times[n], room.Last + TimeSpan.TicksPerMicrosecond);
            room.Last = _times[n];
            room.Members[_members[_order[n]]].Read = ++room.Count;
        }

        foreach (var room in Rooms)
        {
            foreach (var member in room.Members)
            {
                // Most are up to date, the others have read something at least of what they have not written.
                member.Read = _random.Chance(0.6) ? room.Count : _random.Between(member.Read, room.Count);
            }
        }
    }

    private static long Whole(long ticks) => ticks - (ticks % TimeSpan.TicksPerMicrosecond);

    internal sealed record Person(Guid Id, string Name, long Created);

    internal sealed record Member(int Person, bool IsAdmin, long Joined)
    {
        /// <summary>The number of the last message that the member has read.</summary>
        public int Read { get; set; }
    }

    /// <param name="Id">Its identifier.</param>
    /// <param name="Topic">What a group is about; null for a direct chat.</param>
    /// <param name="Created">When it was made.</param>
    /// <param name="Members">Who is in it; first who made it.</param>
    internal sealed record Room(Guid Id, string? Topic, long Created, Member[] Members)
    {
        /// <summary>How many messages it has.</summary>
        public int Count { get; set; }

        /// <summary>When the last of them was written.</summary>
        public long Last { get; set; }
    }

    /// <param name="Room">Where it stands.</param>
    /// <param name="Member">Who of the room wrote it.</param>
    /// <param name="Time">When.</param>
    /// <param name="Number">Its number in the room.</param>
    internal readonly record struct Line(Room Room, int Member, long Time, int Number);
}
