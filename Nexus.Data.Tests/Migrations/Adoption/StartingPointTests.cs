namespace Nexus.Data.Tests.Migrations.Adoption;

/// <summary>The starting points are the original's catalogs, line by line.</summary>
public sealed class StartingPointTests : MigrationTest
{
    [Test]
    public async Task Each_script_leads_to_the_catalog_of_its_level()
    {
        await using var connection = await OpenAsync();
        foreach (var level in StartingPoint.Levels)
        {
            await level.RunAsync(connection, level.Level);

            Assert.That(await ReadCatalogAsync(), Is.EquivalentTo(Catalog.Expected(level.Level)), level.Name);
        }
    }

    [Test]
    public async Task The_bootstrap_file_makes_its_catalog_and_013_and_014_add_what_they_add()
    {
        await using var connection = await OpenAsync();
        var expected = Catalog.ExpectedOfBootstrap().ToList();
        await new StartingPoint("", [], IsBootstrapped: true).MakeAsync(connection);
        Assert.That(await ReadCatalogAsync(), Is.EquivalentTo(expected));

        foreach (var script in new[] { 13, 14 })
        {
            await new StartingPoint("", [script]).MakeAsync(connection);
            expected.AddRange(Catalog.Expected(script).Except(Catalog.Expected(script - 1)));

            Assert.That(await ReadCatalogAsync(), Is.EquivalentTo(expected), $"{script:000}");
        }
    }

    [Test]
    public async Task The_sequence_as_it_runs_is_014_without_what_fails_and_its_column_is_still_called_domain()
    {
        await using var connection = await OpenAsync();
        await StartingPoint.AsItRuns.Single(point => point.Name == "014 without 002, 003, 012").MakeAsync(connection);

        string[] ofThe003 = ["is_subtask", "parent_task_request_id", "task_tool_invocation"];
        var expected = Catalog.Expected(11)
            .Concat(Catalog.Expected(14).Except(Catalog.Expected(12)))
            .Where(line => !line.StartsWith("index idx_requests_conversation_detail ", StringComparison.Ordinal)
                && !ofThe003.Any(name => line.Contains(name, StringComparison.Ordinal)));
        Assert.That(await ReadCatalogAsync(), Is.EquivalentTo(expected));
    }
}
