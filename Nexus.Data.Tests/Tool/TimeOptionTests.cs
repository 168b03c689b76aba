using System.CommandLine;
using Nexus.Data.Tool;

namespace Nexus.Data.Tests.Tool;

public sealed class TimeOptionTests
{
    [TestCase("45s", 45)]
    [TestCase("30m", 30 * 60)]
    [TestCase("12h", 12 * 3_600)]
    [TestCase("1 hour", 3_600)]
    [TestCase("90d", 90 * 86_400)]
    [TestCase("7 days", 7 * 86_400)]
    [TestCase("2 weeks", 14 * 86_400)]
    [TestCase("1 month", 30 * 86_400)]
    public void A_length_is_a_number_and_a_unit(string text, int seconds)
    {
        var option = TimeOption.CreateLength("--older-than", "");

        Assert.That(new RootCommand { option }.Parse(["--older-than", text]).GetValue(option), Is.EqualTo(TimeSpan.FromSeconds(seconds)));
    }

    [Test]
    public void Longer_ago_than_there_are_years_is_at_the_beginning()
    {
        var option = TimeOption.CreatePast("--since", "", TimeProvider.System);

        Assert.That(new RootCommand { option }.Parse(["--since", "999999d"]).GetValue(option), Is.EqualTo(DateTimeOffset.MinValue));
    }

    [TestCase("")]
    [TestCase("d")]
    [TestCase("0d")]
    [TestCase("-1d")]
    [TestCase("1.5d")]
    [TestCase("30x")]
    [TestCase("1 year")]
    [TestCase("99999999d")]
    public void Anything_else_is_told(string text)
    {
        var option = TimeOption.CreateLength("--older-than", "");

        var errors = new RootCommand { option }.Parse(["--older-than", text]).Errors;

        Assert.That(errors.Select(error => error.Message), Has.Some.Contains("--older-than takes a length such as 90d"));
    }
}
