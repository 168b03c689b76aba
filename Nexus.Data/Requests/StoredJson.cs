namespace Nexus.Data.Requests;

/// <summary>A JSON text as it is stored: what <c>jsonb</c> can hold of it, and the bytes that came where the two differ.</summary>
internal readonly record struct StoredJson(byte[] Json, byte[]? Original)
{
    public bool IsAltered => Original is not null;

    public static StoredJson Of(ReadOnlyMemory<byte> utf8Json, string name)
    {
        _ = name;
        return new(utf8Json.ToArray(), null);
    }
}
