using System.Globalization;
using System.Text.RegularExpressions;

namespace Nexus.Data.Tests.Documentation.Commands;

/// <summary>A block of commands in a document, fenced as <c>sh</c>. The line before the fence may hold a mark that readers do not see.</summary>
/// <param name="Document">The document's path.</param>
/// <param name="Number">Which of the document's blocks, from 1.</param>
/// <param name="Script">The commands.</param>
/// <param name="ExitCode">How the block has to end: 0, or what <c>&lt;!-- exit code N: reason --&gt;</c> says.</param>
/// <param name="NotRun">Why the tests do not run it, as <c>&lt;!-- not run: reason --&gt;</c> says; null where they do.</param>
internal sealed partial record CommandBlock(string Document, int Number, string Script, int ExitCode, string? NotRun)
{
    /// <summary>The documents whose commands are run: README and what is in docs.</summary>
    public static IEnumerable<string> Documents()
        => Documentation.Documents.All().Where(document => document == "README.md" || document.StartsWith("docs/", StringComparison.Ordinal));

    public static IEnumerable<CommandBlock> All() => Documents().SelectMany(Of);

    public static IReadOnlyList<CommandBlock> Of(string document) => Of(document, Documentation.Documents.Read(document));

    public static IReadOnlyList<CommandBlock> Of(string document, string markdown)
        => [
            .. Fence().Matches(markdown).Select((block, index) => new CommandBlock(
                document, index + 1, block.Groups["script"].Value,
                block.Groups["code"] is { Success: true, Value: var code } ? int.Parse(code, CultureInfo.InvariantCulture) : 0,
                block.Groups["reason"] is { Success: true, Value: var reason } ? reason : null)),
        ];

    [GeneratedRegex(
        @"^(?:<!-- (?:not run: (?<reason>[^\n]+)|exit code (?<code>\d+): [^\n]+) -->\n)?```sh\n(?<script>.*?)^```[^\S\n]*$",
        RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();
}
