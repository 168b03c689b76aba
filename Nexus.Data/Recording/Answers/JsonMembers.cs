using System.Buffers;
using System.Collections;
using Nexus.Data.Conversations.Hashing;

namespace Nexus.Data.Recording.Answers;

/// <summary>The members of an object in their order, each name once.</summary>
internal sealed class JsonMembers : IEnumerable<KeyValuePair<string, JsonSlice>>
{
    private readonly OrderedDictionary<string, Member> _members = [];

    /// <summary>None.</summary>
    public JsonMembers()
    {
    }

    /// <summary>Members in their order.</summary>
    public JsonMembers(IEnumerable<KeyValuePair<string, JsonSlice>> members) => Merge(members);

    public int Count => _members.Count;

    /// <summary>The value with a name; no value where there is none.</summary>
    public JsonSlice this[string name] => _members.GetValueOrDefault(name).Value;

    /// <summary>Replaces a value where it stands, or adds it.</summary>
    public void Set(string name, JsonSlice value) =>
        _members[name] = new Member(JsonSlice.Of(JsonStrings.Quote(name)), value);

    /// <summary>As the other, for a name as it is spelled.</summary>
    public void Set(JsonSlice name, JsonSlice value) => _members[JsonStrings.Read(name.Raw)] = new Member(name, value);

    /// <summary>Puts other members over these. Null replaces nothing.</summary>
    public void Merge(IEnumerable<KeyValuePair<string, JsonSlice>> others)
    {
        foreach (var (name, value) in others)
        {
            if (value.Kind != JsonKind.Null || !_members.ContainsKey(name))
            {
                Set(name, value);
            }
        }
    }

    /// <summary>The members as an object.</summary>
    public JsonSlice ToObject()
    {
        var output = new ArrayBufferWriter<byte>();
        WriteTo(output);
        return JsonSlice.Of(output.WrittenMemory);
    }

    /// <summary>Writes the members as an object.</summary>
    public void WriteTo(ArrayBufferWriter<byte> output)
    {
        var opening = "{"u8;
        foreach (var member in _members.Values)
        {
            output.Write(opening);
            output.Write(member.Name.Bytes);
            output.Write(":"u8);
            output.Write(member.Value.Bytes);
            opening = ","u8;
        }

        output.Write(_members.Count == 0 ? "{}"u8 : "}"u8);
    }

    public IEnumerator<KeyValuePair<string, JsonSlice>> GetEnumerator() =>
        _members.Select(member => KeyValuePair.Create(member.Key, member.Value.Value)).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private readonly record struct Member(JsonSlice Name, JsonSlice Value);
}
