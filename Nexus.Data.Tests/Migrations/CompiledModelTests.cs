using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Metadata;
using Nexus.Data.Tests.Fixtures;

namespace Nexus.Data.Tests.Migrations;

/// <summary>The model that was compiled, beside the one that the configurations make now. No database is asked.</summary>
public sealed class CompiledModelTests
{
    private const string Remedy = "The compiled model is stale: run '.ci/compile-model' and commit what it writes.";

    [Test]
    public void Our_context_has_the_compiled_model()
    {
        using var db = Server.Open("Host=nowhere");
        using var other = Server.Open("Host=elsewhere");

        Assert.Multiple(() =>
        {
            Assert.That(db.Model.GetType().FullName, Is.EqualTo("Nexus.Data.Persistence.CompiledModel.NexusDbContextModel"));
            Assert.That(other.Model, Is.SameAs(db.Model), "A compiled query is for one model.");
        });
    }

    [Test]
    public void The_compiled_model_is_that_of_the_configurations()
    {
        using var compiled = Server.Open("Host=nowhere");
        using var built = new Built();

        // What an index was made with is known to the one that was built; no query asks for it.
        Assert.That(
            Describe(compiled.Model), Is.EquivalentTo(Describe(built.Model).Where(line => !line.Contains("Npgsql:Index", StringComparison.Ordinal))), Remedy);
    }

    [Test]
    public void Its_tables_columns_and_conversions_are_those_of_the_configurations()
    {
        using var compiled = Server.Open("Host=nowhere");
        using var built = new Built();

        Assert.Multiple(() =>
        {
            Assert.That(
                Lines(compiled.Model.GetRelationalModel().ToDebugString(MetadataDebugStringOptions.LongDefault)),
                Is.EqualTo(Lines(built.Model.GetRelationalModel().ToDebugString(MetadataDebugStringOptions.LongDefault))), Remedy);
            Assert.That(Conversions(compiled.Model), Is.EqualTo(Conversions(built.Model)).And.Not.Empty, Remedy);
        });
    }

    private static IEnumerable<string> Describe(IModel model)
        => Lines(model.ToDebugString(MetadataDebugStringOptions.LongDefault));

    private static IEnumerable<string> Lines(string text)
        => text.ReplaceLineEndings("\n").Split('\n').Select(line => line.TrimEnd());

    // Values are turned on their way to the database and back; neither description says how.
    private static List<string> Conversions(IModel model)
        =>
        [
            .. from entity in model.GetEntityTypes()
               from property in entity.GetProperties()
               let mapping = property.GetTypeMapping()
               orderby entity.Name, property.Name
               select $"{entity.Name}.{property.Name}: {mapping.Converter?.ModelClrType} as {mapping.Converter?.ProviderClrType}, "
                   + $"{mapping.Comparer.Type}, {property.GetColumnType()}, sentinel {property.Sentinel}, "
                   + $"{property.ValueGenerated}, {property.IsNullable}",
        ];

    /// <summary>The same model without the compiled one, which is found by the context's type.</summary>
    private sealed class Built : DbContext
    {
        protected override void OnConfiguring(DbContextOptionsBuilder optionsBuilder) => optionsBuilder.UseNexus("Host=nowhere");

        protected override void OnModelCreating(ModelBuilder modelBuilder) => modelBuilder.ApplyNexusModel();
    }
}
