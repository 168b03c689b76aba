using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Nexus.Data.Conversations.Browsing;
using Nexus.Data.Tool.Pages;

namespace Nexus.Data.Tests.Tool.Pages;

public sealed partial class ConversationPageTests
{
    private static readonly XNamespace _svg = "http://www.w3.org/2000/svg";

    [Test]
    public void Every_request_is_in_tree_timeline_and_table_once_and_all_links_resolve([Range(1, 20)] int seed)
    {
        var tree = DrawnConversation.Random(seed, 40 * seed);

        var page = Page(tree);

        var ids = page.Descendants().Attributes("id").Select(id => id.Value).ToList();
        var links = page.Descendants().Attributes("href").Select(link => link.Value).ToList();
        Assert.That(ids, Is.Unique);
        Assert.That(links, Has.All.StartsWith("#"));
        Assert.That(links.Select(link => link[1..]).Except(ids), Is.Empty);
        foreach (var letter in "rnt")
        {
            Assert.That(ids.Count(id => Regex.IsMatch(id, $@"^{letter}\d+$")), Is.EqualTo(tree.Requests.Count), $"{letter}");
        }

        Assert.That(
            page.Descendants("td").Select(cell => cell.Value).Where(text => Guid.TryParse(text, out _)),
            Is.EqualTo(tree.Requests.Select(request => request.RequestId.ToString())));
        Assert.That(
            page.Descendants("tr").Count(row => ((string?)row.Attribute("id"))?.StartsWith('b') == true), Is.EqualTo(tree.Branches.Count));
    }

    [Test]
    public void Kinds_are_told_apart_by_shape_and_colour_and_the_legend_names_them()
    {
        var page = Page(DrawnConversation.Random(3, 300));

        var legend = page.Descendants("ul").Single();
        Assert.That(
            legend.Elements("li").Select(entry => entry.Value),
            Is.EqualTo((string[])["main branch", "fork", "sub-task", "continuation", "retry", "summary", "failed"]));
        var nodes = legend.Elements("li").SkipLast(1)
            .Select(entry => entry.Descendants(_svg + "path").Single(path => ((string)path.Attribute("class")!).StartsWith("k ", StringComparison.Ordinal)))
            .Select(node => ((string)node.Attribute("class")!, (string)node.Attribute("d")!)).ToList();
        Assert.That(nodes.Select(node => node.Item1), Is.Unique);
        Assert.That(nodes.Select(node => node.Item2), Is.Unique);
        Assert.That(
            page.Descendants(_svg + "path").Attributes("class").Select(name => name.Value),
            Is.SupersetOf(nodes.Select(node => node.Item1)), "Each is in the tree, too.");
    }

    [Test]
    public void Hostile_texts_are_texts()
    {
        var node = DrawnConversation.Node(1) with
        {
            BranchId = DrawnConversation.Hostile,
            Model = DrawnConversation.Hostile,
            Error = DrawnConversation.Hostile,
            AccountId = DrawnConversation.Hostile,
            RequestType = DrawnConversation.Hostile,
            TrainId = DrawnConversation.Hostile,
        };

        var text = Text(DrawnConversation.Tree([node]));
        var page = XDocument.Parse(text);

        Assert.That(text, Does.Not.Contain("<script").And.Not.Contain("alert('x')</script"));
        Assert.That(text.IndexOf('\u0001', StringComparison.Ordinal), Is.EqualTo(-1));
        Assert.That(page.Descendants().Select(element => element.Name.LocalName), Has.None.EqualTo("script"));
        Assert.That(
            page.Descendants("td").Count(cell => cell.Value == "</title><script>alert('x')</script>\uFFFD\uFFFD\uFFFD&amp;\"'"),
            Is.EqualTo(7));
    }

    [Test]
    public void The_page_asks_for_nothing_from_elsewhere_and_knows_dark_light_and_paper()
    {
        var text = Text(DrawnConversation.Random(1, 30));

        Assert.That(text, Does.StartWith("<!DOCTYPE html>"));
        Assert.That(External().Matches(text.Replace("xmlns=\"http://www.w3.org/2000/svg\"", "", StringComparison.Ordinal)), Is.Empty);
        var style = XDocument.Parse(text).Descendants("style").Single().Value;
        Assert.That(text, Does.Contain(style), "Nothing in it is escaped: browsers read it as it is.");
        Assert.That(
            style, Does.Contain("prefers-color-scheme: dark").And.Contain("@media print").And.Contain("overflow: auto"));
    }

    [Test]
    public void Empty_elements_have_end_tags_or_need_none()
    {
        var text = Text(DrawnConversation.Random(2, 100));

        var closed = SelfClosed().Matches(text).Select(match => match.Groups[1].Value).Distinct();
        Assert.That(closed, Is.SubsetOf((string[])["meta", "path", "rect", "text"]), "HTML's own, and those of SVG.");
    }

    [Test]
    public void A_conversation_that_was_cut_says_so()
    {
        var nodes = new[] { DrawnConversation.Node(1) };

        var cut = XDocument.Parse(Text(new ConversationTree(Guid.NewGuid(), nodes, isCut: true)));

        Assert.That(cut.Descendants("p").Single().Value, Does.Contain("20,000"));
        Assert.That(Page(DrawnConversation.Tree(nodes)).Descendants("p"), Is.Empty);
    }

    [Test]
    public void The_largest_conversation_is_written_whole()
    {
        var tree = DrawnConversation.Random(4, ConversationQueries.LargestTree, branching: 0.03, isOdd: false);

        var page = Page(tree);

        Assert.That(page.Descendants("tr").Attributes("id").Count(id => id.Value.StartsWith('r')), Is.EqualTo(tree.Requests.Count));
        var nodes = page.Descendants(_svg + "a").Attributes("id").Count(id => id.Value.StartsWith('n'));
        Assert.That(nodes, Is.LessThan(tree.Requests.Count), "Quiet stretches are folded.");
        var ids = page.Descendants().Attributes("id").Select(id => id.Value).ToHashSet();
        Assert.That(page.Descendants().Attributes("href").Select(link => link.Value[1..]).Where(link => !ids.Contains(link)), Is.Empty);
    }

    private static XDocument Page(ConversationTree tree) => XDocument.Parse(Text(tree));

    private static string Text(ConversationTree tree)
    {
        using var bytes = new MemoryStream();
        ConversationPage.Write(bytes, tree);
        return Encoding.UTF8.GetString(bytes.ToArray());
    }

    [GeneratedRegex(@"https?:|//[a-z]|src=|@import|url\(|<script|<link|\son[a-z]+=", RegexOptions.IgnoreCase)]
    private static partial Regex External();

    [GeneratedRegex(@"<(\w+)[^<>]*/>")]
    private static partial Regex SelfClosed();
}
