using Nexus.Data.Tests.Architecture;

namespace Nexus.Data.Tests.Documentation;

/// <summary>The documents of the repository: those at its top, in docs, in the packages, and beside the samples.</summary>
internal static class Documents
{
    /// <summary>Their paths from the repository's root.</summary>
    public static IEnumerable<string> All()
        => Directory.EnumerateFiles(Repository.Root, "*.md")
            .Concat(Below("docs"))
            .Concat(Below("samples"))
            .Concat(Directory.EnumerateDirectories(Repository.Root, "Nexus.Data*").SelectMany(package => Directory.EnumerateFiles(package, "README.md")))
            .Select(path => Path.GetRelativePath(Repository.Root, path).Replace('\\', '/'))
            .Where(path => !path.Split('/').Any(part => part is "bin" or "obj"))
            .Order(StringComparer.Ordinal);

    /// <summary>A document's text, with the line ends that it has in the repository.</summary>
    public static string Read(string document) => Repository.Read(document).ReplaceLineEndings("\n");

    private static IEnumerable<string> Below(string folder)
        => Directory.Exists(Repository.PathOf(folder))
            ? Directory.EnumerateFiles(Repository.PathOf(folder), "*.md", SearchOption.AllDirectories)
            : [];
}
