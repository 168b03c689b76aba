namespace Nexus.Data.Tests.Migrations;

/// <summary>What the catalog holds after each step of the mirrored sequence, whichever way it came there.</summary>
[Category("ServerVersions")]
public sealed class SchemaTests : MigrationTest
{
    [Test]
    public async Task Each_step_makes_the_catalog_of_its_level_up_and_down_and_up_again()
    {
        for (var step = 0; step <= LastMirrored; step++)
        {
            await MigrateAsync(step);
            await AssertCatalogAsync(step, "up");
        }

        for (var step = LastMirrored - 1; step >= 0; step--)
        {
            await MigrateAsync(step);
            await AssertCatalogAsync(step, "down");
        }

        await MigrateAsync(-1);
        Assert.That(await ReadCatalogAsync(), Is.Empty);
        for (var step = 0; step <= LastMirrored; step++)
        {
            await MigrateAsync(step);
            await AssertCatalogAsync(step, "up again");
        }
    }

    [Test]
    public async Task Every_later_step_can_be_undone_and_done_again()
    {
        await MigrateAsync(LastMirrored);
        var catalogs = new Stack<(string Id, List<string> Catalog)>();
        catalogs.Push((Id(LastMirrored), await ReadCatalogAsync()));
        foreach (var id in Ids.SkipWhile(id => id != Id(LastMirrored)).Skip(1))
        {
            await MigrateAsync(id);
            catalogs.Push((id, await ReadCatalogAsync()));
        }

        var newest = catalogs.Pop().Catalog;
        foreach (var (id, catalog) in catalogs)
        {
            await MigrateAsync(id);
            Assert.That(await ReadCatalogAsync(), Is.EquivalentTo(catalog), $"back at {id}");
        }

        await MigrateAsync();
        Assert.That(await ReadCatalogAsync(), Is.EquivalentTo(newest));
    }

    [Test]
    public async Task Every_table_and_every_column_has_a_comment_at_every_level()
    {
        foreach (var id in Ids)
        {
            await MigrateAsync(id);

            Assert.That(
                await ReadAsync("""
                    SELECT c.relname, a.attname
                    FROM pg_class c
                    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum >= 0 AND NOT a.attisdropped
                    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
                        AND c.relname <> '__EFMigrationsHistory' AND col_description(c.oid, a.attnum) IS NULL
                    UNION ALL
                    SELECT relname, NULL
                    FROM pg_class
                    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm')
                        AND relname <> '__EFMigrationsHistory' AND obj_description(oid, 'pg_class') IS NULL
                    """),
                Is.Empty,
                id);
        }
    }

    [TestCase(0)]
    [TestCase(2)]
    [TestCase(7)]
    [TestCase(11)]
    [TestCase(14)]
    public async Task A_database_whose_history_was_lost_is_brought_to_the_newest_level(int step)
    {
        await MigrateAsync(step);
        await ExecuteAsync("""DROP TABLE "__EFMigrationsHistory" """);

        await MigrateAsync(LastMirrored);

        await AssertCatalogAsync(LastMirrored, $"from {step:000}");
    }

    private async Task AssertCatalogAsync(int step, string way)
        => Assert.That(await ReadCatalogAsync(), Is.EquivalentTo(Catalog.Expected(step)), $"{step:000} {way}");
}
