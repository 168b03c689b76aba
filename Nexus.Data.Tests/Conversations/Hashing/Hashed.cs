using System.Text;
using Nexus.Data.Conversations.Hashing;

namespace Nexus.Data.Tests.Conversations.Hashing;

/// <summary>Short ways to hash what a test spells as JSON.</summary>
internal static class Hashed
{
    public static RequestHashes Body(string json) => RequestHasher.Hash(Encoding.UTF8.GetBytes(json));

    /// <summary>The hashes of messages, spelled as a JSON list without its brackets.</summary>
    public static RequestHashes Messages(string json) => Body($$"""{"messages":[{{json}}]}""");

    /// <summary>The hashes of one message of the user with this content.</summary>
    public static RequestHashes User(string content) => Messages(UserMessage(content));

    /// <summary>The link hash of an assistant's message between two of the user's.</summary>
    public static string Between(string content) => Hex(Messages(
        $$"""{{UserMessage("\"go\"")}},{"role":"assistant","content":{{content}}},{{UserMessage("\"on\"")}}""").LinkHash);

    public static string UserMessage(string content) => $$"""{"role":"user","content":{{content}}}""";

    public static AnswerHashes Answer(string content) => AnswerHasher.Hash(Encoding.UTF8.GetBytes(
        $$"""{"type":"message","role":"assistant","content":{{content}}}"""));

    public static RequestHashes System(string text) => RequestHasher.Hash(
        Json.Object(("messages", Json.Array()), ("system", text)).ToUtf8());

    public static string Hex(byte[]? hash) => hash is null ? "" : Convert.ToHexStringLower(hash);
}
