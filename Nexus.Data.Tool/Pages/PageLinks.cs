using System.Globalization;

namespace Nexus.Data.Tool.Pages;

/// <summary>The names of places on a page.</summary>
internal static class PageLinks
{
    /// <summary>A request's row in the table.</summary>
    public static string Row(int request) => Name('r', request);

    /// <summary>A request's node in the tree: of several in one node, the first's.</summary>
    public static string Node(int request) => Name('n', request);

    /// <summary>A request's bar on the timeline.</summary>
    public static string Bar(int request) => Name('t', request);

    /// <summary>A branch's row in the table of branches.</summary>
    public static string Branch(int branch) => Name('b', branch);

    /// <summary>The number that people see, from 1.</summary>
    public static string Number(int index) => (index + 1).ToString(CultureInfo.InvariantCulture);

    private static string Name(char letter, int index) => letter + Number(index);
}
