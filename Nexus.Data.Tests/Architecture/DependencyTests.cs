using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Nexus.Data.Tests.Architecture;

/// <summary>Who may know whom, read off the text: a <c>using</c>, or a name that begins with a folder's.</summary>
public sealed partial class DependencyTests
{
    private static readonly string[] _features =
        ["Analyses", "Chats", "Conversations", "Credentials", "Masking", "Operations", "Recording", "Requests", "Totals", "Trains", "Usage"];

    // Requests and Conversations know each other: a request holds its own place and hashes.
    [TestCase("Analyses", "Conversations", "Masking", "Requests")]
    [TestCase("Chats")]
    [TestCase("Conversations", "Requests", "Totals")]
    [TestCase("Credentials")]
    [TestCase("Masking")]
    [TestCase("Operations", "Analyses", "Conversations", "Credentials", "Masking", "Recording", "Totals")]
    [TestCase("Persistence", "Analyses", "Totals")]
    [TestCase("Recording", "Conversations", "Masking", "Requests", "Totals")]
    [TestCase("Requests", "Conversations", "Masking")]
    [TestCase("Totals", "Requests")]
    [TestCase("Trains", "Credentials")]
    [TestCase("Usage", "Totals")]
    public void A_feature_knows_no_other_but(string folder, params string[] known)
    {
        var forbidden = _features.Except(known).Where(feature => feature != folder).ToList();

        var offenders =
            from file in Repository.SourcesBelow($"Nexus.Data/{folder}")
            let code = Code(file)
            from feature in forbidden
            where Regex.IsMatch(code, $@"(?<![\w.])(Nexus\.Data\.)?{feature}\.[A-Z]|Nexus\.Data\.{feature}\b")
            select $"{file} -> {feature}";

        Assert.That(offenders, Is.Empty);
    }

    [Test]
    public void Every_folder_of_the_library_is_a_feature_or_persistence()
    {
        var folders = Directory.EnumerateDirectories(Repository.PathOf("Nexus.Data")).Select(Path.GetFileName)
            .Except(["bin", "obj", "Persistence"]);

        Assert.That(folders, Is.SubsetOf(_features), "A new folder needs its line in A_feature_knows_no_other_but.");
    }

    [Test]
    public void Hashing_knows_the_base_class_library_only()
    {
        var offenders =
            from file in Repository.SourcesBelow("Nexus.Data/Conversations/Hashing")
            let code = Code(file)
            from name in Names().Matches(code).Select(match => match.Value)
            where name is not ("Nexus.Data.Conversations.Hashing" or "System")
                && !name.StartsWith("System.", StringComparison.Ordinal)
            select $"{file} -> {name}";

        Assert.That(offenders, Is.Empty);
    }

    [Test]
    public void Hashing_does_no_input_or_output()
    {
        string[] forbidden =
        [
            "System.IO", "System.Net", "System.Diagnostics.Process", "File.", "Console.", "DateTime.",
            "DateTimeOffset.", "Environment.Get",
        ];

        var offenders =
            from file in Repository.SourcesBelow("Nexus.Data/Conversations/Hashing")
            from name in forbidden
            where Code(file).Contains(name, StringComparison.Ordinal)
            select $"{file} -> {name}";

        Assert.That(offenders, Is.Empty);
    }

    // Npgsql is the provider; the container's and the logger's abstractions come with EF.
    [TestCase("Nexus.Data", "Microsoft.EntityFrameworkCore.Relational", "Microsoft.Extensions.Diagnostics.HealthChecks",
        "Microsoft.Extensions.Hosting.Abstractions", "Microsoft.Extensions.Options.DataAnnotations",
        "Npgsql.EntityFrameworkCore.PostgreSQL")]
    // Microsoft.CodeAnalysis and System.Composition are pins of what EF Design brings.
    [TestCase("Nexus.Data.Migrations", "Microsoft.CodeAnalysis.Analyzers", "Microsoft.CodeAnalysis.CSharp",
        "Microsoft.CodeAnalysis.CSharp.Workspaces", "Microsoft.EntityFrameworkCore.Design", "Nexus.Data", "System.Composition")]
    [TestCase("Nexus.Data.Seeding", "Bogus", "Microsoft.Extensions.Hosting.Abstractions", "Nexus.Data")]
    [TestCase("Nexus.Data.Embedded", "Nexus.Data", "Nexus.Data.Migrations")]
    [TestCase("Nexus.Data.Tool", "Nexus.Data", "Nexus.Data.Embedded", "Nexus.Data.Migrations", "Nexus.Data.Seeding",
        "Spectre.Console", "System.CommandLine")]
    public void A_project_references_nothing_but(string project, params string[] known)
    {
        var references = XDocument.Parse(Repository.Read($"{project}/{project}.csproj")).Descendants()
            .Where(element => element.Name.LocalName
                is "PackageReference" or "ProjectReference" or "FrameworkReference")
            .Select(element => (string)element.Attribute("Include")!)
            .Select(name => name.EndsWith(".csproj", StringComparison.Ordinal)
                ? Path.GetFileNameWithoutExtension(name.Replace('\\', '/'))
                : name);

        Assert.That(references, Is.SubsetOf(known));
    }

    [TestCase("Nexus.Data")]
    [TestCase("Nexus.Data.Seeding")]
    [TestCase("Nexus.Data.Embedded")]
    public void A_library_writes_to_no_console(string project)
    {
        var offenders = Repository.SourcesBelow(project)
            .Where(file => Console().IsMatch(Code(file)));

        Assert.That(offenders, Is.Empty);
    }

    [Test]
    public void The_tool_holds_no_SQL()
    {
        var offenders = Repository.SourcesBelow("Nexus.Data.Tool").Where(file => Sql().IsMatch(Code(file)));

        Assert.That(offenders, Is.Empty, "SQL belongs into a service of Nexus.Data.");
    }

    [Test]
    public void EF_and_Npgsql_are_in_no_global_using()
    {
        var projects =
            from file in Directory.EnumerateFiles(Repository.Root, "*.csproj", SearchOption.AllDirectories)
                .Append(Repository.PathOf("Directory.Build.props"))
            from import in XDocument.Load(file).Descendants("Using")
            where ((string?)import.Attribute("Include") ?? "") is var name
                && (name.Contains("EntityFrameworkCore", StringComparison.Ordinal)
                    || name.Contains("Npgsql", StringComparison.Ordinal))
            select Path.GetFileName(file);
        var sources =
            from file in AllSources()
            where GlobalUsing().IsMatch(Repository.Read(file))
            select file;

        Assert.That(projects.Concat(sources), Is.Empty);
    }

    [Test]
    public void Nothing_reaches_into_the_columns_of_the_bodies_but_the_seam()
    {
        // A body is set and read through ApiRequest. Logs are read and written as whole rows, and the look-up of linking
        // fetches answers that may hold a summary. A rebuild streams the bodies of a train without an object for each. What
        // is recorded has bodies of its own before it is a row. What is searched is read off the bodies as they are stored.
        string[] seam =
        [
            "Nexus.Data/Requests/ApiRequest.cs", "Nexus.Data/Requests/ApiRequestConfiguration.cs",
            "Nexus.Data/Recording/StoredContent.cs", "Nexus.Data/Recording/LogRows.cs",
            "Nexus.Data/Recording/PruneStatements.cs", "Nexus.Data/Recording/CallWriteFormat.cs",
            "Nexus.Data/Recording/RequestIntake.cs", "Nexus.Data/Recording/Rejects.cs",
            "Nexus.Data/Operations/Diagnosis/StoredSecretCheck.cs",
            "Nexus.Data/Recording/RequestLogLine.cs", "Nexus.Data/Conversations/LinkStatements.cs",
            "Nexus.Data/Conversations/Rebuilding/RebuildStatements.cs", "Nexus.Data/Requests/SearchedText.cs",
            "Nexus.Data/Conversations/Searching/SearchStatements.cs", "Nexus.Data/Totals/WordStatements.cs",
        ];

        var offenders = Repository.SourcesBelow("Nexus.Data").Except(seam)
            .Where(file => BodyColumn().IsMatch(Code(file)));

        Assert.That(offenders, Is.Empty);
    }

    private static IEnumerable<string> AllSources()
        => Directory.EnumerateDirectories(Repository.Root, "Nexus.Data*")
            .SelectMany(folder => Repository.SourcesBelow(Path.GetFileName(folder)));

    // Without comments, which may name what the code must not know.
    private static string Code(string file) => Comment().Replace(Repository.Read(file), "");

    [GeneratedRegex(@"^\s*//.*$|(?<=[;{}\s])//\s.*$", RegexOptions.Multiline)]
    private static partial Regex Comment();

    [GeneratedRegex(
        @"(?<=^using (static )?)[\w.]+|(?<![\w.])(Nexus|Microsoft|Npgsql|Bogus)\.[\w.]*\w", RegexOptions.Multiline)]
    private static partial Regex Names();

    [GeneratedRegex(@"\b(SELECT|UPDATE|INSERT INTO|DELETE FROM|CREATE|ALTER|DROP|TRUNCATE)\s")]
    private static partial Regex Sql();

    [GeneratedRegex(@"(?<![\w.])Console\.|System\.Console|Spectre\.|System\.CommandLine")]
    private static partial Regex Console();

    [GeneratedRegex(@"\.(Body|ResponseBody)(Original)?\b|\bresponse_body|\bbody_original|\b\w\.body\b")]
    private static partial Regex BodyColumn();

    [GeneratedRegex(@"^global using .*(EntityFrameworkCore|Npgsql)", RegexOptions.Multiline)]
    private static partial Regex GlobalUsing();
}
