using System.Security.Cryptography;
using System.Text;

namespace Nexus.Data.Tests.Conversations.Hashing;

public sealed class StableSystemTests
{
    [TestCase("You plan gardens.", "You plan gardens.")]
    [TestCase("\r\n You plan\r\ngardens.\u00A0", "You plan\ngardens.")]
    [TestCase("x-anthropic-billing-header: cch=1;\nYou plan.", "You plan.")]
    [TestCase("You plan.\n \tX-Anthropic-Billing-Header: a", "You plan.")]
    [TestCase("You plan. x-anthropic-billing-header: a", "You plan. x-anthropic-billing-header: a")]
    [TestCase("A\n<transient_context>\nx\n</transient_context>\nB", "A\n\nB")]
    [TestCase("A <system-reminder>x</system-reminder> B", "A B")]
    [TestCase("A\nToday's date is 2025-09-01.\nB", "A\nB")]
    [TestCase("A\n  - today's date: 2025-09-01", "A")]
    [TestCase("A\n* Today’s date: x\nB", "A\nB")]
    [TestCase("A\nSay Today's date", "A\nSay Today's date")]
    [TestCase("A\n\ngitStatus: M a.cs\non main\n\nB", "A\n\nB")]
    [TestCase("A\nStatus:\nM a.cs\n?? b.cs", "A")]
    [TestCase("A\nStatus:\nM a.cs\n?? b.cs\n\nB", "A\n\nB")]
    [TestCase("A\nStatus: fine\nB", "A\nStatus: fine\nB")]
    [TestCase("A\nCurrent branch: x\nMain branch (for PRs): main\nB", "A\nB")]
    [TestCase("A\nRecent commits:\nabc one\ndef two", "A")]
    [TestCase("A\r\nStatus:\r\nM a\r\n\r\nRecent commits:\r\nabc one\r\n\r\nB", "A\n\nB")]
    [TestCase("A\n\n\n\n\nB", "A\n\nB")]
    [TestCase("\nYou are Claude Code, Anthropic's official CLI for Claude.\nEnv", "You are Claude Code, Anthropic's official CLI for Claude")]
    [TestCase("x-anthropic-billing-header: 1\nYou are an agent for Claude Code, Anthropic's official CLI for Claude. X",
        "You are an agent for Claude Code, Anthropic's official CLI for Claude")]
    [TestCase("You are an interactive CLI tool that helps users with software engineering tasks, and more",
        "You are an interactive CLI tool that helps users with software engineering tasks")]
    public void Only_what_stays_from_turn_to_turn_counts(string system, string expected) =>
        Assert.That(
            Hashed.System(system).StableSystemHash, Is.EqualTo(SHA256.HashData(Encoding.UTF8.GetBytes(expected))));

    [Test]
    public void What_jsonb_cannot_hold_counts_as_what_it_holds_instead() =>
        Assert.That(
            Hashed.System("a\0b\ud83d").StableSystemHash, Is.EqualTo(Hashed.System("a\uFFFDb\uFFFD").StableSystemHash));

    [TestCase("")]
    [TestCase(" \n")]
    [TestCase("x-anthropic-billing-header: 1")]
    [TestCase("<transient_context>x</transient_context>")]
    [TestCase("gitStatus: clean")]
    [TestCase("Today's date is 2025-09-01")]
    public void Where_nothing_stays_there_is_no_hash(string system) =>
        Assert.That(Hashed.System(system).StableSystemHash, Is.Null);

    [Test]
    public void Blocks_count_as_their_texts_with_line_feeds_between()
    {
        var blocks = Hashed.Body("""
            {"system":[{"type":"text","text":"x-anthropic-billing-header: a"},
            {"type":"text","text":"You plan.","cache_control":{"type":"ephemeral"}},{"text":"Be brief.","type":"text"}]}
            """);

        Assert.That(blocks.StableSystemHash, Is.EqualTo(Hashed.System("You plan.\nBe brief.").StableSystemHash));
    }

    [TestCase("null")]
    [TestCase("7")]
    [TestCase("{}")]
    [TestCase("[]")]
    [TestCase("[null,7,{}]")]
    public void Other_values_are_no_system_prompt(string system)
    {
        var hashes = Hashed.Body($$"""{"system":{{system}}}""");

        Assert.That((hashes.StableSystemHash, hashes.SystemHash, hashes.IsSummarizer), Is.EqualTo((null as byte[], null as string, false)));
    }

    [TestCase("You are a helpful AI assistant tasked with summarizing conversations.", true)]
    [TestCase("You are a helpful AI assistant.", false)]
    [TestCase("", false)]
    public void The_summarizer_is_known_by_its_sentence(string system, bool expected) =>
        Assert.That(Hashed.System(system).IsSummarizer, Is.EqualTo(expected));

    [Test]
    [CancelAfter(20_000)]
    public void Many_parts_that_lead_nowhere_are_read_once()
    {
        foreach (var piece in new[] { "\nStatus:\nX", "\nStatus:\n \n", "\nStatus:\nX\r", "<transient_context>", "gitStatus:", "\nMain branch" })
        {
            Assert.That(Hashed.System(string.Concat(Enumerable.Repeat(piece, 300_000)) + "end\r").MessageCount, Is.Zero);
        }
    }
}
