using Nexus.Data.Chats;

namespace Nexus.Data.Tests.Chats;

public sealed class PasswordHasherTests
{
    private static readonly PasswordHasher _hasher = new(iterations: 1_000);

    [Test]
    public void A_password_is_verified_and_no_other()
    {
        var hash = _hasher.Hash("Tür zu!");

        Assert.That(_hasher.Verify(hash, "Tür zu!"), Is.EqualTo(PasswordVerification.Right));
        Assert.That(_hasher.Verify(hash, "Tu\u0308r zu!"), Is.EqualTo(PasswordVerification.Right), "As another keyboard writes it.");
        Assert.That(_hasher.Verify(hash, "tür zu!"), Is.EqualTo(PasswordVerification.Wrong));
        Assert.That(_hasher.Verify(null, "Tür zu!"), Is.EqualTo(PasswordVerification.Wrong));
        Assert.That(_hasher.Verify(hash, ""), Is.EqualTo(PasswordVerification.Wrong));
    }

    [Test]
    public void A_hash_says_how_it_was_made_and_has_a_salt_of_its_own()
    {
        var (first, second) = (_hasher.Hash("secret"), _hasher.Hash("secret"));

        Assert.That(first, Does.StartWith("$pbkdf2-sha512$i=1000$").And.Not.Contain("secret"));
        Assert.That(second, Is.Not.EqualTo(first));
    }

    // Made by another program: PBKDF2-HMAC-SHA512, 32 bytes, of "password" with the salt "saltsaltsaltsalt".
    [Test]
    public void It_is_the_standard_function()
    {
        const string hash = "$pbkdf2-sha512$i=1000$c2FsdHNhbHRzYWx0c2FsdA$715rqIr5dXOVPpBhqqsugl037zT5bWJTWYmZtIcK8hA";

        Assert.That(_hasher.Verify(hash, "password"), Is.EqualTo(PasswordVerification.Right));
    }

    [Test]
    public void One_with_fewer_iterations_is_right_but_outdated_and_one_with_more_is_right()
    {
        Assert.That(new PasswordHasher(2_000).Verify(_hasher.Hash("x"), "x"), Is.EqualTo(PasswordVerification.RightButOutdated));
        Assert.That(_hasher.Verify(new PasswordHasher(2_000).Hash("x"), "x"), Is.EqualTo(PasswordVerification.Right));
    }

    [Test]
    public void A_hash_of_another_maker_is_verified_by_what_the_host_brings_along_and_otherwise_refused_without_showing_it()
    {
        var hasher = new PasswordHasher(1_000, [new Reversed()]);

        Assert.That(hasher.Verify("$reversed$terces", "secret"), Is.EqualTo(PasswordVerification.RightButOutdated));
        Assert.That(hasher.Verify("$reversed$terces", "other"), Is.EqualTo(PasswordVerification.Wrong));
        Assert.That(
            () => _hasher.Verify("$2b$12$abcdefghijklmnopqrstuv", "secret"),
            Throws.InstanceOf<NexusDataException>().With.Message.Contains("IForeignPasswordHash")
                .And.Message.Not.Contains("abcdefghijklmnopqrstuv"));
    }

    [TestCase("")]
    [TestCase("$pbkdf2-sha512$i=0$c2FsdA$aGFzaA")]
    [TestCase("$pbkdf2-sha512$i=99999999999$c2FsdA$aGFzaA")]
    [TestCase("$pbkdf2-sha512$i=1000$c2FsdA$aGFzaA")]
    [TestCase("$pbkdf2-sha512$i=1000$c2FsdA")]
    public void What_is_no_hash_lets_nobody_in(string hash)
        => Assert.That(() => _hasher.Verify(hash, "x"), Throws.InstanceOf<NexusDataException>());

    [Test]
    public void A_password_is_not_empty_and_not_endless()
    {
        Assert.That(() => _hasher.Hash(""), Throws.InstanceOf<NexusDataException>());
        Assert.That(() => _hasher.Hash(new string('x', 1_025)), Throws.InstanceOf<NexusDataException>());
        Assert.That(() => new PasswordHasher(0), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    private sealed class Reversed : IForeignPasswordHash
    {
        public bool Knows(string hash) => hash.StartsWith("$reversed$", StringComparison.Ordinal);

        public bool Verify(string hash, string password) => hash[10..].Reverse().SequenceEqual(password);
    }
}
