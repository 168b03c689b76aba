using System.CommandLine;
using System.Text;

namespace Nexus.Data.Tool;

/// <summary>The file that a chart goes to.</summary>
internal static class ChartFile
{
    public static Option<string?> Option() => new("--chart")
    {
        Description = "Draw it too, as SVG, in place of a file that is there.",
        HelpName = "FILE",
    };

    public static async Task WriteAsync(string path, string svg, CancellationToken cancellationToken)
    {
        await using var file = WholeFile.Create(Path.GetFullPath(path));
        await file.Stream.WriteAsync(Encoding.UTF8.GetBytes(svg), cancellationToken);
        await file.CommitAsync();
    }
}
