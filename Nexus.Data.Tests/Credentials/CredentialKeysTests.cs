using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Nexus.Data.Credentials;

namespace Nexus.Data.Tests.Credentials;

public sealed class CredentialKeysTests
{
    private static readonly string _one = CredentialKeys.Generate("one");
    private static readonly string _two = CredentialKeys.Generate("two");

    private string _file = "";

    [SetUp]
    public void CreateFile() => _file = Path.GetTempFileName();

    [TearDown]
    public void DeleteFile() => File.Delete(_file);

    [Test]
    public void A_line_has_an_id_and_32_random_bytes()
    {
        var lines = Enumerable.Range(0, 100).Select(_ => CredentialKeys.Generate()).ToList();

        Assert.That(lines.Distinct().Count(), Is.EqualTo(100));
        Assert.That(lines, Has.All.Match("^key-[0-9a-f]{8}:[A-Za-z0-9+/]{43}=$"));
        Assert.That(() => CredentialKeys.Generate("a:b"), Throws.ArgumentException);
    }

    [Test]
    public void The_first_line_of_a_file_is_the_current_key_and_the_others_are_read()
    {
        File.WriteAllLines(_file, ["# of the year before last: two", "", $"  {_one} ", _two]);
        var before = Protector(options => options.Keys["two"] = _two[4..]).Protect("secret", "place");

        var protector = Protector(options => options.KeyFile = _file);

        Assert.That(protector.Protect("secret", "place"), Does.StartWith("nx1:one:"));
        Assert.That(protector.Unprotect(before, "place"), Is.EqualTo("secret"));
    }

    [Test]
    public void The_option_names_the_current_key_before_the_file_does()
    {
        File.WriteAllLines(_file, [_one]);

        var protector = Protector(options =>
        {
            options.KeyFile = _file;
            options.Keys["two"] = _two[4..];
            options.CurrentKeyId = "two";
        });

        Assert.That(protector.Protect("secret", "place"), Does.StartWith("nx1:two:"));
    }

    [Test]
    public void What_is_wrong_is_named_and_no_key_is_quoted()
    {
        var key = _one[4..];
        (string Told, Action<CredentialProtectionOptions> Wrong)[] cases =
        [
            ("Keys:short", options => options.Keys["short"] = key[..20]),
            ("Keys:none", options => options.Keys["none"] = null!),
            ("Keys: the id", options => options.Keys[key] = "one"),
            ("CurrentKeyId", options => (options.Keys["one"], options.CurrentKeyId) = (key, "two")),
            ("CurrentKeyId: there are several", options => (options.Keys["one"], options.Keys["two"]) = (key, _two[4..])),
            ("CurrentKeyId", options => (options.Keys["one"], options.CurrentKeyId) = ("x", key)),
            ("KeyFile: it cannot be read (FileNotFoundException)", options => options.KeyFile = _file + ".none"),
            ("KeyFile: it has no key", options => options.KeyFile = Written("# nothing")),
            ("KeyFile, line 2", options => options.KeyFile = Written(_one, key)),
            ("KeyFile, line 1: the key is not 32 bytes", options => options.KeyFile = Written(_one + "x")),
            ("KeyFile, line 3: the id 'one' has another key", options => options.KeyFile = Written(_one, "", CredentialKeys.Generate("one"))),
        ];

        foreach (var (told, wrong) in cases)
        {
            var exception = Assert.Throws<OptionsValidationException>(() => Protector(wrong), told);
            Assert.That(exception!.Message, Does.Contain(told).And.Not.Contain(key).And.Not.Contain(key[..20]));
        }
    }

    [Test]
    public void The_issuer_of_tokens_has_to_be_safe_to_talk_to_and_times_in_their_ranges()
    {
        using var provider = new ServiceCollection().AddNexusData("Host=nowhere")
            .Configure<OAuthTokenClientOptions>(options =>
                (options.Endpoint, options.ClientId, options.Timeout) = (new("http://example.org/token"), " ", TimeSpan.Zero))
            .Configure<AccessTokenOptions>(options =>
                (options.RefreshBefore, options.WaitLimit) = (TimeSpan.FromDays(1), TimeSpan.Zero))
            .BuildServiceProvider();

        var client = Assert.Throws<OptionsValidationException>(
            () => _ = provider.GetRequiredService<IOptions<OAuthTokenClientOptions>>().Value);
        var tokens = Assert.Throws<OptionsValidationException>(
            () => _ = provider.GetRequiredService<IOptions<AccessTokenOptions>>().Value);

        Assert.That(client!.Message, Does.Contain("Endpoint").And.Contain("ClientId").And.Contain("Timeout"));
        Assert.That(tokens!.Message, Does.Contain("RefreshBefore").And.Contain("WaitLimit").And.Not.Contain("FailurePause"));
    }

    private string Written(params string[] lines)
    {
        File.WriteAllLines(_file, lines);
        return _file;
    }

    private static ICredentialProtector Protector(Action<CredentialProtectionOptions> configure)
    {
        using var provider = new ServiceCollection().AddNexusData("Host=nowhere").Configure(configure).BuildServiceProvider();
        return provider.GetRequiredService<ICredentialProtector>();
    }
}
