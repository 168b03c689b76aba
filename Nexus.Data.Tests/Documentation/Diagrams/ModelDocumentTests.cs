using System.Text.RegularExpressions;
using System.Xml.Linq;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.EntityFrameworkCore.Migrations.Operations;
using Nexus.Data.Tests.Architecture;
using Nexus.Data.Tests.Fixtures;

namespace Nexus.Data.Tests.Documentation.Diagrams;

/// <summary><c>docs/model.md</c> and its pictures are of the EF model.</summary>
public sealed partial class ModelDocumentTests
{
    private const string AcceptVariable = "NEXUS_ACCEPT_DOCS";
    private const string Document = "docs/model.md";
    private const string Pictures = "docs/images";
    private const string FirstSection = "\n## Requests\n";

    // A materialized view: the migrations' own SQL makes it and says what it is.
    private const string View = "hourly_stats";
    private const string ViewComment = "Requests by hour, train and model of seven days, as of the last refresh: the original's statistics.";

    private readonly IReadOnlyDictionary<string, ModelTable> _tables = ModelTable.Read();

    [Test]
    public void The_document_and_its_pictures_are_of_the_model()
    {
        var text = Repository.Read(Document).ReplaceLineEndings("\n");
        var introduction = text[..(text.IndexOf(FirstSection, StringComparison.Ordinal) + 1)];
        var files = ModelDiagrams.Sections.ToDictionary(
            section => $"{Pictures}/{section.Diagram.File}", section => DiagramSvg.Draw(section.Diagram, _tables));
        files[Document] = introduction + string.Join('\n', ModelDiagrams.Sections.Select(Section));
        if (Environment.GetEnvironmentVariable(AcceptVariable) == "1")
        {
            foreach (var (file, content) in files)
            {
                File.WriteAllText(Repository.PathOf(file), content);
            }

            return;
        }

        Assert.Multiple(() =>
        {
            foreach (var (file, content) in files)
            {
                Assert.That(
                    File.Exists(Repository.PathOf(file)) ? Repository.Read(file).ReplaceLineEndings("\n") : "", Is.EqualTo(content),
                    $"Write {file} anew and look at it: {AcceptVariable}=1 dotnet test --filter {nameof(ModelDocumentTests)}");
            }
        });
    }

    [Test]
    public void Every_table_has_its_place()
    {
        var shown = ModelDiagrams.Sections.SelectMany(section => Own(section.Diagram)).Select(box => box.Table);

        Assert.That(shown, Is.EquivalentTo(_tables.Keys));
    }

    [Test]
    public void Whoever_is_said_to_write_a_table_is_a_service()
    {
        var services = typeof(NexusDbContext).Assembly.GetExportedTypes().Select(type => type.Name).ToHashSet(StringComparer.Ordinal);

        var named =
            from section in ModelDiagrams.Sections
            from writer in section.Writers
            from Match name in TypeName().Matches(writer.Value)
            select name.Groups[1].Value;

        Assert.That(named.Distinct(), Is.SubsetOf(services));
    }

    [TestCaseSource(nameof(Files))]
    public void Nothing_of_a_picture_lies_on_something_else(string file)
    {
        var layout = new DiagramLayout(DiagramOf(file), _tables);

        var boxes = layout.Boxes.ToList();
        var overlapping =
            from one in boxes
            from other in boxes
            where one != other && one.X < other.Right && other.X < one.Right && one.Y < other.Bottom && other.Y < one.Bottom
            select $"{one.Box.Table} on {other.Box.Table}";
        var parts = layout.Lines.SelectMany(Parts).ToList();
        var through =
            from part in parts
            from box in boxes
            where part.FromX < box.Right && part.ToX > box.X && part.FromY < box.Bottom && part.ToY > box.Y
            select $"{part.Reference} through {box.Box.Table}";
        var along =
            from part in parts
            from other in parts
            where (part.Reference.ToTable, part.Reference.ToColumn) != (other.Reference.ToTable, other.Reference.ToColumn)
                && ((part.FromY == part.ToY && other.FromY == other.ToY && part.FromY == other.FromY && part.FromX < other.ToX && other.FromX < part.ToX)
                    || (part.FromX == part.ToX && other.FromX == other.ToX && part.FromX == other.FromX && part.FromY < other.ToY && other.FromY < part.ToY))
            select $"{part.Reference} along {other.Reference}";
        var outside = boxes.Where(box => box.X < 0 || box.Y < 0 || box.Right > layout.Width || box.Bottom > layout.Height)
            .Select(box => box.Box.Table);

        Assert.Multiple(() =>
        {
            Assert.That(overlapping, Is.Empty);
            Assert.That(through, Is.Empty);
            Assert.That(along, Is.Empty);
            Assert.That(outside, Is.Empty);
            Assert.That(parts.SelectMany(part => new[] { part.FromX, layout.Width - part.ToX }), Is.All.Positive);
        });
    }

    [TestCaseSource(nameof(Files))]
    public void A_picture_is_an_XML_file_that_needs_no_other(string file)
    {
        var svg = DiagramSvg.Draw(DiagramOf(file), _tables);

        Assert.Multiple(() =>
        {
            Assert.That(XDocument.Parse(svg).Root!.Name.LocalName, Is.EqualTo("svg"));
            Assert.That(svg.Replace("http://www.w3.org/2000/svg", "", StringComparison.Ordinal), Does.Not.Contain("http").And.Not.Contain("<script"));
        });
    }

    private static IEnumerable<string> Files() => ModelDiagrams.Sections.Select(section => section.Diagram.File);

    private static Diagram DiagramOf(string file) => ModelDiagrams.Sections.Select(section => section.Diagram).Single(diagram => diagram.File == file);

    private static IEnumerable<DiagramBox> Own(Diagram diagram) => diagram.Boxes.Where(box => box.Shown.Length == 0);

    private static IEnumerable<(Reference Reference, int FromX, int FromY, int ToX, int ToY)> Parts(PlacedLine line)
        => line.Corners.Zip(line.Corners.Skip(1), (from, to) => (
            line.Reference, Math.Min(from.X, to.X), Math.Min(from.Y, to.Y), Math.Max(from.X, to.X), Math.Max(from.Y, to.Y)));

    private string Section(ModelSection section)
    {
        var made = MadeBy();
        var rows = Own(section.Diagram).Select(box => _tables[box.Table]).Select(table
            => $"| `{table.Name}` | {table.Comment ?? ViewComment} | {section.Writers[table.Name]} | {made[table.Name]} | {Key(table)} |\n");
        return $"""
            ## {section.Title}

            {section.Text}

            ![{section.Diagram.Title}](images/{section.Diagram.File})

            | table | a row | written by | made by | key |
            |---|---|---|---|---|
            {string.Concat(rows)}
            """;
    }

    private static string Key(ModelTable table)
    {
        var key = string.Join(", ", table.Columns.Where(column => column.IsKey).Select(column => column.Name));
        return string.Join(
            "; ", new[] { key.Length > 0 ? $"`{key}`" : "none" }.Concat(table.Unique.Distinct().Select(columns => $"unique `{columns}`")));
    }

    private static Dictionary<string, string> MadeBy()
    {
        using var db = Server.Open("Host=nowhere");
        var migrations = db.GetService<IMigrationsAssembly>();
        var made =
            from migration in migrations.Migrations
            from table in migrations.CreateMigration(migration.Value, db.Database.ProviderName!).UpOperations.OfType<CreateTableOperation>()
            select (table.Name, Step: migration.Key[11..14]);
        return made.Append((View, "000")).ToDictionary(table => table.Item1, table => table.Item2, StringComparer.Ordinal);
    }

    [GeneratedRegex(@"`([A-Z]\w+)`")]
    private static partial Regex TypeName();
}
