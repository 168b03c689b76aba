using System.Text.RegularExpressions;
using Nexus.Data.Trains;

namespace Nexus.Data.Tests.Trains;

public sealed partial class ApiKeyTextTests
{
    [Test]
    public void A_key_has_prefix_randomness_and_check_and_passes_the_originals_rule()
    {
        var keys = Enumerable.Range(0, 1000).Select(_ => ApiKeyText.Create("cnp_live")).ToList();

        Assert.That(keys, Is.Unique);
        Assert.That(keys, Is.All.Matches<string>(key => Original().IsMatch(key) && key.Length == 58));
        Assert.That(keys, Is.All.Matches<string>(ApiKeyText.MayBeKey));
    }

    [Test]
    public void All_256_bits_are_in_it()
    {
        // Of 43 digits of 62 the first can only be small where 256 bits are all there is.
        var firsts = Enumerable.Range(0, 2000).Select(_ => ApiKeyText.Create("x")[2]).Distinct().ToList();

        Assert.That(firsts, Has.Count.GreaterThan(50));
    }

    [Test]
    public void One_wrong_character_anywhere_is_found_without_a_database()
    {
        var key = ApiKeyText.Create("cnp_test");

        for (var i = 0; i < key.Length; i++)
        {
            if (key[i] != '_')
            {
                var wrong = key.ToCharArray();
                wrong[i] = wrong[i] == 'a' ? 'b' : 'a';
                Assert.That(ApiKeyText.MayBeKey(new string(wrong)), Is.False, $"at {i}");
            }
        }
    }

    // The database's generator, the script's, and what people have made by hand.
    [TestCase("cnp_live_0123456789abcdefghijABCDEFGHIJkl")]
    [TestCase("cnp_live_kZ3-_9vQ0123456789abcdefghijABCDEFGHIJklmnopqr")]
    [TestCase("test-key")]
    [TestCase("sk-ant-api03-x")]
    public void Keys_of_other_programs_bear_no_check(string key) => Assert.That(ApiKeyText.MayBeKey(key), Is.True);

    [TestCase(null)]
    [TestCase("")]
    [TestCase("  ")]
    public void Nothing_is_no_key(string? key) => Assert.That(ApiKeyText.MayBeKey(key), Is.False);

    [Test]
    public void What_is_far_too_long_is_no_key_and_is_not_hashed()
        => Assert.That(ApiKeyText.MayBeKey(new string('x', 513)), Is.False);

    [TestCase("cnp_live", true)]
    [TestCase("a", true)]
    [TestCase("abcdefghij_klmnopqr", true)]
    [TestCase("abcdefghij_klmnopqrs", false)]
    [TestCase("", false)]
    [TestCase("9x", false)]
    [TestCase("x_", false)]
    [TestCase("x-y", false)]
    [TestCase("xä", false)]
    public void A_prefix_is_letters_digits_and_underscores(string prefix, bool isOne)
        => Assert.That(ApiKeyText.IsPrefix(prefix), Is.EqualTo(isOne));

    [GeneratedRegex("^cnp_(live|test)_[a-zA-Z0-9_]+$")]
    private static partial Regex Original();
}
