using System.Text.RegularExpressions;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Migrations;
using Nexus.Data.Tests.Fixtures;

namespace Nexus.Data.Tests.Migrations;

/// <summary>What EF believes about each level. No database is asked.</summary>
public sealed partial class ModelTests
{
    private static readonly string[] _ids = ReadIds();

    [TestCaseSource(nameof(MirroredSteps))]
    public void A_target_model_has_exactly_the_columns_of_its_level(int step)
    {
        var columns =
            from entity in TargetModel(_ids[step]).GetEntityTypes()
            let table = entity.GetTableName() ?? entity.GetViewName()
            from property in entity.GetProperties()
            select $"{table}.{property.GetColumnName()}";

        Assert.That(columns, Is.EquivalentTo(Catalog.ExpectedColumns(step)));
    }

    [Test]
    public void The_snapshot_is_of_the_model_as_it_is()
    {
        using var db = Server.Open("Host=nowhere");

        Assert.That(db.Database.HasPendingModelChanges(), Is.False, "Run 'dotnet ef migrations add'.");
    }

    [Test]
    public void Migrations_are_numbered_in_their_order()
    {
        Assert.Multiple(() =>
        {
            Assert.That(_ids, Is.All.Matches<string>(id => IdPattern().IsMatch(id)));
            Assert.That(_ids.Select(id => id.Split('_')[1]), Is.Unique);
            Assert.That(_ids, Is.Ordered.Using<string>(StringComparer.Ordinal).And.Unique);
        });
    }

    [Test]
    public void Every_migration_can_be_undone()
    {
        using var db = Server.Open("Host=nowhere");
        var migrations = db.GetService<IMigrationsAssembly>();

        Assert.That(
            migrations.Migrations.Values.Select(type => migrations.CreateMigration(type, db.Database.ProviderName!)),
            Is.All.Matches<Migration>(migration
                => migration is { UpOperations.Count: > 0, DownOperations.Count: > 0 }));
    }

    private static IEnumerable<int> MirroredSteps() => Enumerable.Range(0, 15);

    private static IReadOnlyModel TargetModel(string id)
    {
        using var db = Server.Open("Host=nowhere");
        var migrations = db.GetService<IMigrationsAssembly>();
        return migrations.CreateMigration(migrations.Migrations[id], db.Database.ProviderName!).TargetModel;
    }

    private static string[] ReadIds()
    {
        using var db = Server.Open("Host=nowhere");
        return [.. db.Database.GetMigrations()];
    }

    [GeneratedRegex("^202501010000[0-9]{2}_[A-Z][A-Za-z]+$")]
    private static partial Regex IdPattern();
}
