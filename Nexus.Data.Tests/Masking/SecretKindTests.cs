using System.Text;
using Nexus.Data.Masking;

namespace Nexus.Data.Tests.Masking;

/// <summary>What is a secret, and what only looks like one.</summary>
public sealed class SecretKindTests
{
    private readonly SecretMasker _masker = Samples.All();

    [TestCaseSource(typeof(Samples), nameof(Samples.ApiKeys))]
    public void A_key_is_masked_wherever_it_stands(string key)
    {
        Assert.That(Mask($"{key}"), Is.EqualTo("[masked api key]"));
        Assert.That(Mask($"the key is \"{key}\", ok"), Is.EqualTo("the key is \"[masked api key]\", ok"));
        Assert.That(Mask($"KEY={key}\nX=1"), Is.EqualTo("KEY=[masked api key]\nX=1"));
        Assert.That(Mask($@"first\n{key}\nlast"), Is.EqualTo(@"first\n[masked api key]\nlast"));
        Assert.That(Mask($"\u001b[32m{key}\u001b[0m"), Is.EqualTo("\u001b[32m[masked api key]\u001b[0m"));
        Assert.That(Mask($"é{key}é"), Is.EqualTo("é[masked api key]é"));
    }

    [TestCaseSource(typeof(Samples), nameof(Samples.ApiKeys))]
    public void A_key_that_is_cut_short_or_goes_on_from_a_word_is_none(string key)
    {
        var prefix = key[..(key.LastIndexOfAny(['-', '_'], Math.Min(key.Length - 1, 9)) + 1)];

        Assert.That(Mask(prefix + "abc"), Is.EqualTo(prefix + "abc"));
        Assert.That(Mask("word" + key), Is.EqualTo("word" + key));
    }

    [TestCase("curl -H 'Authorization: Bearer {0}'", "abc.def-123456")]
    [TestCase("authorization: bearer {0}", "0123456789abcdef0123456789abcdef")]
    [TestCase("BEARER\t{0} ends.", "AbCdEfGhIjKlMnOpQrStUvWx")]
    [TestCase("bEaReR {0}.", "a1b2c3d4e5f6")]
    [TestCase("Authorization: Basic {0}", "dXNlcjpwYXNzd29yZA==")]
    [TestCase("basic {0}, and more", "dTpw")]
    [TestCase("token {0}", Samples.Jwt)]
    [TestCase("https://host/?x={0}&y", Samples.Jwt)]
    public void A_token_behind_its_word_is_masked(string text, string token)
        => Assert.That(Mask(text.Replace("{0}", token)), Is.EqualTo(text.Replace("{0}", "[masked bearer token]")));

    [Test]
    public void A_key_of_a_provider_stays_one_behind_Bearer()
        => Assert.That(Mask($"Bearer {Samples.Anthropic}"), Is.EqualTo("Bearer [masked api key]"));

    [TestCase("aws_secret_access_key = {0}")]
    [TestCase("AWS_SECRET_ACCESS_KEY={0}")]
    [TestCase("export AWS_SECRET_ACCESS_KEY='{0}'")]
    [TestCase("\"SecretAccessKey\": \"{0}\"")]
    [TestCase("aws_secret_key: {0}")]
    [TestCase("<SecretAccessKey>{0}</SecretAccessKey>")]
    public void The_secret_of_an_AWS_key_is_known_by_its_name(string text)
        => Assert.That(
            Mask(text.Replace("{0}", Samples.AwsSecret)), Is.EqualTo(text.Replace("{0}", "[masked api key]")));

    [Test]
    public void Forty_characters_are_no_secret_without_that_name()
        => Assert.That(Mask($"commit_key = {Samples.AwsSecret}"), Is.EqualTo($"commit_key = {Samples.AwsSecret}"));

    [Test]
    public void The_way_of_a_Slack_webhook_is_masked()
        => Assert.That(
            Mask("POST https://hooks.slack.com/" + "services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX now"),
            Is.EqualTo("POST https://hooks.slack.com/services/[masked api key] now"));

    [Test]
    public void A_private_key_is_masked_with_its_markers()
    {
        var literal = Samples.Pem.Replace("\n", "\\n");
        var cut = Samples.Pem[..Samples.Pem.IndexOf("-----END", StringComparison.Ordinal)];

        Assert.That(Mask($"a\n{Samples.Pem}\nb"), Is.EqualTo("a\n[masked private key]\nb"));
        Assert.That(Mask($"a \"{literal}\" b"), Is.EqualTo("a \"[masked private key]\" b"));
        Assert.That(Mask($"a {cut} b"), Is.EqualTo("a [masked private key]"));
        Assert.That(
            Mask(Samples.Pem.Replace("RSA PRIVATE KEY", "PGP PRIVATE KEY BLOCK")), Is.EqualTo("[masked private key]"));
    }

    [TestCase("postgres://user:{0}@db.example.com:5432/x")]
    [TestCase("redis://:{0}@localhost")]
    [TestCase("see https://u:{0}@[::1]/?a=b, or not")]
    [TestCase("https:\\/\\/u:{0}@host\\/x")]
    public void A_password_in_an_address_is_masked(string text)
    {
        foreach (var password in new[] { "hunter2", "p%40ss", "p@ss", "a:b", "päss" })
        {
            Assert.That(
                Mask(text.Replace("{0}", password)), Is.EqualTo(text.Replace("{0}", "[masked url password]")), password);
        }
    }

    [Test]
    public void A_password_with_a_slash_that_nobody_escaped_is_masked()
        => Assert.That(
            Mask("postgres://user:ab/cd+ef==@db/x"), Is.EqualTo("postgres://user:[masked url password]@db/x"));

    [TestCase("jane@example.com")]
    [TestCase("jane.doe+tag@mail.example.co.uk")]
    [TestCase("j@x.io")]
    [TestCase("a_b%c-d@sub-domain.example.museum")]
    public void An_email_address_is_masked(string address)
        => Assert.That(Mask($"write to <{address}>."), Is.EqualTo("write to <[masked e-mail address]>."));

    [TestCase("4111111111111111")]
    [TestCase("4111 1111 1111 1111")]
    [TestCase("4111-1111-1111-1111")]
    [TestCase("5555555555554444")]
    [TestCase("2223003122003222")]
    [TestCase("3782 822463 10005")]
    [TestCase("6011111111111117")]
    [TestCase("3056 930902 5904")]
    [TestCase("3530111333300000")]
    [TestCase("4222222222222")]
    public void A_card_number_is_masked(string number)
        => Assert.That(Mask($"pay 7 with {number}, 12/27"), Is.EqualTo("pay 7 with [masked card number], 12/27"));

    [TestCase("550e8400-e29b-41d4-a716-446655440000")]
    [TestCase("41111111-1111-4111-8111-411111111111")]
    [TestCase("da39a3ee5e6b4b0d3255bfef95601890afd80709")]
    [TestCase("toolu_01A09q90qw90lq917835lq9 msg_013Zva2CMHLNnjNjJKqJ2EF req_011CSHoEeqs5C35K2UUqR7Fy")]
    [TestCase("chatcmpl-123456789012345678901234567890 call_0123456789abcdef01234567")]
    [TestCase("task-force-0123456789-abcdefghij-0123456789")]
    [TestCase("disk-0123456789abcdef0123456789abcdef risk-0123456789abcdef0123456789")]
    [TestCase("sk-learn-contrib-extra-feature-branch-2024 sk-SK")]
    [TestCase("1732222222222 1732222222222222 1732222222222222222")]
    [TestCase("1.2.3-beta.4+build.4111111111111111")]
    [TestCase("0.4111111111111111 and 4111111111111111.5")]
    [TestCase("4111111111111112 4111-1111-1111-1112")]
    [TestCase("x4111111111111111 4111111111111111x _4111111111111111 id-4111111111111111")]
    [TestCase("user@localhost @scope/name lodash@4.17.21 react@18.2.0 logo@2x.png")]
    [TestCase("the bearer of this letter, Bearer authentication, Bearer RFC-6750, the Basic principles of basic training")]
    [TestCase("Bearer ${TOKEN} Bearer <token> Basic <credentials>")]
    [TestCase("http://localhost:8080/@vite/client https://medium.com/@user http://${host}:${port}/@x")]
    [TestCase("https://fonts.googleapis.com/css2?family=Roboto:wght@400;700 http://[::1]:80/a@b")]
    [TestCase("postgres://user:${PASSWORD}@host and postgres://user@host/x:y")]
    [TestCase("-----BEGIN CERTIFICATE-----\nMIIBIjANBgkqhkiG9w0B\n-----END CERTIFICATE-----")]
    [TestCase("starts with \"-----BEGIN PRIVATE KEY-----\" or else it is refused")]
    [TestCase("npm_config_registry hf_hub_download ghp_short AKIAshort eyJhbGciOiJIUzI1NiJ9 secret access keys")]
    [TestCase("data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")]
    public void What_only_looks_like_a_secret_stays(string text)
    {
        Assert.That(Mask(text), Is.EqualTo(text));

        var json = Encoding.UTF8.GetBytes(System.Text.Json.JsonSerializer.Serialize(text));
        Assert.That(_masker.MaskJson(Samples.Train, json).IsChanged, Is.False);
    }

    [Test]
    public void A_picture_in_base64_stays()
    {
        var bytes = new byte[3_000_000];
        new Random(1).NextBytes(bytes);
        var text = Convert.ToBase64String(bytes);

        Assert.That(Mask(text), Is.SameAs(text));
    }

    private string Mask(string text) => _masker.MaskText(Samples.Train, text);
}
