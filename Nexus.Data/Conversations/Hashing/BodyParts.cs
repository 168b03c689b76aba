using System.Text.Json;

namespace Nexus.Data.Conversations.Hashing;

/// <summary>A request's body taken apart, to be set beside another one.</summary>
internal sealed class BodyParts
{
    /// <summary>The messages, whatever they are; none where the body has no list of them.</summary>
    public IReadOnlyList<BodyMessage> Messages { get; init; } = [];

    /// <summary>The system prompt's text, its blocks parted by LF; null where there is none.</summary>
    public string? System { get; init; }

    /// <summary>The hash of what stays of the system prompt from turn to turn; null where nothing does.</summary>
    public byte[]? StableSystemHash { get; init; }

    /// <summary>The tools by their names, each with a digest of its definition; those without a name are left out.</summary>
    public IReadOnlyDictionary<string, byte[]> Tools { get; init; } = new Dictionary<string, byte[]>();

    /// <summary>Everything else by its name: the JSON, and a digest that only its meaning changes.</summary>
    public IReadOnlyDictionary<string, (ReadOnlyMemory<byte> Json, byte[] Digest)> Parameters { get; init; }
        = new Dictionary<string, (ReadOnlyMemory<byte>, byte[])>();

    /// <summary>Takes a body apart. Of equal members the last counts. What is no body of a request has no parts.</summary>
    /// <param name="body">UTF-8 without a byte order mark; null for none.</param>
    public static BodyParts Of(ReadOnlyMemory<byte>? body)
    {
        if (body is not { } utf8)
        {
            return new();
        }

        using var reader = new BodyReader(utf8);
        try
        {
            return reader.Run();
        }
        catch (JsonException)
        {
            return new();
        }
    }
}
