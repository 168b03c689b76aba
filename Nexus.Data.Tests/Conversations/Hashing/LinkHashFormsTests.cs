using System.Text;
using Nexus.Data.Conversations.Hashing;

namespace Nexus.Data.Tests.Conversations.Hashing;

/// <summary>One hash for a body as it came, as <c>jsonb</c> gives it back, and for its copy inside the next turn.</summary>
public sealed class LinkHashFormsTests
{
    [Test]
    public void A_body_has_one_hash_in_its_three_forms()
    {
        var generator = new BodyGenerator(seed: 42);
        var random = new Random(42);
        var compared = 0;
        for (var count = 0; count < 1500; count++)
        {
            var body = generator.Body(1 + random.Next(6));
            var raw = body.ToUtf8(random);

            var hashes = RequestHasher.Hash(raw);
            var stored = RequestHasher.Hash(body.AsJsonb().ToUtf8());
            var nextRaw = NextTurn(body).ToUtf8(random);
            var next = RequestHasher.Hash(nextRaw);

            AssertEqual(stored, hashes, raw);
            if (hashes.LinkHash is not null && EndsWithUser(body))
            {
                compared++;
                Assert.That(next.Prefixes[0].LinkHash, Is.EqualTo(hashes.LinkHash), Encoding.UTF8.GetString(nextRaw));
                Assert.That(next.Prefixes[0].CompatibleHash, Is.EqualTo(hashes.CurrentMessageHash));
                Assert.That(next.Prefixes[0].AnswersAfter, Is.EqualTo(1));
                Assert.That(next.FirstMessageHash, Is.EqualTo(hashes.FirstMessageHash));
            }
        }

        Assert.That(compared, Is.GreaterThan(500));
    }

    [Test]
    public void The_emulated_jsonb_reprints_as_PostgreSQL_does()
    {
        string[] numbers = ["1E5", "1.0", "1e-7", "-0", "-0.0", "1.50e1", "12e-1", "1.25e1"];
        var value = Json.Object(
            ("bb", Json.Array(numbers.Select(Json.Raw).ToArray())), ("c", "a\0\ud83d"), ("a", "1"), ("a", "2"));

        var text = Encoding.UTF8.GetString(value.AsJsonb().ToUtf8());

        Assert.That(text, Is.EqualTo(
            """{"a":"2","c":"a��","bb":[100000,1.0,0.0000001,0,0.0,15.0,1.2,12.5]}"""));
    }

    private static void AssertEqual(RequestHashes stored, RequestHashes hashes, byte[] raw)
    {
        string[] Described(RequestHashes of) =>
        [
            Hashed.Hex(of.LinkHash), Hashed.Hex(of.FirstMessageHash), Hashed.Hex(of.StableSystemHash),
            Hashed.Hex(of.OpeningTextHash), Hashed.Hex(of.UserIdHash), of.Model ?? "", $"{of.CountedMessages}",
            .. of.Prefixes.Select(prefix =>
                $"{Hashed.Hex(prefix.LinkHash)} {prefix.AnswersAfter} {Hashed.Hex(prefix.NextAnswerHash)}"),
        ];

        Assert.That(Described(stored), Is.EqualTo(Described(hashes)), Encoding.UTF8.GetString(raw));
    }

    private static JsonObject NextTurn(JsonObject body)
    {
        var messages = Messages(body);
        return body.With("messages", Json.Array([
            .. messages,
            Json.Object(("role", "assistant"), ("content", "done")),
            Json.Object(("role", "user"), ("content", "next")),
        ]));
    }

    private static bool EndsWithUser(JsonObject body) =>
        Messages(body)[^1] is JsonObject message && message.Members.Last(member => member.Name == "role").Value == "user"
        && RequestHasher.Hash(body.ToUtf8()).CountedMessages
            > RequestHasher.Hash(body.With("messages", Json.Array(Messages(body).SkipLast(1))).ToUtf8()).CountedMessages;

    private static IReadOnlyList<Json> Messages(JsonObject body) =>
        ((JsonArray)body.Members.Last(member => member.Name == "messages").Value).Elements;
}
