using Nexus.Data.Conversations.Browsing;
using Nexus.Data.Tests.Tool.Pages;
using Nexus.Data.Tool;

namespace Nexus.Data.Tests.Tool;

public sealed class GraphTreeTests
{
    [Test]
    public void Every_request_is_in_the_tree_once([Range(1, 30)] int seed)
    {
        var tree = DrawnConversation.Random(seed, 20 * seed);

        var lines = Printed(tree);

        Assert.That(
            lines.Select(line => line[^36..]).Where(text => Guid.TryParse(text, out _)),
            Is.EquivalentTo(tree.Requests.Select(request => request.RequestId.ToString()).Append(tree.ConversationId.ToString())));
        Assert.That(lines, Has.Count.EqualTo(1 + tree.Branches.Count + tree.Requests.Count));
    }

    [Test]
    public void Branches_of_branches_of_branches_stay_on_the_screen()
    {
        var tree = DrawnConversation.Tree(Enumerable.Range(1, 20_000).Select(
            number => DrawnConversation.Node(number, number == 1 ? null : number - 1, number, $"branch_{number}")));

        var lines = Printed(tree);

        Assert.That(lines, Has.Count.EqualTo(40_001));
        Assert.That(lines.Max(line => line.Length - line.TrimStart().Length), Is.LessThan(50));
        Assert.That(lines, Has.Some.Contain($"branch_10 (fork, from {DrawnConversation.Id(9)}: "));
    }

    private static List<string> Printed(ConversationTree tree)
    {
        using var output = new StringWriter();
        var host = new ToolHost
        {
            Output = output,
            Error = TextWriter.Null,
            Input = TextReader.Null,
            OpenInput = () => Stream.Null,
            Environment = _ => null,
        };
        TreeWriter.Write(host, GraphTree.Of(tree.ConversationId, new(tree)));
        return [.. output.ToString().TrimEnd().Split(Environment.NewLine)];
    }
}
