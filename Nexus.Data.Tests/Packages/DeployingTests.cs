using System.Globalization;
using Nexus.Data.Embedded;
using Nexus.Data.Persistence;
using Nexus.Data.Tests.Architecture;
using Nexus.Data.Tests.Documentation.Commands;
using Nexus.Data.Tests.Fixtures;
using Nexus.Data.Tests.Migrations;
using Npgsql;

namespace Nexus.Data.Tests.Packages;

/// <summary>The ways into production that docs/deploying.md shows, in a project that has the packages and a factory alone.</summary>
[Category("Packages")]
[Parallelizable(ParallelScope.Self)]
public sealed class DeployingTests : EmptyDatabaseTest
{
    private static IEnumerable<int> Ways => CommandBlock.Of("docs/deploying.md").Select(block => block.Number);

    [TestCaseSource(nameof(Ways))]
    public async Task A_way_into_production_migrates_and_changes_nothing_when_it_is_gone_again(int way)
    {
        var script = CommandBlock.Of("docs/deploying.md").Single(block => block.Number == way).Script;
        var project = await Consumers.FolderAsync("Deploying");
        var variables = await VariablesAsync(project);

        var first = await DotnetRun.RunScriptAsync(project, script, variables);
        var made = await Catalog.ReadAsync(ConnectionString);
        var second = await DotnetRun.RunScriptAsync(project, script.Replace("bundle ", "bundle --force ", StringComparison.Ordinal), variables);

        Assert.Multiple(async () =>
        {
            Assert.That((first.ExitCode, second.ExitCode), Is.EqualTo((0, 0)), first.Output + second.Output);
            Assert.That(made, Is.EquivalentTo(await Catalog.ReadAsync(await Server.CloneAsync())));
            Assert.That(await Catalog.ReadAsync(ConnectionString), Is.EquivalentTo(made));
        });
    }

    private async Task<Dictionary<string, string>> VariablesAsync(string project)
    {
        var variables = await Consumers.VariablesAsync();
        variables["NEXUS_DATABASE_URL"] = ConnectionStrings.ToUri(ConnectionString);
        var connection = new NpgsqlConnectionStringBuilder(ConnectionString);
        variables["PGHOST"] = connection.Host!;
        variables["PGPORT"] = connection.Port.ToString(CultureInfo.InvariantCulture);
        variables["PGDATABASE"] = connection.Database!;
        variables["PGUSER"] = connection.Username!;
        variables["PGPASSWORD"] = connection.Password ?? "";

        // As what the consumers were built as, and no other build of theirs.
        variables["Configuration"] = Feed.Configuration;
        variables["PATH"] = string.Join(
            Path.PathSeparator, Path.GetDirectoryName(Environment.ProcessPath), Path.GetDirectoryName(PostgresProgram.PathOf("psql")),
            Environment.GetEnvironmentVariable("PATH"));

        // The version of dotnet ef.
        var manifest = Path.Combine(project, ".config");
        if (!Directory.Exists(manifest))
        {
            Directory.CreateDirectory(manifest);
            File.Copy(Repository.PathOf(".config/dotnet-tools.json"), Path.Combine(manifest, "dotnet-tools.json"));
            await DotnetRun.EnsureAsync(project, "tool", "restore");
        }

        // EF makes the bundle's own project in the folder for temporary files, and restores all that EF Design asks for there: here it has to find our packages,
        // and less of the others (see Nexus.Data.Migrations.csproj).
        var temporary = Directory.CreateDirectory(Path.Combine(project, "..", "temporary")).FullName;
        await File.WriteAllTextAsync(
            Path.Combine(temporary, "Directory.Build.props"),
            $"""
            <Project>
              <Import Project="../Directory.Build.props" />
              <PropertyGroup>
                <TreatWarningsAsErrors>false</TreatWarningsAsErrors>
              </PropertyGroup>
              <ItemGroup>
                {Consumers.PrunedOfDesign}
              </ItemGroup>
            </Project>
            """);
        variables["TMPDIR"] = temporary;
        return variables;
    }
}
