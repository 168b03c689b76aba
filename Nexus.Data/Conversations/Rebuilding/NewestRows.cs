using System.Diagnostics.CodeAnalysis;

namespace Nexus.Data.Conversations.Rebuilding;

/// <summary>The newest row of each key, as a set of places: the keys stay in the rows, and are not kept again.</summary>
/// <param name="keyOf">The key of the row at a place.</param>
/// <param name="expected">About how many keys there will be.</param>
internal sealed class NewestRows<TKey>(Func<int, TKey> keyOf, int expected)
    where TKey : struct, IEquatable<TKey>
{
    private readonly HashSet<int> _places = new(expected, new ByKey(keyOf));

    /// <summary>The newest with a key; -1 for none.</summary>
    public int this[TKey key] => _places.GetAlternateLookup<TKey>().TryGetValue(key, out var place) ? place : -1;

    /// <summary>Makes a row the newest of its key. The one that was; -1 for none.</summary>
    public int Replace(int place)
    {
        var before = this[keyOf(place)];
        if (before >= 0)
        {
            _places.Remove(before);
        }

        _places.Add(place);
        return before;
    }

    public void Clear() => _places.Clear();

    private sealed class ByKey(Func<int, TKey> keyOf) : IEqualityComparer<int>, IAlternateEqualityComparer<TKey, int>
    {
        public bool Equals(int x, int y) => x == y;

        public int GetHashCode([DisallowNull] int obj) => GetHashCode(keyOf(obj));

        public bool Equals(TKey alternate, int other) => keyOf(other).Equals(alternate);

        public int GetHashCode(TKey alternate) => alternate.GetHashCode();

        public int Create(TKey alternate) => throw new NotSupportedException("A key alone is no row.");
    }
}
