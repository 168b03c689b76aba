using System.Text;
using Nexus.Data.Conversations.Hashing;

namespace Nexus.Data.Tests.Conversations.Hashing;

public sealed class JavaScriptTextTests
{
    [Test]
    public void Trim_takes_what_JavaScript_calls_white_space_and_nothing_else()
    {
        int[] others = [0x00A0, 0x1680, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000, 0xFEFF];
        int[] white = [.. Enumerable.Range(0x09, 5), 0x20, .. Enumerable.Range(0x2000, 11), .. others];

        var trimmed =
            from code in Enumerable.Range(0, 0x10000)
            where code is < 0xD800 or > 0xDFFF
            let text = Encoding.UTF8.GetBytes($"{(char)code}x{(char)code}")
            where JavaScriptText.Trim(text).SequenceEqual("x"u8)
            select code;

        Assert.That(trimmed, Is.EquivalentTo(white));
    }

    [TestCase("", "")]
    [TestCase(" \u3000\uFEFF\r\n", "")]
    [TestCase("\u00A0a \u2003b\u2029", "a \u2003b")]
    [TestCase("\u0085a\u200B", "\u0085a\u200B")]
    public void Trim_leaves_the_middle(string text, string expected) =>
        Assert.That(Encoding.UTF8.GetString(JavaScriptText.Trim(Encoding.UTF8.GetBytes(text))), Is.EqualTo(expected));

    [TestCase("a\r\nb", "a\nb")]
    [TestCase("a\rb\nc", "a\rb\nc")]
    [TestCase("\r\n\r\n", "\n\n")]
    [TestCase("a\r\r\nb\r\n", "a\r\nb\n")]
    [TestCase("\r", "\r")]
    [TestCase("", "")]
    public void Line_ends_become_LF_once(string text, string expected)
    {
        var bytes = Encoding.UTF8.GetBytes(text);

        Assert.That(
            Encoding.UTF8.GetString(bytes, 0, JavaScriptText.UnifyLineEnds(bytes)), Is.EqualTo(expected));
    }

    [TestCase("Hello\n\n<system-reminder>x</system-reminder>\nWorld", "Hello\nWorld")]
    [TestCase("Text with <system-reminder>n</system-reminder> inline", "Text with inline")]
    [TestCase("<system-reminder>a</system-reminder><system-reminder>b</system-reminder>", "")]
    [TestCase("a <SYSTEM-Reminder>x\u2028\r\ny</System-REMINDER>", "a")]
    [TestCase("<system-reminder>in <system-reminder>n</system-reminder> out</system-reminder>", " out</system-reminder>")]
    [TestCase("a <system-reminder>open", "a <system-reminder>open")]
    [TestCase("a </system-reminder> <system-reminder>b", "a </system-reminder> <system-reminder>b")]
    [TestCase("a <system-reminder >x</system-reminder>", "a <system-reminder >x</system-reminder>")]
    [TestCase("a <\u017Fystem-reminder>x</system-reminder>", "a <\u017Fystem-reminder>x</system-reminder>")]
    [TestCase("a\u3000\uFEFF<system-reminder>x</system-reminder>\u3000b", "a\u3000b")]
    [TestCase("a\u200B <system-reminder>x</system-reminder>b", "a\u200Bb")]
    [TestCase("<<system-reminder>x</system-reminder>>", "<>")]
    [TestCase("<system-reminder></system-reminder> <system-reminder>x</system-reminder>", "")]
    public void Reminders_go_with_the_white_space_before_them(string text, string expected)
    {
        var bytes = Encoding.UTF8.GetBytes(text);

        var has = JavaScriptText.HasReminder(bytes);
        var stripped = Encoding.UTF8.GetString(bytes, 0, JavaScriptText.StripReminders(bytes));

        Assert.That(stripped, Is.EqualTo(expected));
        Assert.That(has, Is.EqualTo(text != expected));
    }

    [Test]
    [CancelAfter(10_000)]
    public void Many_openings_that_nothing_closes_are_read_once()
    {
        var text = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("<system-reminder>", 1_000_000)));

        Assert.That(JavaScriptText.HasReminder(text), Is.False);
        Assert.That(JavaScriptText.StripReminders(text), Is.EqualTo(text.Length));
    }
}
