using System.Text;
using System.Text.Json;
using Nexus.Data.Conversations.Hashing;

namespace Nexus.Data.Tests.Conversations.Hashing;

/// <summary>What is JSON to the library is what is JSON to .NET.</summary>
public sealed class JsonScannerTests
{
    private static readonly JsonReaderOptions _anyDepth = new() { MaxDepth = int.MaxValue };

    [TestCase("0", true)]
    [TestCase("-0.0e+0", true)]
    [TestCase(" [ 1 , 2.5E-3 ] \r\n", true)]
    [TestCase("\"\\u00e9\\\"\\/\\b\"", true)]
    [TestCase("{\"a\":{},\"b\":[]}", true)]
    [TestCase("01", false)]
    [TestCase("-", false)]
    [TestCase("+1", false)]
    [TestCase("1.", false)]
    [TestCase(".5", false)]
    [TestCase("1e", false)]
    [TestCase("1e+", false)]
    [TestCase("tru", false)]
    [TestCase("trueX", false)]
    [TestCase("NaN", false)]
    [TestCase("\"\\x\"", false)]
    [TestCase("\"\\u00g0\"", false)]
    [TestCase("\"\\u00\"", false)]
    [TestCase("\"a", false)]
    [TestCase("\"a\\", false)]
    [TestCase("\"a\tb\"", false)]
    [TestCase("[1,]", false)]
    [TestCase("[,1]", false)]
    [TestCase("[1 2]", false)]
    [TestCase("[1}", false)]
    [TestCase("{\"a\"}", false)]
    [TestCase("{\"a\":1,}", false)]
    [TestCase("{a:1}", false)]
    [TestCase("{1:1}", false)]
    [TestCase("[[]", false)]
    [TestCase("[]]", false)]
    [TestCase("1 2", false)]
    [TestCase("1\0", false)]
    [TestCase("\u00A01", false)]
    [TestCase("/**/1", false)]
    public void A_text_is_JSON_or_not(string text, bool expected)
    {
        Assert.That(IsJson(Encoding.UTF8.GetBytes(text)), Is.EqualTo(expected));
        Assert.That(IsJsonToReader(Encoding.UTF8.GetBytes(text)), Is.EqualTo(expected));
    }

    [Test]
    public void A_broken_body_is_JSON_or_not_as_NET_has_it()
    {
        var generator = new BodyGenerator(seed: 99);
        var random = new Random(99);
        var accepted = 0;
        for (var count = 0; count < 300; count++)
        {
            var body = generator.Body(2).ToUtf8(random);
            for (var change = 0; change < 40; change++)
            {
                var broken = Break(body, random);
                var expected = IsJsonToReader(broken);
                accepted += expected ? 1 : 0;
                Assert.That(IsJson(broken), Is.EqualTo(expected), Encoding.UTF8.GetString(broken));
            }
        }

        Assert.That(accepted, Is.InRange(1000, 11_000));
    }

    private static byte[] Break(byte[] body, Random random)
    {
        var place = random.Next(body.Length);
        var others = "{}[]\",:\\u0e-+.1tfn \n\t/x"u8;
        var other = others[random.Next(others.Length)];
        return random.Next(4) switch
        {
            0 => [.. body[..place], .. body[(place + 1)..]],
            1 => [.. body[..place], other, .. body[place..]],
            2 => [.. body[..place], other, .. body[(place + 1)..]],
            _ => body[..place],
        };
    }

    private static bool IsJson(byte[] text)
    {
        try
        {
            RequestHasher.Hash(text);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    // A reader does not mind bytes that are no UTF-8 within a string, which are replaced before here.
    private static bool IsJsonToReader(byte[] text)
    {
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(text)), _anyDepth);
        try
        {
            while (reader.Read())
            {
            }

            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
