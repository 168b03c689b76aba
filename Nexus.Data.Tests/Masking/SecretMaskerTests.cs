using System.Text;
using Nexus.Data.Masking;

namespace Nexus.Data.Tests.Masking;

/// <summary>Headers, paths, pieces, trains and options.</summary>
public sealed class SecretMaskerTests
{
    private const string Key = "a key of the tests";

    private readonly SecretMasker _masker = Samples.All();

    [Test]
    public void Named_headers_are_masked_whole_and_others_where_they_hold_a_secret()
    {
        var json = _masker.MaskHeaders(Samples.Train, [
            new("Authorization", "anything"), new("X-Api-Key", "x"), new("Accept", "a"), new("accept", "b\"é"),
            new("Set-Cookie", "a=1"), new("set-cookie", "b=2"), new("anthropic-ratelimit-tokens-remaining", "7"),
            new("referer", $"https://host/?k={Samples.Anthropic}"),
        ]);

        Assert.That(json, Is.EqualTo(
            """{"Authorization":"[masked]","X-Api-Key":"[masked]","Accept":["a","b\"é"],"Set-Cookie":["[masked]","[masked]"],"""
            + """
              "anthropic-ratelimit-tokens-remaining":"7","referer":"https://host/?k=[masked api key]"}
              """));
        Assert.That(_masker.MaskHeaders(Samples.Train, json), Is.EqualTo(json));
    }

    [Test]
    public void Headers_that_are_JSON_already_keep_their_form()
        => Assert.That(
            _masker.MaskHeaders(Samples.Train, """{ "COOKIE" : ["a", "b"], "api-key": 7, "x":{"cookie":"c"}, "cookie":{"a":[1]} }"""),
            Is.EqualTo("""{ "COOKIE" : ["[masked]", "[masked]"], "api-key": "[masked]", "x":{"cookie":"c"}, "cookie":"[masked]" }"""));

    [TestCase("/v1/messages?beta=true", "/v1/messages?beta=true")]
    [TestCase("/v1?key=abc&alt=sse", "/v1?key=[masked]&alt=sse")]
    [TestCase("/v1?API%5Fkey=abc;d&x=1&Sig=#access_token=t", "/v1?API%5Fkey=[masked]&x=1&Sig=#access_token=[masked]")]
    [TestCase("/v1?q=Bearer%20a1b2c3d4e5f6&m=jane%40example.com", "/v1?q=Bearer%20[masked bearer token]&m=[masked e-mail address]")]
    public void Parameters_of_a_path_are_masked_by_name_and_by_form(string path, string expected)
    {
        Assert.That(_masker.MaskPath(Samples.Train, path), Is.EqualTo(expected));
        Assert.That(_masker.MaskPath(Samples.Train, expected), Is.EqualTo(expected));
    }

    [Test]
    public void Pieces_are_masked_at_every_split_as_the_whole_is()
    {
        var text = $"é🚀 is {Samples.Anthropic}, and \\n{Samples.Email} too";
        var whole = _masker.MaskText(Samples.Train, text);
        for (var i = 0; i <= text.Length; i++)
        {
            for (var j = i; j <= text.Length; j += 3)
            {
                string[] pieces = [text[..i], text[i..j], text[j..]];

                var masked = _masker.MaskPieces(Samples.Train, pieces);

                Assert.That(masked, Has.Count.EqualTo(3));
                Assert.That(string.Concat(masked), Is.EqualTo(whole), $"{i} {j}");
            }
        }
    }

    [Test]
    public void A_mask_goes_into_the_first_piece_that_its_secret_touches()
    {
        var key = Samples.Anthropic;
        string[] pieces = ["a", "b " + key[..5], key[5..9], "", key[9..] + " c", "d"];

        string[] expected = ["a", "b [masked api key]", "", "", " c", "d"];
        Assert.That(_masker.MaskPieces(Samples.Train, pieces), Is.EqualTo(expected));
    }

    [Test]
    public void With_a_key_a_mask_tells_secrets_of_a_train_apart_and_nothing_else()
    {
        var masker = Samples.All(options => options.Key = Key);
        var first = masker.MaskText(Samples.Train, Samples.Anthropic);
        var inJson = Encoding.UTF8.GetString(
            masker.MaskJson(Samples.Train, Encoding.UTF8.GetBytes($"[\"\\n{Samples.Anthropic}\"]")).Json.Span);

        Assert.That(first, Does.Match(@"^\[masked api key [0-9a-f]{8}\]$"));
        Assert.That(inJson, Is.EqualTo($"[\"\\n{first}\"]"));
        Assert.That(masker.MaskText(Samples.Train, Samples.Anthropic + "x"), Is.Not.EqualTo(first));
        Assert.That(masker.MaskText("train-b", Samples.Anthropic), Is.Not.EqualTo(first));
        Assert.That(masker.MaskText(Samples.Train, first), Is.EqualTo(first));
    }

    [Test]
    public void A_train_has_its_own_actions()
    {
        var masker = Samples.All(options => options.Trains["Train-B"] = new()
        {
            ApiKeys = MaskingAction.Off,
            EmailAddresses = MaskingAction.Drop,
        });

        Assert.That(masker.MaskText("train-b", Samples.Anthropic), Is.EqualTo(Samples.Anthropic));
        Assert.That(masker.MaskText("train-b", $"to {Samples.Email} now"), Is.EqualTo("[dropped: e-mail address]"));
        Assert.That(masker.MaskText(Samples.Train, $"to {Samples.Email}"), Is.EqualTo("to [masked e-mail address]"));
    }

    [Test]
    public void Drop_takes_the_whole_string_and_no_other()
    {
        var masker = Samples.All(options => options.ApiKeys = MaskingAction.Drop);
        var json = Encoding.UTF8.GetBytes($$"""{"a":"x {{Samples.Anthropic}} {{Samples.Email}} y","b":"z"}""");

        Assert.That(
            Encoding.UTF8.GetString(masker.MaskJson(Samples.Train, json).Json.Span),
            Is.EqualTo("""{"a":"[dropped: api key]","b":"z"}"""));
    }

    [Test]
    public void Masking_random_mixtures_twice_is_masking_them_once()
    {
        var random = new Random(7);
        string[] parts =
        [
            .. Samples.ApiKeys, Samples.Jwt, Samples.Pem, Samples.Email, Samples.Card, "4111 1111 1111 1111", "-", " ",
            "\\", "\\n", "\n", "://u:", "@", "Bearer ", "basic ", "[masked]", "[masked api key]", "\"", "é", "1", "a",
            "%20", "\\u0041",
        ];
        foreach (var masker in new[] { _masker, Samples.All(options => options.Key = Key) })
        {
            for (var i = 0; i < 3_000; i++)
            {
                var text = string.Concat(random.GetItems(parts, random.Next(1, 8)));

                var masked = masker.MaskText(Samples.Train, text);
                var path = masker.MaskPath(Samples.Train, "/?x=" + text);

                Assert.That(masker.MaskText(Samples.Train, masked), Is.EqualTo(masked), text);
                Assert.That(masker.MaskPath(Samples.Train, path), Is.EqualTo(path), text);
            }
        }
    }

    [Test]
    public void Options_that_mean_nothing_are_named()
    {
        var options = new MaskingOptions { ApiKeys = (MaskingAction)9, Key = "short" };
        options.HeaderNames.Add(" ");
        options.Trains[""] = new();
        options.Trains["b"] = new() { CardNumbers = (MaskingAction)(-1) };

        var failures = new MaskingOptionsValidation().Validate(null, options).Failures?.ToList() ?? [];

        Assert.That(failures, Has.Count.EqualTo(5));
        Assert.That(failures, Has.Some.StartsWith("ApiKeys:").And.Some.StartsWith("Key:")
            .And.Some.StartsWith("HeaderNames:").And.Some.StartsWith("Trains: a train's slug").And.Some.StartsWith("Trains:b:CardNumbers:"));
        Assert.That(failures, Has.None.Contains("short"));
        Assert.That(new MaskingOptionsValidation().Validate(null, new()).Succeeded);
    }
}
