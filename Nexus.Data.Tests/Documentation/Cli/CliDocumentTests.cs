using System.CommandLine;
using System.Globalization;
using System.Text;
using Nexus.Data.Embedded;
using Nexus.Data.Tests.Architecture;
using Nexus.Data.Tests.Tool;
using Nexus.Data.Tool;

namespace Nexus.Data.Tests.Documentation.Cli;

/// <summary>docs/cli has a page for each verb: its help, and a transcript. Both are what the tool says.</summary>
public sealed class CliDocumentTests
{
    private const string Folder = "docs/cli";

    // The version of the server that the transcripts are made with.
    private const int Written = 15;

    [Test]
    public async Task The_pages_are_what_the_tool_says()
    {
        if (PostgresBinaries.Find() is { MajorVersion: not Written and var version })
        {
            Assert.Ignore($"The pages are written with PostgreSQL {Written}, and this is {version}, which plans and counts otherwise in places.");
        }

        var pages = await PagesAsync();
        if (Environment.GetEnvironmentVariable("NEXUS_ACCEPT_DOCS") == "1")
        {
            Directory.CreateDirectory(Repository.PathOf(Folder));
            foreach (var old in Directory.GetFiles(Repository.PathOf(Folder), "*.md"))
            {
                File.Delete(old);
            }

            foreach (var (name, page) in pages)
            {
                await File.WriteAllTextAsync(Repository.PathOf($"{Folder}/{name}"), page);
            }
        }

        Assert.Multiple(() =>
        {
            Assert.That(
                Directory.GetFiles(Repository.PathOf(Folder)).Select(Path.GetFileName), Is.EquivalentTo(pages.Keys));
            foreach (var (name, page) in pages)
            {
                Assert.That(
                    Repository.Read($"{Folder}/{name}"), Is.EqualTo(page),
                    $"{Folder}/{name} is not what the tool says. Where that is meant: NEXUS_ACCEPT_DOCS=1 dotnet test --filter FullyQualifiedName~CliDocumentTests");
            }
        });
    }

    private static async Task<SortedDictionary<string, string>> PagesAsync()
    {
        var transcripts = new Dictionary<string, StringBuilder>(StringComparer.Ordinal);
        await using (var world = new TranscriptWorld())
        {
            foreach (var step in Transcript.Steps)
            {
                var verb = step.Line.Split(' ')[0];
                if (!transcripts.TryGetValue(verb, out var lines))
                {
                    transcripts[verb] = lines = new();
                }
                else
                {
                    lines.Append('\n');
                }

                lines.Append(await world.RunAsync(step));
            }
        }

        var pages = new SortedDictionary<string, string>(StringComparer.Ordinal) { ["README.md"] = Index() };
        foreach (var verb in Verbs())
        {
            var page = new StringBuilder(string.Create(CultureInfo.InvariantCulture, $"# nexus-data {verb.Name}\n\n{verb.Description}\n"));
            foreach (var path in Paths(verb, verb.Name))
            {
                page.Append(CultureInfo.InvariantCulture, $"\n## {path}\n\n```text\n{await HelpAsync(path)}```\n");
            }

            Assert.That(transcripts, Contains.Key(verb.Name), "A verb without a transcript.");
            page.Append(CultureInfo.InvariantCulture, $"\n## Transcript\n\n```console\n{transcripts[verb.Name]}```\n");
            pages.Add($"{verb.Name}.md", page.ToString());
        }

        return pages;
    }

    private static string Index()
    {
        var page = new StringBuilder(
            """
            # The tool's verbs

            A page for each verb: its help, and what it prints, for people and with `--json`. Both are made by the tests, which compare them
            with what the tool says: identifiers, times and sizes that are other ones each time are left out.

            | verb | what it does |
            |---|---|

            """);
        foreach (var verb in Verbs())
        {
            page.Append(CultureInfo.InvariantCulture, $"| [`{verb.Name}`]({verb.Name}.md) | {verb.Description} |\n");
        }

        page.Append(
            """

            ## Older names

            The names that people have typed until now are understood; so is an underscore for a hyphen.

            | name | stands for |
            |---|---|

            """);
        foreach (var (name, words) in VerbNames.Aliases.OrderBy(alias => alias.Key, StringComparer.Ordinal))
        {
            page.Append(CultureInfo.InvariantCulture, $"| `{name}` | `{string.Join(' ', words)}` |\n");
        }

        return page.ToString();
    }

    private static IEnumerable<Command> Verbs() => CommandTree.Root().Subcommands;

    private static IEnumerable<string> Paths(Command verb, string path)
        => verb.Subcommands.Where(sub => !sub.Hidden).SelectMany(sub => Paths(sub, $"{path} {sub.Name}")).Prepend(path);

    private static async Task<string> HelpAsync(string path)
    {
        var run = await ToolRun.RunAsync([.. path.Split(' '), "--help"]);

        // Under the name of the tool instead of that of the program that runs the tests.
        return run.Output.Replace($"  {RootCommand.ExecutableName} ", "  nexus-data ", StringComparison.Ordinal).Trim('\r', '\n').Replace("\r", "", StringComparison.Ordinal) + "\n";
    }
}
