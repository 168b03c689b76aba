using System.CommandLine;
using System.Text.RegularExpressions;
using Nexus.Data.Tests.Tool;

namespace Nexus.Data.Tests.Documentation.Commands;

/// <summary>No command of a document escapes <see cref="DocumentCommandTests"/>, and what sentences name is there.</summary>
public sealed partial class CommandBlockTests
{
    // What cannot run here, by document and reason: a block with another mark has to be named.
    private static readonly (string Document, string Reason)[] _notRun =
    [
        ("README.md", "this is what runs the others"),
        ("docs/deploying.md", "the tests of packages run it in a project of its own"),
        ("docs/deploying.md", "the tests of packages run it in a project of its own"),
        ("docs/deploying.md", "the tests of packages run it in a project of its own"),
    ];

    private static readonly string[] _shells = ["bash", "shell", "zsh", "console", "powershell", "pwsh", "cmd"];

    [Test]
    public void What_is_not_run_is_known()
        => Assert.That(
            CommandBlock.All().Where(block => block.NotRun is not null).Select(block => (block.Document, block.NotRun!)),
            Is.EquivalentTo(_notRun));

    [Test]
    public void No_commands_hide_in_another_kind_of_block()
    {
        var hidden =
            from document in CommandBlock.Documents()

            // Those are transcripts, which are run where they are made.
            where !document.StartsWith("docs/cli/", StringComparison.Ordinal)
            from Match fence in Language().Matches(Documents.Read(document))
            where _shells.Contains(fence.Groups[1].Value)
            select $"{document}: {fence.Value}";

        Assert.That(hidden, Is.Empty, "Fence commands as sh.");
    }

    [Test]
    public void Every_mark_stands_before_a_block()
    {
        var marks =
            from document in CommandBlock.Documents()
            from Match mark in Mark().Matches(Documents.Read(document))
            select document;
        var blocks = CommandBlock.All().Where(block => block.NotRun is not null || block.ExitCode != 0)
            .Select(block => block.Document);

        Assert.That(marks, Is.EquivalentTo(blocks));
    }

    // Also within sentences, where nothing runs them.
    [Test]
    public void Every_verb_and_every_option_that_is_named_exists()
    {
        var root = CommandTree.Root();
        var named =
            from document in Documents.All()
            from Match line in InSentence().Matches(Documents.Read(document).ReplaceLineEndings(" "))
            select (document, Words: line.Groups[1].Value.Split(' ', StringSplitOptions.RemoveEmptyEntries));

        var unknown = named.Where(line => !IsKnown(root, line.Words)).Select(line => $"{line.document}: nexus-data {string.Join(' ', line.Words)}");

        Assert.That(named.Count(), Is.GreaterThan(20), "They are found.");
        Assert.That(unknown, Is.Empty);
    }

    [Test]
    public void Blocks_and_their_marks_are_read()
    {
        var blocks = CommandBlock.Of(
            "x.md",
            "```sh\na\n```\n\n<!-- not run: no engine -->\n```sh\nb\nc\n```\n<!-- exit code 3: it asks -->\n```sh\nd\n```\n\n```text\ne\n```\n");

        Assert.That(
            blocks.Select(block => (block.Number, block.Script, block.ExitCode, block.NotRun)),
            Is.EqualTo([(1, "a\n", 0, null), (2, "b\nc\n", 0, "no engine"), (3, "d\n", 3, (string?)null)]));
    }

    private static bool IsKnown(Command root, string[] words)
    {
        var command = root;
        var options = root.Options.ToList();
        foreach (var word in words)
        {
            if (word.StartsWith("--", StringComparison.Ordinal))
            {
                if (!options.Any(option => option.Name == word.Split('=')[0]))
                {
                    return false;
                }
            }
            else if (command.Subcommands.FirstOrDefault(sub => sub.Name == word) is { } sub)
            {
                command = sub;
                options.AddRange(sub.Options);
            }
            else if (command == root)
            {
                // A word in capitals stands for any verb.
                return word.All(letter => !char.IsLower(letter));
            }
        }

        return true;
    }

    [GeneratedRegex("^```([a-z]+)$", RegexOptions.Multiline)]
    private static partial Regex Language();

    [GeneratedRegex("^<!-- (?:not run|exit code)", RegexOptions.Multiline)]
    private static partial Regex Mark();

    [GeneratedRegex("(?<!`)`nexus-data ([^`|;>]+?)(?: [|;>][^`]*)?`")]
    private static partial Regex InSentence();
}
