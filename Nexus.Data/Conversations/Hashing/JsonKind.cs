namespace Nexus.Data.Conversations.Hashing;

/// <summary>What a token of a <see cref="JsonTape"/> is. Ends of objects and arrays have no token.</summary>
internal enum JsonKind : byte
{
    Object,
    Array,
    String,
    Number,
    True,
    False,
    Null,
}
