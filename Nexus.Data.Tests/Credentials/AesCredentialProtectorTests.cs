using Microsoft.Extensions.Options;
using Nexus.Data.Credentials;

namespace Nexus.Data.Tests.Credentials;

public sealed class AesCredentialProtectorTests
{
    private const string Secret = "sk-ant-oat01-a-secret-of-some-length";

    private static readonly string _place = SecretContext.AccessToken(Guid.Parse("0198c1a0-0000-7000-8000-000000000001"));
    private static readonly string _one = CredentialKeys.Generate("one");
    private static readonly string _two = CredentialKeys.Generate("two");

    [Test]
    public void A_secret_comes_back_and_is_not_to_be_seen_in_what_is_stored()
    {
        var protector = Of(_one);

        foreach (var secret in new[] { "", "x", Secret, "Ä ü 𝄞 nx1:one:", new string('l', 10_000) })
        {
            var stored = protector.Protect(secret, _place);

            Assert.That(protector.Unprotect(stored, _place), Is.EqualTo(secret));
            Assert.That(stored, Does.Match(@"^nx1:one:[A-Za-z0-9_-]{38,}$"));
            Assert.That((protector.IsProtected(stored), protector.IsCurrent(stored)), Is.EqualTo((true, true)));
        }
    }

    [Test]
    public void The_same_secret_is_stored_differently_each_time()
        => Assert.That(
            Enumerable.Range(0, 1_000).Select(_ => Of(_one).Protect(Secret, _place)).Distinct().Count(), Is.EqualTo(1_000));

    [Test]
    public void Another_row_or_column_refuses_it()
    {
        var protector = Of(_one);
        var id = Guid.NewGuid();
        var stored = protector.Protect(Secret, SecretContext.AccessToken(id));

        foreach (var other in new[]
            { SecretContext.RefreshToken(id), SecretContext.AccessToken(Guid.NewGuid()), SecretContext.SlackWebhook(id) })
        {
            Assert.That(
                () => protector.Unprotect(stored, other),
                Throws.TypeOf<NexusDataException>().With.Message.StartsWith(other).And.Message.Contains("another row or column"));
        }
    }

    [Test]
    public void What_was_changed_at_any_character_or_cut_off_is_refused_with_the_same_words()
    {
        var protector = Of(_one, _two);
        var stored = protector.Protect(Secret, _place);
        var messages = new HashSet<string>();

        for (var i = 0; i < stored.Length; i++)
        {
            foreach (var letter in "A_z09-:=+ \n")
            {
                if (stored[i] != letter)
                {
                    messages.Add(Refusal(protector, $"{stored[..i]}{letter}{stored[(i + 1)..]}"));
                }
            }
        }

        // From where a value can be told from a secret in clear.
        for (var length = 4; length < stored.Length; length++)
        {
            messages.Add(Refusal(protector, stored[..length]));
        }

        messages.Add(Refusal(protector, stored + "A"));
        messages.Add(Refusal(protector, stored + "="));
        messages.Add(Refusal(protector, stored.Replace("nx1:one:", "nx1:two:", StringComparison.Ordinal)));

        // By the key, by the other key, by a key of which the value lost the name, by one that is not there.
        Assert.That(messages.Where(message => !message.Contains("not configured", StringComparison.Ordinal)), Has.All.Match(
            @"^anthropic_credentials/0198c1a0-0000-7000-8000-000000000001/oauth_access_token cannot be read( by the key '(one|two)')?: it was damaged, "));
        Assert.That(messages, Has.All.Not.Contain(stored[20..40]));
    }

    [Test]
    public void The_last_letter_of_a_value_has_one_form()
    {
        var protector = Of(_one);

        // Two of the last letter's bits say nothing for one length of three.
        foreach (var secret in new[] { "a", "ab", "abc" })
        {
            var stored = protector.Protect(secret, _place);
            const string letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

            var taken = letters.Count(letter => IsTaken(protector, stored[..^1] + letter));

            Assert.That(taken, Is.EqualTo(1));
        }
    }

    [Test]
    public void A_key_that_is_not_there_is_named_with_the_place()
    {
        var stored = Of(_two).Protect(Secret, _place);

        Assert.That(
            () => Of(_one).Unprotect(stored, _place),
            Throws.TypeOf<NexusDataException>().With.Message.EqualTo($"{_place} is protected by the key 'two', which is not configured."));
        Assert.That((Of(_one).IsProtected(stored), Of(_one).IsCurrent(stored)), Is.EqualTo((true, false)));
    }

    [Test]
    public void Another_key_of_the_same_id_is_refused()
    {
        var stored = Of(_one).Protect(Secret, _place);

        Assert.That(
            () => Of(CredentialKeys.Generate("one")).Unprotect(stored, _place),
            Throws.TypeOf<NexusDataException>().With.Message.Contains("'one'").And.Message.Not.Contains(Secret));
    }

    [Test]
    public void Without_a_key_what_is_in_clear_is_read_and_nothing_is_written()
    {
        var protector = Of();

        Assert.That(protector.Unprotect(Secret, _place), Is.EqualTo(Secret));
        Assert.That(protector.IsProtected(Secret), Is.False);
        Assert.That(
            () => protector.Protect(Secret, _place),
            Throws.TypeOf<NexusDataException>().With.Message.Contains("Nexus:Data:Credentials:KeyFile")
                .And.Message.Contains("keygen").And.Message.Not.Contains(Secret));
    }

    [Test]
    public void Many_at_once_do_not_disturb_each_other()
    {
        var protector = Of(_one);

        Parallel.For(0, 2_000, i =>
        {
            var secret = $"{Secret} {i}";
            Assert.That(protector.Unprotect(protector.Protect(secret, _place), _place), Is.EqualTo(secret));
        });
    }

    [Test]
    public void No_text_of_it_holds_a_key()
    {
        var options = OptionsOf(_one);

        Assert.That($"{Of(_one)} {options}", Does.Contain("one").And.Not.Contain(_one[4..]));
    }

    private static string Refusal(AesCredentialProtector protector, string stored)
    {
        try
        {
            var read = protector.Unprotect(stored, _place);
            Assert.Fail($"'{stored}' was read as '{read}'.");
            return "";
        }
        catch (NexusDataException exception)
        {
            return exception.Message;
        }
    }

    private static bool IsTaken(AesCredentialProtector protector, string stored)
    {
        try
        {
            protector.Unprotect(stored, _place);
            return true;
        }
        catch (NexusDataException)
        {
            return false;
        }
    }

    private static AesCredentialProtector Of(params string[] keys) => new(Options.Create(OptionsOf(keys)));

    private static CredentialProtectionOptions OptionsOf(params string[] keys)
    {
        var options = new CredentialProtectionOptions { CurrentKeyId = keys.FirstOrDefault()?[..3] };
        foreach (var key in keys)
        {
            options.Keys[key[..3]] = key[4..];
        }

        return options;
    }
}
