using System.Runtime.CompilerServices;
using System.Text;
using System.Xml.Linq;
using Nexus.Data.Tests.Architecture;

namespace Nexus.Data.Tests.Packages;

/// <summary>What is in the packages, and what they ask for.</summary>
[Category("Packages")]
public sealed class PackageTests
{
    private static readonly string[] _packages =
        ["Nexus.Data", "Nexus.Data.Embedded", "Nexus.Data.Migrations", "Nexus.Data.Seeding", "nexus-data"];

    [Test]
    public async Task There_is_a_package_and_one_of_symbols_for_each()
    {
        var files = Directory.EnumerateFiles(await Feed.FolderAsync()).Select(Path.GetFileName);

        Assert.That(
            files, Is.EquivalentTo(_packages.SelectMany(package => new[] { $"{package}.{Feed.Version}.nupkg", $"{package}.{Feed.Version}.snupkg" })));
    }

    // "own" is the very version of the package itself.
    [TestCase("Nexus.Data", "Microsoft.EntityFrameworkCore.Relational", "Microsoft.Extensions.Diagnostics.HealthChecks",
        "Microsoft.Extensions.Hosting.Abstractions", "Microsoft.Extensions.Options.DataAnnotations", "Npgsql.EntityFrameworkCore.PostgreSQL")]
    [TestCase("Nexus.Data.Migrations", "Nexus.Data own")]
    [TestCase("Nexus.Data.Seeding", "Bogus", "Microsoft.Extensions.Hosting.Abstractions", "Nexus.Data own")]
    [TestCase("Nexus.Data.Embedded", "Nexus.Data own", "Nexus.Data.Migrations own")]
    [TestCase("nexus-data")]
    public async Task A_package_asks_for_nothing_but(string package, params string[] known)
    {
        var metadata = await Feed.MetadataAsync(package);

        var asked =
            from dependency in metadata.Descendants()
            where dependency.Name.LocalName == "dependency"
            let id = (string)dependency.Attribute("id")!
            let version = (string)dependency.Attribute("version")!
            select version == $"[{Feed.Version}]" ? $"{id} own" : version.StartsWith('[') ? $"{id} {version}" : id;

        Assert.That(asked, Is.EquivalentTo(known));
    }

    [TestCaseSource(nameof(_packages))]
    public async Task A_package_says_what_it_is(string package)
    {
        var metadata = await Feed.MetadataAsync(package);
        await using var archive = await Feed.OpenAsync(package);
        var project = package == "nexus-data" ? "Nexus.Data.Tool" : package;

        Assert.Multiple(async () =>
        {
            Assert.That(Text(metadata, "license"), Is.EqualTo("MIT"));
            Assert.That(Text(metadata, "description"), Is.Not.Empty.And.Not.EqualTo("Package Description"));
            Assert.That(Text(metadata, "tags"), Is.Not.Empty);
            Assert.That(Text(metadata, "readme"), Is.EqualTo("README.md"));
            Assert.That(Text(metadata, "icon"), Is.EqualTo("icon.png"));
            Assert.That(await ReadAsync("README.md"), Is.EqualTo(await File.ReadAllBytesAsync(Repository.PathOf($"{project}/README.md"))));
            Assert.That(await ReadAsync("icon.png"), Is.EqualTo(await File.ReadAllBytesAsync(Repository.PathOf("docs/images/icon.png"))));
            Assert.That(await ReadAsync("LICENSE"), Is.EqualTo(await File.ReadAllBytesAsync(Repository.PathOf("LICENSE"))));
        });

        async Task<byte[]> ReadAsync(string name)
        {
            await using var file = await archive.GetEntry(name)!.OpenAsync();
            using var bytes = new MemoryStream();
            await file.CopyToAsync(bytes);
            return bytes.ToArray();
        }
    }

    [TestCase("Nexus.Data")]
    [TestCase("Nexus.Data.Embedded")]
    [TestCase("Nexus.Data.Migrations")]
    [TestCase("Nexus.Data.Seeding")]
    public async Task A_library_is_its_assembly_with_documentation_and_symbols(string package)
    {
        Assert.Multiple(async () =>
        {
            Assert.That(await FilesAsync(package, "nupkg", "lib/"), Is.EquivalentTo(new[] { $"lib/net10.0/{package}.dll", $"lib/net10.0/{package}.xml" }));
            Assert.That(await FilesAsync(package, "snupkg", "lib/"), Is.EqualTo(new[] { $"lib/net10.0/{package}.pdb" }));
        });
    }

    [Test]
    public async Task The_tool_brings_what_it_needs_and_nothing_of_design_time()
    {
        var files = (await FilesAsync("nexus-data", "nupkg", "tools/")).Select(Path.GetFileName).ToList();

        Assert.Multiple(() =>
        {
            Assert.That(files, Does.Contain("nexus-data.dll").And.Contain("Nexus.Data.Migrations.dll").And.Contain("Npgsql.dll"));
            Assert.That(
                files.Where(file => file!.Contains("CodeAnalysis", StringComparison.Ordinal) || file.Contains("Design", StringComparison.Ordinal)),
                Is.Empty);
        });
    }

    [Test]
    public void The_samples_ask_for_the_version_that_is_packed()
    {
        var packed = XDocument.Parse(Repository.Read("Directory.Build.props")).Descendants("Version").Single().Value;
        var asked = XDocument.Parse(Repository.Read("samples/Directory.Build.props")).Descendants("NexusDataVersion").Single().Value;

        Assert.That(asked, Is.EqualTo(packed));
    }

    [TestCaseSource(nameof(_packages))]
    public async Task No_package_names_a_folder_of_the_machine_that_made_it(string package)
    {
        var metadata = await Feed.MetadataAsync(package);
        var address = (string?)metadata.Elements().SingleOrDefault(element => element.Name.LocalName == "repository")?.Attribute("url");

        Assert.Multiple(() =>
        {
            Assert.That(address, Is.Null.Or.StartsWith("https://"));
            Assert.That(metadata.ToString(), Does.Not.Contain(Path.GetDirectoryName(Repository.Root)! + Path.DirectorySeparatorChar));
        });
    }

    // In a debug build a debugger finds the sources by it.
    [TestCaseSource(nameof(_packages))]
    public async Task No_assembly_names_the_folder_of_its_sources(string package)
    {
        if (PathOfThisFile().StartsWith(Repository.Root, StringComparison.Ordinal))
        {
            Assert.Ignore("This is a debug build; packages are made of a release build, and CI's.");
        }

        var root = Encoding.UTF8.GetBytes(Repository.Root + Path.DirectorySeparatorChar);
        foreach (var extension in new[] { "nupkg", "snupkg" })
        {
            await using var archive = await Feed.OpenAsync(package, extension);
            foreach (var entry in archive.Entries.Where(entry => Path.GetExtension(entry.Name) is ".dll" or ".pdb"))
            {
                await using var stream = await entry.OpenAsync();
                using var bytes = new MemoryStream();
                await stream.CopyToAsync(bytes);
                Assert.That(bytes.ToArray().AsSpan().IndexOf(root), Is.Negative, entry.FullName);
            }
        }
    }

    private static string PathOfThisFile([CallerFilePath] string path = "") => path;

    private static string? Text(XElement metadata, string name)
        => metadata.Elements().SingleOrDefault(element => element.Name.LocalName == name)?.Value;

    private static async Task<List<string>> FilesAsync(string package, string extension, string folder)
    {
        await using var archive = await Feed.OpenAsync(package, extension);
        return [.. archive.Entries.Select(entry => entry.FullName).Where(name => name.StartsWith(folder, StringComparison.Ordinal))];
    }
}
