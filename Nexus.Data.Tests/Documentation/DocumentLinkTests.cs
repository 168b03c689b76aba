using Nexus.Data.Tests.Architecture;

namespace Nexus.Data.Tests.Documentation;

/// <summary>No link of a document leads nowhere. Other people's servers are not asked.</summary>
public sealed class DocumentLinkTests
{
    [Test]
    public void Every_link_leads_somewhere()
    {
        var links =
            (from document in Documents.All()
             from target in MarkdownLinks.Targets(Documents.Read(document))
             select (document, target)).ToList();

        Assert.That(links.Select(link => (link, Fault(link.document, link.target))).Where(link => link.Item2 is not null), Is.Empty);
        Assert.That(links, Has.Count.GreaterThan(100), "The links are found.");
    }

    [Test]
    public void Every_document_below_docs_is_in_its_index()
    {
        var listed = MarkdownLinks.Targets(Documents.Read("docs/README.md")).ToHashSet(StringComparer.Ordinal);
        var folders = new[] { "docs/cli/", "docs/decisions/" };

        var left =
            from document in Documents.All()
            where document.StartsWith("docs/", StringComparison.Ordinal) && document != "docs/README.md"
            let target = folders.FirstOrDefault(folder => document.StartsWith(folder, StringComparison.Ordinal)) is { } folder
                ? document == $"{folder}README.md" ? document[5..] : folder[5..^1]
                : document[5..]
            where !listed.Contains(target) && !listed.Contains($"{target}/README.md")
            select document;

        Assert.That(left, Is.Empty);
    }

    [TestCase("docs/adopting.md", null)]
    [TestCase("docs/adopting.md#1-look", null)]
    [TestCase("#two-commands", null)]
    [TestCase("docs", null)]
    [TestCase("https://example.org/a?b#c", null)]
    [TestCase("docs/nothing.md", "no such file")]
    [TestCase("docs/adopting.md#nothing", "no such heading")]
    [TestCase("#nothing", "no such heading")]
    [TestCase("../elsewhere.md", "outside of the repository")]
    [TestCase("LICENSE#mit", "no headings")]
    [TestCase("https://", "no address")]
    [TestCase("http:example.org", "no address")]
    [TestCase("ftp://example.org/", "no address")]
    public void A_link_that_leads_nowhere_is_found(string target, string? fault)
        => Assert.That(Fault("README.md", target), Is.EqualTo(fault));

    [TestCase("Two commands", "two-commands")]
    [TestCase("1. Look", "1-look")]
    [TestCase("How to read `explain`", "how-to-read-explain")]
    [TestCase("Set up, and begin anew", "set-up-and-begin-anew")]
    [TestCase("A team after months: `populate-large`", "a-team-after-months-populate-large")]
    [TestCase("[Keys](keys.md) & **locks**", "keys--locks")]
    [TestCase("Größe über_alles", "größe-über_alles")]
    public void A_heading_has_the_anchor_that_GitHub_gives_it(string heading, string anchor)
        => Assert.That(MarkdownLinks.Slug(heading), Is.EqualTo(anchor));

    [Test]
    public void Equal_headings_are_numbered_and_those_in_code_are_none()
        => Assert.That(
            MarkdownLinks.Anchors("# A\n\n## B\n\n```sh\n# C\n```\n\n## B\n<a id=\"d\"></a>\n"), Is.EquivalentTo(["a", "b", "b-1", "d"]));

    [Test]
    public void Links_of_all_forms_are_found_and_those_in_code_are_none()
        => Assert.That(
            MarkdownLinks.Targets(
                """
                [a](a.md) ![b](b.svg "title") <https://c.example> <img src="d.png"> `[e](e.md)` [f]

                ```text
                [g](g.md)
                ```

                [f]: f.md
                """),
            Is.EquivalentTo(["a.md", "b.svg", "https://c.example", "d.png", "f.md"]));

    // What is wrong with a link; null where it leads somewhere.
    private static string? Fault(string document, string target)
    {
        if (target.Contains(':', StringComparison.Ordinal))
        {
            return Uri.TryCreate(target, UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
                && target.Contains("://", StringComparison.Ordinal) && address!.Host.Contains('.', StringComparison.Ordinal)
                ? null
                : "no address";
        }

        var parts = target.Split('#', 2);
        var path = parts[0].Length == 0
            ? Repository.PathOf(document)
            : Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Repository.PathOf(document))!, parts[0]));
        return !path.StartsWith(Repository.Root + Path.DirectorySeparatorChar, StringComparison.Ordinal) ? "outside of the repository"
            : !Path.Exists(path) ? "no such file"
            : parts.Length == 1 ? null
            : Path.GetExtension(path) != ".md" ? "no headings"
            : MarkdownLinks.Anchors(File.ReadAllText(path).ReplaceLineEndings("\n")).Contains(parts[1]) ? null
            : "no such heading";
    }
}
