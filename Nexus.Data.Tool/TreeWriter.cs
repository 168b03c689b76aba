using Spectre.Console;

namespace Nexus.Data.Tool;

/// <summary>A line of a tree, with those that hang on it.</summary>
/// <param name="text">What it says.</param>
/// <param name="colour">Its colour by Spectre's name; null for the usual one.</param>
internal sealed class TreeLine(string text, string? colour = null)
{
    private readonly List<TreeLine> _below = [];

    public string Text { get; } = TerminalText.Line(text);

    public IReadOnlyList<TreeLine> Below => _below;

    public string Markup() => colour is null ? Text.EscapeMarkup() : $"[{colour}]{Text.EscapeMarkup()}[/]";

    /// <summary>Hangs a line on this one, behind those that are there.</summary>
    /// <returns>The line that was added.</returns>
    public TreeLine Add(TreeLine line)
    {
        _below.Add(line);
        return line;
    }
}

/// <summary>Prints trees: with guides on a terminal, as indented lines elsewhere.</summary>
internal static class TreeWriter
{
    public static void Write(ToolHost host, TreeLine root)
    {
        if (host.IsTerminal)
        {
            host.CreateConsole().Write(Guided(root));
            return;
        }

        // By a stack of its own: a tree may be deeper than that of the thread.
        var open = new Stack<(TreeLine Line, int Depth)>([(root, 0)]);
        while (open.TryPop(out var next))
        {
            host.Output.WriteLine(new string(' ', 2 * next.Depth) + next.Line.Text);
            foreach (var line in next.Line.Below.Reverse())
            {
                open.Push((line, next.Depth + 1));
            }
        }
    }

    private static Tree Guided(TreeLine root)
    {
        var tree = new Tree(root.Markup());
        var open = new Stack<(TreeLine Line, IHasTreeNodes Node)>([(root, tree)]);
        while (open.TryPop(out var next))
        {
            foreach (var line in next.Line.Below)
            {
                open.Push((line, next.Node.AddNode(line.Markup())));
            }
        }

        return tree;
    }
}
