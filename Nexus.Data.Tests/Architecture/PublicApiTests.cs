using System.Reflection;
using Nexus.Data.Embedded;
using Nexus.Data.Migrations;
using Nexus.Data.Seeding.Traffic;

namespace Nexus.Data.Tests.Architecture;

/// <summary>What the packages offer is written down in <c>PublicApi/*.txt</c>: no change of it goes unseen.</summary>
public sealed class PublicApiTests
{
    private const string AcceptVariable = "NEXUS_ACCEPT_API";

    // Types that others derive from, by their full names.
    // The base of the kinds of chats, which are.
    private static readonly string[] _unsealed = ["Nexus.Data.Chats.Chat"];

    private static readonly Assembly[] _packages =
    [
        typeof(NexusDbContext).Assembly,
        typeof(DesignTimeNexusDbContextFactory).Assembly,
        typeof(RequestTraffic).Assembly,
        typeof(EmbeddedPostgres).Assembly,
    ];

    [TestCaseSource(nameof(_packages))]
    public void A_package_offers_what_is_written_down(Assembly package)
    {
        var name = package.GetName().Name;
        var file = Repository.PathOf($"Nexus.Data.Tests/Architecture/PublicApi/{name}.txt");
        var offered = PublicApi.Describe(package);
        if (Environment.GetEnvironmentVariable(AcceptVariable) == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllText(file, offered);
            return;
        }

        var written = File.Exists(file) ? File.ReadAllText(file).ReplaceLineEndings("\n") : "";

        Assert.That(offered, Is.EqualTo(written), () =>
            $"""
            The public API of {name} has changed:
            {Difference(written, offered)}
            Where that is meant, accept it and review the file that changes:
              {AcceptVariable}=1 dotnet test --filter FullyQualifiedName~PublicApiTests
            """);
    }

    [TestCaseSource(nameof(_packages))]
    public void A_public_class_is_sealed_or_static(Assembly package)
    {
        var open = package.GetExportedTypes().Where(type => type is { IsClass: true, IsSealed: false })
            .Select(type => type.FullName);

        Assert.That(open, Is.SubsetOf(_unsealed));
    }

    [Test]
    public void Every_package_is_looked_at()
    {
        var packages = Directory.EnumerateFiles(Repository.Root, "*.csproj", SearchOption.AllDirectories)
            .Where(file => File.ReadAllText(file).Contains("<IsPackable>true</IsPackable>", StringComparison.Ordinal)
                && !File.ReadAllText(file).Contains("<PackAsTool>true</PackAsTool>", StringComparison.Ordinal))
            .Select(Path.GetFileNameWithoutExtension);

        Assert.That(_packages.Select(package => package.GetName().Name), Is.EquivalentTo(packages));
    }

    private static string Difference(string written, string offered)
    {
        var before = Lines(written);
        var after = Lines(offered);
        return string.Join('\n', before.Except(after).Select(line => $"  - {line}")
            .Concat(after.Except(before).Select(line => $"  + {line}")));
    }

    // Each member with its type before it: many types have a member of the same name.
    private static List<string> Lines(string api)
    {
        var type = "";
        var lines = new List<string>();
        foreach (var line in api.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var isMember = line.StartsWith(' ');
            type = isMember ? type : line;
            lines.Add(isMember ? $"{type} {{ {line.Trim()} }}" : line);
        }

        return lines;
    }
}
