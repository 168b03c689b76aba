using System.IO.Compression;
using System.Reflection;
using System.Xml.Linq;
using Nexus.Data.Tests.Architecture;

namespace Nexus.Data.Tests.Packages;

/// <summary>
/// The packages, made of what was built for the tests, in a folder that goes with the run. Asked for only by the tests that need it.
/// </summary>
internal static class Feed
{
    private static readonly Lazy<Task<string>> _folder = new(PackAsync);

    /// <summary>No other run's: nothing that is called so lies in a cache.</summary>
    public static string Version { get; } = $"0.0.1-test.{Guid.NewGuid():N}";

    /// <summary>Below it are the packages, in <c>feed</c>, and what tests make of them.</summary>
    public static DirectoryInfo Root => _root.Value;

    public static string Configuration { get; } =
        typeof(Feed).Assembly.GetCustomAttribute<AssemblyConfigurationAttribute>()!.Configuration;

    private static readonly Lazy<DirectoryInfo> _root = new(() => Directory.CreateTempSubdirectory("nexus-packages-"));

    public static Task<string> FolderAsync() => _folder.Value;

    public static async Task<ZipArchive> OpenAsync(string package, string extension = "nupkg")
        => await ZipFile.OpenReadAsync(Path.Combine(await FolderAsync(), $"{package}.{Version}.{extension}"));

    /// <summary>What the package says of itself.</summary>
    public static async Task<XElement> MetadataAsync(string package)
    {
        await using var archive = await OpenAsync(package);
        await using var nuspec = await archive.GetEntry($"{package}.nuspec")!.OpenAsync();
        var document = await XDocument.LoadAsync(nuspec, LoadOptions.None, default);
        return document.Root!.Elements().Single(element => element.Name.LocalName == "metadata");
    }

    public static void Delete()
    {
        if (_root.IsValueCreated)
        {
            _root.Value.Delete(recursive: true);
        }
    }

    private static async Task<string> PackAsync()
    {
        var folder = Path.Combine(Root.FullName, "feed");
        await DotnetRun.EnsureAsync(
            Repository.Root, "pack", "Nexus.sln", "--no-build", "--configuration", Configuration, "--output", folder,
            $"-p:PackageVersion={Version}", $"-p:NuspecOutputPath={Path.Combine(Root.FullName, "nuspec")}/");
        return folder;
    }
}
