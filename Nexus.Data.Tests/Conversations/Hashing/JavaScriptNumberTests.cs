using System.Globalization;
using System.Text;
using Nexus.Data.Conversations.Hashing;

namespace Nexus.Data.Tests.Conversations.Hashing;

public sealed class JavaScriptNumberTests
{
    [TestCase("0", "0")]
    [TestCase("-0", "0")]
    [TestCase("-0.0", "0")]
    [TestCase("0e5", "0")]
    [TestCase("1.0", "1")]
    [TestCase("-1.50", "-1.5")]
    [TestCase("1e3", "1000")]
    [TestCase("1E+05", "100000")]
    [TestCase("100", "100")]
    [TestCase("0.1", "0.1")]
    [TestCase("1e20", "100000000000000000000")]
    [TestCase("1e21", "1e+21")]
    [TestCase("1.25e21", "1.25e+21")]
    [TestCase("-1e100", "-1e+100")]
    [TestCase("123456789012345680000", "123456789012345680000")]
    [TestCase("12345678901234567890", "12345678901234567000")]
    [TestCase("999999999999999900000", "999999999999999900000")]
    [TestCase("123456789012345", "123456789012345")]
    [TestCase("9007199254740993", "9007199254740992")]
    [TestCase("0.000001", "0.000001")]
    [TestCase("1e-6", "0.000001")]
    [TestCase("0.0000001", "1e-7")]
    [TestCase("1.5e-7", "1.5e-7")]
    [TestCase("0.00001234", "0.00001234")]
    [TestCase("5e-324", "5e-324")]
    [TestCase("2e-324", "0")]
    [TestCase("1e-400", "0")]
    [TestCase("-1e-400", "0")]
    [TestCase("1.7976931348623157e308", "1.7976931348623157e+308")]
    [TestCase("1e400", "null")]
    [TestCase("-1e400", "null")]
    [TestCase("1e99999999999", "null")]
    [TestCase("1e-99999999999", "0")]
    [TestCase("4.35", "4.35")]
    [TestCase("123.456", "123.456")]
    public void A_number_prints_as_in_JavaScript(string json, string expected) =>
        Assert.That(Print(json), Is.EqualTo(expected));

    [Test]
    public void A_long_number_is_as_exact_as_a_short_one()
    {
        Assert.That(Print("0." + new string('0', 20_000) + "1e20001"), Is.EqualTo("1"));
        Assert.That(Print("1" + new string('0', 20_000) + "e-20000"), Is.EqualTo("1"));
        Assert.That(Print("1." + new string('0', 5000) + "1"), Is.EqualTo("1"));
        Assert.That(Print("9007199254740993." + new string('0', 1000) + "1"), Is.EqualTo("9007199254740994"));
    }

    [Test]
    public void What_is_printed_gives_the_double_back()
    {
        var random = new Random(11);
        for (var count = 0; count < 100_000; count++)
        {
            var value = BitConverter.Int64BitsToDouble(random.NextInt64(long.MinValue, long.MaxValue));
            if (double.IsFinite(value))
            {
                var printed = Print(value.ToString("R", CultureInfo.InvariantCulture));
                Assert.That(double.Parse(printed, CultureInfo.InvariantCulture), Is.EqualTo(value));
            }
        }
    }

    private static string Print(string json)
    {
        using var output = new PooledBuffer();
        JavaScriptNumber.Append(Encoding.UTF8.GetBytes(json), output);
        return Encoding.UTF8.GetString(output.Written);
    }
}
