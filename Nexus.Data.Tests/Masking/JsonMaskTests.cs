using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Nexus.Data.Masking;

namespace Nexus.Data.Tests.Masking;

/// <summary>Masking of JSON: what changes, and that nothing else does.</summary>
public sealed class JsonMaskTests
{
    private readonly SecretMasker _masker = Samples.All();

    [Test]
    public void What_holds_no_secret_is_the_memory_that_came()
    {
        ReadOnlyMemory<byte> json = """{"a":[1,"bearer of the secret","a\nb\u00e9"]}"""u8.ToArray();

        var masked = _masker.MaskJson(Samples.Train, json);

        Assert.That(masked.IsChanged, Is.False);
        Assert.That(masked.Json.Equals(json));
    }

    [TestCase("""{ "a" : "K" , "b":1.50 }""", """{ "a" : "[masked api key]" , "b":1.50 }""")]
    [TestCase("""{"K":{"x":null}}""", """{"[masked api key]":{"x":null}}""")]
    [TestCase("""["\u0073K1","\u00e9\"\nK\ud83d\ude80\ud800"]""",
        """["[masked api key]","\u00e9\"\n[masked api key]\ud83d\ude80\ud800"]""")]
    [TestCase("""{"a":"{\"k\":\"\\nK\\u00e9\"}"}""", """{"a":"{\"k\":\"\\n[masked api key]\\u00e9\"}"}""")]
    [TestCase("""["{\"a\":\"{\\\"b\\\":\\\"x\\\\nK\\\"}\"}"]""",
        """["{\"a\":\"{\\\"b\\\":\\\"x\\\\n[masked api key]\\\"}\"}"]""")]
    [TestCase("""["user\u002Btag@example.com","{\"m\":\"\\u00e9bob\\u002Bx@example.com\"}"]""",
        """["[masked e-mail address]","{\"m\":\"\\u00e9[masked e-mail address]\"}"]""")]
    [TestCase("[4111111111111111,4111111111111112,41.5]", """["[masked card number]",4111111111111112,41.5]""")]
    [TestCase("""{"SecretAccessKey":"W","x":"W"}""", """{"SecretAccessKey":"[masked api key]","x":"W"}""")]
    public void Only_what_is_secret_changes(string json, string expected)
    {
        json = json.Replace("\\u0073K1", "\\u0073" + Samples.Anthropic[1..]);

        Assert.That(Mask(Filled(json)), Is.EqualTo(Filled(expected)));
    }

    [TestCase("""{"a":"K" """)]
    [TestCase("""K""")]
    [TestCase("""{"a":"K",}""")]
    [TestCase("""data: {"a":"\nK"}""")]
    [TestCase("")]
    public void What_is_no_JSON_is_masked_as_a_text(string text)
        => Assert.That(Mask(Filled(text)), Is.EqualTo(text.Replace("K", "[masked api key]")));

    [Test]
    public void What_is_no_UTF8_is_masked_and_stays_what_it_is_elsewhere()
    {
        var key = Encoding.UTF8.GetBytes(Samples.Anthropic);
        byte[] json = [(byte)'[', (byte)'"', 0xff, .. key, 0xfe, (byte)'"', (byte)']'];

        var masked = _masker.MaskJson(Samples.Train, json).Json.ToArray();

        byte[] expected = [(byte)'[', (byte)'"', 0xff, .. "[masked api key]"u8.ToArray(), 0xfe, (byte)'"', (byte)']'];
        Assert.That(masked, Is.EqualTo(expected));
    }

    [Test]
    public void Ten_thousand_levels_are_walked()
    {
        var json = string.Concat(Enumerable.Repeat("[{\"a\":", 5_000)) + $"\"{Samples.Anthropic}\""
            + string.Concat(Enumerable.Repeat("}]", 5_000));

        Assert.That(Mask(json), Does.Contain("\"[masked api key]\"").And.Not.Contain(Samples.Anthropic));
        Assert.That(_masker.Find(Samples.Train, Encoding.UTF8.GetBytes(json)).Single().Place, Does.EndWith("/a/0/a"));
    }

    [Test]
    public void A_thousand_secrets_in_random_places_are_gone_and_the_rest_is_equal()
    {
        var random = new Random(20250101);
        string[] secrets =
        [
            .. Samples.ApiKeys[..6], Samples.Jwt, Samples.Pem, Samples.Email, "4111 1111 1111 1111",
        ];
        for (var round = 0; round < 100; round++)
        {
            var planted = new List<string>();
            var bodies = new JsonArray();
            while (planted.Count < 10)
            {
                bodies.Add(Body(random, 4, () =>
                {
                    planted.Add(secrets[random.Next(secrets.Length)]);
                    return planted[^1];
                }));
            }

            var json = bodies.ToJsonString(Escaping(round));
            var expected = json;
            foreach (var secret in planted.Distinct())
            {
                expected = Spellings(secret).Aggregate(
                    expected, (text, spelling) => text.Replace(spelling, Mask(secret)));
            }

            var masked = Mask(json);
            Assert.That(masked, Is.EqualTo(expected));
            Assert.That(Mask(masked), Is.EqualTo(masked));
            Assert.That(_masker.Find(Samples.Train, Encoding.UTF8.GetBytes(masked)), Is.Empty);
            Assert.That(() => JsonNode.Parse(masked), Throws.Nothing);
        }
    }

    [Test]
    public void Findings_name_the_place_and_never_the_secret()
    {
        var json = Filled("""{"a/b":["x",{"K":"K"}],"n":4111111111111111,"t":"K and E"}""");

        var findings = _masker.Find(Samples.Train, Encoding.UTF8.GetBytes(json));

        Assert.That(findings, Is.EqualTo(new SecretFinding[]
        {
            new(SecretKind.ApiKey, "/a~1b/1/[masked api key]"),
            new(SecretKind.ApiKey, "/a~1b/1/[masked api key]"),
            new(SecretKind.CardNumber, "/n"),
            new(SecretKind.ApiKey, "/t"),
            new(SecretKind.EmailAddress, "/t"),
        }));
    }

    private static JsonNode Body(Random random, int depth, Func<string> plant)
    {
        var text = random.Next(4) switch
        {
            0 => plant(),
            1 => $"say \"{plant()}\"\nand é \\ 🚀",
            2 => $"{plant()}\n",
            _ => "nothing < here > to 'see'",
        };
        return depth == 0 ? JsonValue.Create(text)
            : random.Next(4) switch
            {
                0 => new JsonArray(1.50, text, Body(random, depth - 1, plant), Body(random, depth - 1, plant)),
                1 => JsonValue.Create(Body(random, depth - 1, plant).ToJsonString(Escaping(random.Next(2)))),
                _ => new JsonObject
                {
                    ["role"] = "user",
                    [$"k {text}"] = Body(random, depth - 1, plant),
                    ["b"] = Body(random, depth - 1, plant),
                },
            };
    }

    private static JsonSerializerOptions Escaping(int i) => i % 2 == 0 ? JsonSerializerOptions.Default : _relaxed;

    private static readonly JsonSerializerOptions _relaxed =
        new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    // As it is written in JSON, in JSON in JSON and so on, the deepest first.
    private static List<string> Spellings(string secret)
    {
        var all = new HashSet<string> { secret };
        for (var level = 0; level < 6; level++)
        {
            foreach (var text in all.ToList())
            {
                all.Add(JsonSerializer.Serialize(text)[1..^1]);
                all.Add(JsonSerializer.Serialize(text, _relaxed)[1..^1]);
            }
        }

        return [.. all.OrderByDescending(text => text.Length)];
    }

    private static string Filled(string text)
        => text.Replace("K\"", Samples.Anthropic + "\"").Replace("K\\", Samples.Anthropic + "\\")
            .Replace("\"K ", "\"" + Samples.Anthropic + " ").Replace("W\"", Samples.AwsSecret + "\"")
            .Replace(" E\"", " " + Samples.Email + "\"") is var filled && filled == "K" ? Samples.Anthropic : filled;

    private string Mask(string text)
        => Encoding.UTF8.GetString(_masker.MaskJson(Samples.Train, Encoding.UTF8.GetBytes(text)).Json.Span);
}
