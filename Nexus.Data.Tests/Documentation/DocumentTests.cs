using System.Text.RegularExpressions;
using Nexus.Data.Tests.Architecture;
using Nexus.Data.Tests.Tool;

namespace Nexus.Data.Tests.Documentation;

/// <summary>What the documents say of code and files is true.</summary>
public sealed partial class DocumentTests
{
    [Test]
    public void Every_example_in_CSharp_is_code_that_was_compiled()
    {
        var compiled = Snippets().ToDictionary(snippet => Normalize(snippet.Code), snippet => snippet.Name);

        var unknown =
            from document in Documents.All()
            from block in Blocks(document)
            where !compiled.ContainsKey(block)
            select $"{document}: {block}";

        Assert.That(unknown, Is.Empty, "Take the text of a '// doc:NAME' region of Nexus.Data.Tests/Documentation or of a sample.");
    }

    [Test]
    public void Every_region_is_in_a_document()
    {
        var blocks = Documents.All().SelectMany(Blocks).ToHashSet(StringComparer.Ordinal);

        Assert.That(Snippets().Where(snippet => !blocks.Contains(Normalize(snippet.Code))).Select(snippet => snippet.Name),
            Is.Empty);
    }

    [Test]
    public void Every_variable_that_is_named_is_read_somewhere()
    {
        var code = string.Concat(
            Directory.EnumerateDirectories(Repository.Root, "Nexus.Data*").Select(Path.GetFileName)
                .SelectMany(folder => Repository.SourcesBelow(folder!)).Select(Repository.Read));

        var unknown =
            from document in Documents.All()
            from Match variable in Variable().Matches(Repository.Read(document))
            where !code.Contains($"\"{variable.Value}\"", StringComparison.Ordinal)
            select $"{document}: {variable.Value}";

        Assert.That(unknown, Is.Empty);
    }

    [Test]
    public async Task The_README_lists_the_verbs_of_the_tool()
    {
        var listed = Row().Matches(Repository.Read("README.md")).Select(row => row.Groups[1].Value);
        var help = (await ToolRun.RunAsync("--help")).Output;
        var verbs = Verb().Matches(help[help.IndexOf("Commands:", StringComparison.Ordinal)..]).Select(verb => verb.Groups[1].Value);

        Assert.That(listed, Is.EquivalentTo(verbs));
    }

    private static IEnumerable<string> Blocks(string document)
        => Block().Matches(Repository.Read(document)).Select(block => Normalize(block.Groups[1].Value));

    private static IEnumerable<(string Name, string Code)> Snippets()
        => from file in Repository.SourcesBelow("Nexus.Data.Tests/Documentation").Concat(Repository.SourcesBelow("samples"))
           from Match region in Region().Matches(Repository.Read(file))
           select (region.Groups[1].Value, region.Groups[2].Value);

    private static string Normalize(string code) => WhiteSpace().Replace(code, " ").Trim();

    [GeneratedRegex(@"^```csharp\n(.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex(
        @"^\s*// doc:(?!end\b)([\w-]+)\n(.*?)^\s*// doc:end\b", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Region();

    [GeneratedRegex(@"\bNEXUS_[A-Z_]+[A-Z]\b")]
    private static partial Regex Variable();

    [GeneratedRegex(@"^\| `([a-z-]+)` \|", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex(@"^  ([a-z-]+)\s", RegexOptions.Multiline)]
    private static partial Regex Verb();

    [GeneratedRegex(@"\s+")]
    private static partial Regex WhiteSpace();
}
