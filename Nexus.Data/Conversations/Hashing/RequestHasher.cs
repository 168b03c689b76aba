using System.Text.Json;

namespace Nexus.Data.Conversations.Hashing;

/// <summary>
/// Hashes the body of a request: the hashes of the original program, and those that linking goes by.
/// </summary>
public static class RequestHasher
{
    /// <summary>
    /// Hashes a body in one pass. Members may come in any order, the last of equal ones counts, and any depth is
    /// allowed. A body of any other shape has what can be told of it, and null for the rest.
    /// </summary>
    /// <exception cref="JsonException">The bytes are no JSON.</exception>
    public static RequestHashes Hash(ReadOnlySpan<byte> bodyUtf8)
    {
        using var analysis = new RequestAnalysis(bodyUtf8, isCompatible: true);
        return analysis.Run();
    }

    /// <summary>As <see cref="Hash"/>, without the original's hashes: for rows that have them.</summary>
    internal static RequestHashes HashLinks(ReadOnlySpan<byte> bodyUtf8)
    {
        using var analysis = new RequestAnalysis(bodyUtf8, isCompatible: false);
        return analysis.Run();
    }
}
