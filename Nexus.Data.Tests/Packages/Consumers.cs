using System.Text.RegularExpressions;
using Nexus.Data.Tests.Architecture;

namespace Nexus.Data.Tests.Packages;

/// <summary>
/// Programs that have the packages and nothing of the repository: the samples, what the READMEs show, and projects for <c>dotnet ef</c>. They are built
/// once, together, with warnings as errors. What they need of others comes from the machine's cache where it is there.
/// </summary>
internal static partial class Consumers
{
    private static readonly Lazy<Task<string>> _folder = new(BuildAsync);

    /// <summary>What of EF Design's own packages our project does without, as elements of a project.</summary>
    public static string PrunedOfDesign => string.Concat(Pruned().Matches(MigrationsProject).Select(reference => reference.Value));

    private static string MigrationsProject => Repository.Read("Nexus.Data.Migrations/Nexus.Data.Migrations.csproj");

    /// <summary>A project's folder.</summary>
    public static async Task<string> FolderAsync(string project) => Path.Combine(await _folder.Value, project);

    /// <summary>A project's assembly.</summary>
    public static async Task<string> AssemblyAsync(string project)
        => Path.Combine(await FolderAsync(project), "bin", Feed.Configuration, "net10.0", $"{project}.dll");

    /// <summary>What leads to the packages, for a command of <c>dotnet</c> on one of the projects.</summary>
    public static async Task<Dictionary<string, string>> VariablesAsync() => new()
    {
        ["NexusDataPackages"] = await Feed.FolderAsync(),
        ["NexusDataVersion"] = Feed.Version,
    };

    private static async Task<string> BuildAsync()
    {
        var folder = Path.Combine(Feed.Root.FullName, "samples");
        var variables = await VariablesAsync();
        var projects = CopySamples(folder);
        projects.Add(await MakeConsoleAsync(folder));
        projects.Add(MakeDesignTime(folder, "DesignTime"));
        projects.Add(MakeDesignTime(folder, "Deploying"));
        projects.Add(MakeShop(folder));
        await File.WriteAllTextAsync(
            Path.Combine(folder, "Consumers.slnx"),
            $"<Solution>{string.Concat(projects.Select(project => $"""<Project Path="{project}/{project}.csproj" />"""))}</Solution>");

        var build = await DotnetRun.RunAsync(
            folder, ["build", "Consumers.slnx", "--configuration", Feed.Configuration, "-warnaserror"], variables);

        return build is { ExitCode: 0 } && build.Output.Contains(" 0 Warning(s)", StringComparison.Ordinal)
            ? folder
            : throw new InvalidOperationException(build.Output);
    }

    // Without the simulation, which is built with the solution, and what a build has made.
    private static List<string> CopySamples(string folder)
    {
        var projects = new List<string>();
        var samples = Repository.PathOf("samples");
        foreach (var file in Directory.EnumerateFiles(samples, "*", SearchOption.AllDirectories))
        {
            var path = Path.GetRelativePath(samples, file);
            var parts = path.Split(Path.DirectorySeparatorChar);
            if (parts[0] == "ProxySimulation" || parts.Any(part => part is "bin" or "obj"))
            {
                continue;
            }

            var copy = Path.Combine(folder, path);
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
            if (parts is [var project, _] && Path.GetExtension(path) == ".csproj")
            {
                projects.Add(project);
            }
        }

        File.Copy(Repository.PathOf(".editorconfig"), Path.Combine(folder, ".editorconfig"));
        return projects;
    }

    // What somebody has who types in what the README shows.
    private static async Task<string> MakeConsoleAsync(string folder)
    {
        const string name = "Console";
        await DotnetRun.EnsureAsync(folder, "new", "console", "--no-restore", "--output", name);
        await File.WriteAllTextAsync(Path.Combine(folder, name, "Program.cs"), Block("README.md", "await using var services"));
        var project = Path.Combine(folder, name, $"{name}.csproj");
        var text = await File.ReadAllTextAsync(project);
        await File.WriteAllTextAsync(project, text.Replace("</Project>", $"{References("Nexus.Data", "Nexus.Data.Migrations")}</Project>", StringComparison.Ordinal));
        return name;
    }

    private static string MakeDesignTime(string folder, string name)
    {
        Directory.CreateDirectory(Path.Combine(folder, name));
        File.WriteAllText(
            Path.Combine(folder, name, "DesignTimeFactory.cs"),
            $"""
            using Microsoft.EntityFrameworkCore;
            using Microsoft.EntityFrameworkCore.Design;
            using Nexus.Data;
            using Nexus.Data.Persistence;

            namespace Nexus.Samples.{name};

            {Block("Nexus.Data.Migrations/README.md", "class DesignTimeFactory")}
            """);

        WriteProject(folder, name, "Library", "Nexus.Data", "Nexus.Data.Migrations");
        return name;
    }

    // What somebody has who puts our tables into a context of their own: the document's code, and the README's program on it.
    private static string MakeShop(string folder)
    {
        const string name = "Shop";
        const string document = "docs/own-context.md";
        const string registration = "await using var services = new ServiceCollection().AddNexusData(args[0]).BuildServiceProvider();";
        Directory.CreateDirectory(Path.Combine(folder, name));
        File.WriteAllText(
            Path.Combine(folder, name, "ShopDbContext.cs"),
            $"""
            using Microsoft.EntityFrameworkCore;
            using Microsoft.EntityFrameworkCore.Design;
            using Nexus.Data;

            namespace Nexus.Samples.Shop;

            {Block(document, "class ShopDbContext(")}

            {Block(document, "class ShopDbContextFactory")}
            """);
        var parts = Block("README.md", "await using var services").Split(registration);
        File.WriteAllText(
            Path.Combine(folder, name, "Program.cs"),
            $"""
            using Microsoft.EntityFrameworkCore;
            using Nexus.Samples.Shop;
            using Npgsql;
            {parts[0]}
            var connectionString = args[0];
            var services = new ServiceCollection();
            {Block(document, "AddNexusData<ShopDbContext>")}
            await using var built = services.BuildServiceProvider();
            {parts[1].Replace("services.", "built.", StringComparison.Ordinal)}
            """);
        WriteProject(folder, name, "Exe", "Nexus.Data");
        return name;
    }

    // What EF Design asks for is as our own project has it: not every package mirror holds all of it.
    private static void WriteProject(string folder, string name, string kind, params string[] packages)
    {
        var design = string.Concat(PrivateReference().Matches(MigrationsProject).Select(reference => reference.Value));
        var ours = string.Concat(packages.Select(package
            => $"""<PackageVersion Include="{package}" Version="$(NexusDataVersion)" /><PackageReference Include="{package}" />"""));
        File.Copy(Repository.PathOf("Directory.Packages.props"), Path.Combine(folder, name, "Directory.Packages.props"));
        File.WriteAllText(
            Path.Combine(folder, name, "Directory.Build.props"),
            """
            <Project>
              <Import Project="../Directory.Build.props" />
              <PropertyGroup>
                <ImportDirectoryPackagesProps>true</ImportDirectoryPackagesProps>
              </PropertyGroup>
            </Project>
            """);
        File.WriteAllText(
            Path.Combine(folder, name, $"{name}.csproj"),
            $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>{kind}</OutputType>
              </PropertyGroup>
              <ItemGroup>
                {ours}
                {design}
                {PrunedOfDesign}
              </ItemGroup>
            </Project>
            """);
    }

    private static string References(params string[] packages)
        => $"<ItemGroup>{string.Concat(packages.Select(package => $"""<PackageReference Include="{package}" Version="$(NexusDataVersion)" />"""))}</ItemGroup>";

    private static string Block(string document, string line)
        => CSharp().Matches(Repository.Read(document)).Select(block => block.Groups[1].Value).Single(code => code.Contains(line, StringComparison.Ordinal));

    [GeneratedRegex(@"^```csharp\n(.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex CSharp();

    [GeneratedRegex(@"<PackageReference [^>]*PrivateAssets=""all"" />")]
    private static partial Regex PrivateReference();

    [GeneratedRegex(@"<PrunePackageReference [^>]*/>")]
    private static partial Regex Pruned();
}
