using System.Xml.Linq;
using static Nexus.Data.Tool.Pages.Markup;

namespace Nexus.Data.Tool.Pages;

/// <summary>The shapes of requests: each kind has one of its own, so that none needs its colour.</summary>
internal static class NodeShapes
{
    private const double Size = 5;

    /// <summary>The shape of a kind around a point, with a cross in it where the call failed.</summary>
    public static IEnumerable<XElement> Of(RequestKind kind, double x, double y, bool hasFailed = false)
    {
        yield return Shape("path", At("class", $"k {Class(kind)}{(hasFailed ? " bad" : "")}"), At("d", Path(kind, x, y)));
        if (hasFailed)
        {
            yield return Shape(
                "path", At("class", "cross"),
                At("d", Inv($"M{x - 2.5:0.##} {y - 2.5:0.##}l5 5m0 -5l-5 5")));
        }
    }

    /// <summary>What surrounds a node that stands for several requests.</summary>
    public static XElement Ring(double x, double y)
        => Shape("circle", At("class", "many"), At("cx", x), At("cy", y), At("r", 8));

    /// <summary>The class that gives a kind its colour.</summary>
    public static string Class(RequestKind kind) => kind switch
    {
        RequestKind.Fork => "fork",
        RequestKind.Subtask => "task",
        RequestKind.Continuation => "cont",
        RequestKind.Retry => "retry",
        RequestKind.Summary => "sum",
        _ => "main",
    };

    private static string Path(RequestKind kind, double x, double y) => kind switch
    {
        RequestKind.Fork => Inv($"M{x:0.##} {y - Size - 1:0.##}l6 6l-6 6l-6 -6z"),
        RequestKind.Subtask => Inv($"M{x - Size:0.##} {y - Size:0.##}h10v10h-10z"),
        RequestKind.Continuation => Inv($"M{x - 6:0.##} {y:0.##}l3 -5h6l3 5l-3 5h-6z"),
        RequestKind.Retry => Inv($"M{x:0.##} {y - 6:0.##}l6 11h-12z"),
        RequestKind.Summary => Inv($"M{x - 6:0.##} {y - 5:0.##}h12l-6 11z"),
        _ => Inv($"M{x - Size:0.##} {y:0.##}a5 5 0 1 0 10 0a5 5 0 1 0 -10 0z"),
    };
}
