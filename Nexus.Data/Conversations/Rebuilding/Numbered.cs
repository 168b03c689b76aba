using System.Runtime.InteropServices;

namespace Nexus.Data.Conversations.Rebuilding;

/// <summary>Values that many rows have, each kept once: the rows have their numbers.</summary>
internal sealed class Numbered<T>
    where T : notnull
{
    private readonly Dictionary<T, int> _numbers = [];
    private readonly List<T> _values = [];

    /// <summary>The values, as they are numbered.</summary>
    public IReadOnlyList<T> Values => _values;

    public T this[int number] => _values[number];

    /// <summary>The number of a value, which is a new one where it was not there.</summary>
    public int Of(T value)
    {
        ref var number = ref CollectionsMarshal.GetValueRefOrAddDefault(_numbers, value, out var isKnown);
        if (!isKnown)
        {
            number = _values.Count;
            _values.Add(value);
        }

        return number;
    }

    /// <summary>The number of a value that is there already, by what equals it.</summary>
    public bool TryFind<TOther>(TOther other, out int number)
        where TOther : notnull, allows ref struct
        => _numbers.GetAlternateLookup<TOther>().TryGetValue(other, out number);
}
