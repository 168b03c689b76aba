using Nexus.Data.Tests.Analyses;
using Nexus.Data.Tool;

namespace Nexus.Data.Tests.Tool;

/// <summary>What stands in rows is no order to a terminal.</summary>
public sealed class TerminalTextTests : AnalysisTest
{
    private const string Orders = "\u001b[2J\u009b31m\u0007\b";

    [TestCase("plain text", "plain text")]
    [TestCase("a\u001b[31mb\u009bc\u007f", "a [31mb c ")]
    [TestCase("a\nb\tc\rd", "a b c d")]
    [TestCase(null, "")]
    public void A_line_has_no_control_characters(string? text, string line)
        => Assert.That(TerminalText.Line(text), Is.EqualTo(line));

    [Test]
    public void A_line_ends_where_it_would_be_too_long()
        => Assert.That((TerminalText.Line("12345", 5), TerminalText.Line("123456", 5)), Is.EqualTo(("12345", "1234…")));

    [TestCase("one\ntwo\tthree", "one\n  two\tthree")]
    [TestCase("one\r\ntwo", "one\n  two")]
    [TestCase("a\u001b[31mb\bc", "a [31mb c")]
    public void A_block_keeps_lines_and_tabs_alone(string text, string block)
        => Assert.That(TerminalText.Block(text, indent: 2).ReplaceLineEndings("\n"), Is.EqualTo(block));

    [Test]
    public async Task Trains_members_and_keys_are_printed_without_control_characters()
    {
        await RunAsync("trains", "create", Train, "--owner", "ada@example.com");
        var made = await RunAsync("keys", "create", Train, "--json");
        await AdministerAsync(
            $"""
            UPDATE trains SET name = 'Rail{Orders}Club', description = 'one{Orders}' || chr(10) || 'state  enabled',
                slack_enabled = true, slack_webhook_url = 'x', slack_channel = '#{Orders}';
            UPDATE train_members SET user_email = 'ada{Orders}@example.com', added_by = 'root{Orders}';
            UPDATE train_api_keys SET name = 'laptop{Orders}';
            """);
        var key = made.Json.GetProperty("keys")[0];
        var id = key.GetProperty("info").GetProperty("id").GetString()!;

        ToolRun[] runs =
        [
            await RunAsync("trains", "list"), await RunAsync("trains", "show", Train), await RunAsync("members", "list", Train),
            await RunAsync("keys", "list"),
            await ToolRun.RunAsync(["keys", "verify", "--connection", ConnectionString], key.GetProperty("key").GetString()!),
            await RunAsync("trains", "list", "--json"), await RunAsync("trains", "show", Train, "--json"),
            await RunAsync("trains", "create", $"x{Orders}", "--owner", "ada@example.com"),
            await RunAsync("trains", "delete", Train, "--dry-run"),
            await RunAsync("keys", "rename", id, $"desk{Orders}"), await RunAsync("keys", "revoke", id), await RunAsync("keys", "delete", id),
        ];

        Assert.Multiple(() =>
        {
            Assert.That(string.Concat(runs.Take(5).Select(run => run.Output)), Does.Contain("Rail [2J").And.Contain("root").And.Contain("laptop"));
            Assert.That(runs.Select(run => run.All), Has.All.Matches<string>(HasNoOrders));
            Assert.That(runs[1].Output, Does.Match(@"description +one.*\n +state  enabled"), "a second line passes for none of ours");
            Assert.That(runs[5].Json.GetProperty("trains")[0].GetProperty("name").GetString(), Is.EqualTo($"Rail{Orders}Club"));
        });
    }

    [Test]
    public async Task An_analysis_is_printed_without_control_characters_and_with_its_lines()
    {
        var id = await OrderAsync(prompt: "What?");
        await SetAsync(
            id,
            $"""
            custom_prompt = 'question{Orders}', model_used = 'model{Orders}', error_message = 'error{Orders}',
            lease_owner = 'worker{Orders}', branch_id = 'main{Orders}', analysis_content = 'first{Orders}' || chr(10) || chr(9) || 'second'
            """);

        var show = await RunAsync("analyses", "show", $"{id}");
        var list = await RunAsync("analyses", "list");

        Assert.Multiple(() =>
        {
            Assert.That((show.ExitCode, list.ExitCode), Is.EqualTo((0, 0)), show.All + list.All);
            Assert.That(
                show.Output,
                Does.Contain("question [2J").And.Contain("model [2J").And.Contain("error [2J").And.Contain("worker [2J").And.Contain("main [2J"));
            Assert.That(show.Output.ReplaceLineEndings("\n"), Does.Match("\nfirst [^\n]*\n\tsecond\n"));
            Assert.That(new[] { show.All, list.All }, Has.All.Matches<string>(HasNoOrders));
        });
    }

    private static bool HasNoOrders(string text)
        => !text.Any(character => char.IsControl(character) && character is not ('\r' or '\n' or '\t'));

    private Task<ToolRun> RunAsync(params string[] arguments)
        => ToolRun.RunAsync([.. arguments, "--connection", ConnectionString]);
}
