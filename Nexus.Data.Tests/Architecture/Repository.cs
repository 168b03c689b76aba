using System.Diagnostics;

namespace Nexus.Data.Tests.Architecture;

/// <summary>The files that these tests read: those of the clone that was built.</summary>
internal static class Repository
{
    private static readonly Lazy<string> _root = new(FindRoot);

    public static string Root => _root.Value;

    public static string PathOf(string relative) => Path.Combine(Root, relative);

    public static string Read(string relative) => File.ReadAllText(PathOf(relative));

    /// <summary>Paths of the source files below a folder, without what a build makes.</summary>
    public static IEnumerable<string> SourcesBelow(string folder, bool withSubfolders = true)
        => Directory.EnumerateFiles(
                PathOf(folder), "*.cs", withSubfolders ? SearchOption.AllDirectories : SearchOption.TopDirectoryOnly)
            .Select(RelativePath)
            // The compiled model is EF's writing.
            .Where(path => !path.Split('/').Any(part => part is "bin" or "obj" or "CompiledModel"))
            .Order(StringComparer.Ordinal);

    /// <summary>Paths of all files that git tracks or would add; null where there is no clone or no git.</summary>
    public static IReadOnlyList<string>? TrackedFiles()
    {
        try
        {
            var start = new ProcessStartInfo(
                "git",
                [
                    "-c", $"safe.directory={Root}", "-c", "core.quotePath=false",
                    "ls-files", "--cached", "--others", "--exclude-standard",
                ])
            {
                WorkingDirectory = Root,
                RedirectStandardOutput = true,
            };
            using var git = Process.Start(start)!;
            var files = git.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
            git.WaitForExit();
            return git.ExitCode == 0 ? [.. files.Where(file => File.Exists(PathOf(file)))] : null;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    private static string RelativePath(string path) => Path.GetRelativePath(Root, path).Replace('\\', '/');

    // From where the test runs and not from [CallerFilePath], which names no real folder in a build for CI.
    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Nexus.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException("There is no Nexus.sln above the tests: they run from a clone.");
    }
}
