using System.Text;
using System.Text.RegularExpressions;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.EntityFrameworkCore.Migrations.Operations;
using Nexus.Data.Tests.Architecture;
using Nexus.Data.Tests.Fixtures;

namespace Nexus.Data.Tests.Documentation;

/// <summary>The sections of <c>docs/migrations.md</c> say what the migrations do: their summaries, and what they make and
/// drop.</summary>
public sealed partial class MigrationDocumentTests
{
    private const string AcceptVariable = "NEXUS_ACCEPT_DOCS";
    private const string Document = "docs/migrations.md";
    private const string FirstSection = "\n## 000 ";

    [Test]
    public void Every_migration_has_a_section_that_says_what_it_does()
    {
        var text = Repository.Read(Document).ReplaceLineEndings("\n");
        var introduction = text[..text.IndexOf(FirstSection, StringComparison.Ordinal)];
        var expected = $"{introduction}\n{string.Join('\n', Sections())}";
        if (Environment.GetEnvironmentVariable(AcceptVariable) == "1")
        {
            File.WriteAllText(Repository.PathOf(Document), expected);
            return;
        }

        Assert.That(text, Is.EqualTo(expected),
            $"Write the sections anew and review them: {AcceptVariable}=1 dotnet test --filter {nameof(MigrationDocumentTests)}");
    }

    private static IEnumerable<string> Sections()
    {
        using var db = Server.Open("Host=nowhere");
        var migrations = db.GetService<IMigrationsAssembly>();
        foreach (var (id, type) in migrations.Migrations)
        {
            var migration = migrations.CreateMigration(type, db.Database.ProviderName!);
            var section = new StringBuilder($"## {id[11..14]} {type.Name}\n\n{Summary(id)}\n");
            var lines = Lines(migration.UpOperations).ToList();
            if (lines.Count > 0)
            {
                section.Append('\n').AppendJoin('\n', lines).Append('\n');
            }

            yield return section.ToString();
        }
    }

    // The comment above the class, without the step's number.
    private static string Summary(string id)
    {
        var source = Repository.Read($"Nexus.Data.Migrations/{id}.cs");
        var lines = ClassSummary().Match(source).Groups[1].Value.Split('\n')
            .Select(line => line.Trim().TrimStart('/').Trim());
        var text = Code().Replace(string.Join(' ', lines).Trim(), "`$1`");
        return Wrap(char.ToUpperInvariant(text[5]) + text[6..], 125);
    }

    private static IEnumerable<string> Lines(IReadOnlyList<MigrationOperation> operations)
    {
        (string Title, IEnumerable<string> Names)[] kinds =
        [
            ("Makes the tables", operations.OfType<CreateTableOperation>().Select(table => table.Name)),
            ("Adds the columns", operations.OfType<AddColumnOperation>().Select(column => $"{column.Table}.{column.Name}")),
            ("Renames the columns", operations.OfType<RenameColumnOperation>()
                .Select(column => $"{column.Table}.{column.Name} to {column.NewName}")),
            ("Builds the indexes", operations.OfType<CreateIndexOperation>().Select(index => index.Name)),
            ("Drops the indexes", operations.OfType<DropIndexOperation>().Select(index => index.Name)),
            ("Drops the foreign keys", operations.OfType<DropForeignKeyOperation>().Select(key => key.Name)),
        ];
        return
            from kind in kinds
            let names = kind.Names.Order(StringComparer.Ordinal).Select(name => $"`{name}`").ToList()
            where names.Count > 0
            select Wrap($"- {kind.Title} {string.Join(", ", names)}.", 125, "  ");
    }

    private static string Wrap(string text, int width, string indent = "")
    {
        var wrapped = new StringBuilder();
        var line = 0;
        foreach (var word in text.Split(' '))
        {
            if (line > 0 && line + 1 + word.Length > width)
            {
                wrapped.Append('\n').Append(indent);
                line = indent.Length;
            }
            else if (line > 0)
            {
                wrapped.Append(' ');
                line++;
            }

            wrapped.Append(word);
            line += word.Length;
        }

        return wrapped.ToString();
    }

    [GeneratedRegex(@"/// <summary>(.*?)</summary>\s*public sealed partial class", RegexOptions.Singleline)]
    private static partial Regex ClassSummary();

    [GeneratedRegex("<c>(.*?)</c>")]
    private static partial Regex Code();
}
