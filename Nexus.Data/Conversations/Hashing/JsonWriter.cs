using System.Runtime.InteropServices;

namespace Nexus.Data.Conversations.Hashing;

/// <summary>
/// Walks a value of a tape and writes it, members in an order of its own. The walk keeps its place in lists, so that a
/// value of a million levels needs memory, never stack.
/// </summary>
internal abstract class JsonWriter(JsonTape tape, bool wellFormed) : IComparer<int>, IDisposable
{
    private readonly List<Place> _places = [];
    private readonly List<int> _names = [];
    private readonly Dictionary<int, byte[]> _altered = [];
    private readonly PooledBuffer _scratch = new();

    /// <summary>What is written from.</summary>
    protected JsonTape Tape => tape;

    /// <summary>Appends the value that begins at <paramref name="token"/>.</summary>
    public void Write(int token, PooledBuffer output)
    {
        _places.Clear();
        _names.Clear();
        _altered.Clear();

        Open(token, output);
        while (_places.Count > 0)
        {
            ref var place = ref CollectionsMarshal.AsSpan(_places)[^1];
            if (place.Next == place.End)
            {
                Close(place, output);
                continue;
            }

            if (place.Next != place.First)
            {
                WriteSeparator(output);
            }

            if (place.IsObject)
            {
                var name = _names[place.Next++];
                WriteName(name, output);
                Open(name + 1, output);
            }
            else
            {
                var element = place.Next;
                place.Next = tape.Next(element);
                Open(element, output);
            }
        }
    }

    public void Dispose() => _scratch.Dispose();

    /// <summary>By the bytes of the names, then by place.</summary>
    int IComparer<int>.Compare(int x, int y)
    {
        var order = NameBytes(x).SequenceCompareTo(NameBytes(y));
        return order != 0 ? order : x.CompareTo(y);
    }

    /// <summary>Appends a value that is neither object nor array.</summary>
    protected abstract void WriteScalar(int token, PooledBuffer output);

    /// <summary>Appends the name of a member, and what parts it from its value.</summary>
    protected abstract void WriteName(int name, PooledBuffer output);

    /// <summary>Appends what stands between members and between elements.</summary>
    protected abstract void WriteSeparator(PooledBuffer output);

    /// <summary>
    /// Puts the names of one object, from <paramref name="first"/> to the end, into the order to write.
    /// </summary>
    protected abstract void Arrange(List<int> names, int first);

    /// <summary>The text of a name in the form in which names are compared.</summary>
    protected ReadOnlySpan<byte> NameBytes(int name)
    {
        if (!tape.IsEscaped(name))
        {
            return tape.Raw(name);
        }

        var text = tape.Text(name, out var traits);
        if (!wellFormed || (traits & TextTraits.Altered) == 0)
        {
            return text;
        }

        if (!_altered.TryGetValue(name, out var bytes))
        {
            bytes = tape.WellFormed(name, _scratch, out _).ToArray();
            _altered.Add(name, bytes);
        }

        return bytes;
    }

    /// <summary>A string's text, well formed where names are; valid until another is asked for.</summary>
    protected ReadOnlySpan<byte> Text(int token, out TextTraits traits) =>
        wellFormed ? tape.WellFormed(token, _scratch, out traits) : tape.Text(token, out traits);

    /// <summary>Sorts names by their bytes, and leaves the last of equal ones.</summary>
    protected void SortDistinct(List<int> names, int first)
    {
        if (names.Count - first < 2)
        {
            return;
        }

        names.Sort(first, names.Count - first, this);
        var kept = first;
        for (var index = first; index < names.Count; index++)
        {
            var last = index + 1 == names.Count || !NameBytes(names[index]).SequenceEqual(NameBytes(names[index + 1]));
            if (last)
            {
                names[kept++] = names[index];
            }
        }

        names.RemoveRange(kept, names.Count - kept);
    }

    private void Open(int token, PooledBuffer output)
    {
        switch (tape.Kind(token))
        {
            case JsonKind.Object:
                output.Append((byte)'{');
                var first = _names.Count;
                var end = tape.Next(token);
                for (var name = token + 1; name < end; name = tape.Next(name + 1))
                {
                    // Read now, so that none moves while they are compared.
                    _ = NameBytes(name);
                    _names.Add(name);
                }

                Arrange(_names, first);
                _places.Add(new Place(IsObject: true, first, first, _names.Count));
                break;
            case JsonKind.Array:
                output.Append((byte)'[');
                _places.Add(new Place(IsObject: false, token + 1, token + 1, tape.Next(token)));
                break;
            default:
                WriteScalar(token, output);
                break;
        }
    }

    private void Close(in Place place, PooledBuffer output)
    {
        output.Append(place.IsObject ? (byte)'}' : (byte)']');
        if (place.IsObject)
        {
            _names.RemoveRange(place.First, _names.Count - place.First);
        }

        _places.RemoveAt(_places.Count - 1);
    }

    private record struct Place(bool IsObject, int First, int Next, int End);
}
