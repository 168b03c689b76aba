using System.Diagnostics.CodeAnalysis;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.EntityFrameworkCore.Migrations.Internal;
using Microsoft.EntityFrameworkCore.Migrations.Operations;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.EntityFrameworkCore.Update.Internal;
using Npgsql.EntityFrameworkCore.PostgreSQL.Metadata.Internal;

namespace Nexus.Data.Persistence.Migrations;

/// <summary>
/// EF's comparison of two models, and of what the library needs beside a model: <c>migrations add</c> of a host's own context
/// writes it into the migration as SQL, where it stays as it was on that day.
/// </summary>
[SuppressMessage("Usage", "EF1001", Justification = "EF offers its comparison for no other use.")]
internal sealed class NexusMigrationsModelDiffer(
    IRelationalTypeMappingSource typeMappingSource,
    IMigrationsAnnotationProvider migrationsAnnotationProvider,
    IRelationalAnnotationProvider relationalAnnotationProvider,
    IRowIdentityMapFactory rowIdentityMapFactory,
    CommandBatchPreparerDependencies commandBatchPreparerDependencies)
    : MigrationsModelDiffer(
        typeMappingSource, migrationsAnnotationProvider, relationalAnnotationProvider, rowIdentityMapFactory,
        commandBatchPreparerDependencies)
{
    public override IReadOnlyList<MigrationOperation> GetDifferences(IRelationalModel? source, IRelationalModel? target)
    {
        var operations = base.GetDifferences(source, target);
        BuildPlainlyOnNewTables(operations);
        return (Extras(source), Extras(target)) switch
        {
            (null, null) => operations,
            (null, _) => [Sql(SchemaExtras.MakeTypes), .. operations, Sql(SchemaExtras.Make(target!))],
            (_, null) => [Sql(SchemaExtras.Remove), .. operations, Sql(SchemaExtras.RemoveTypes)],
            var (before, after) when before == after => operations,

            // PostgreSQL changes no column that the view reads.
            var (_, after) when after == SchemaExtras.Version => [Sql(SchemaExtras.Remove), .. operations, Sql(SchemaExtras.Make(target!))],

            // The way down of such a migration: what an earlier version wrote is in an earlier migration, and not here.
            _ => [Sql(SchemaExtras.Refuse), .. operations],
        };
    }

    public override bool HasDifferences(IRelationalModel? source, IRelationalModel? target)
        => Extras(source) != Extras(target) || base.HasDifferences(source, target);

    private static SqlOperation Sql(string statements) => new() { Sql = statements };

    // Outside of a transaction, which takes the whole migration out of its own: one that was cut off would leave tables, and nothing in the history.
    private static void BuildPlainlyOnNewTables(IReadOnlyList<MigrationOperation> operations)
    {
        var made = operations.OfType<CreateTableOperation>().Select(table => (table.Schema, table.Name)).ToHashSet();
        foreach (var index in operations.OfType<CreateIndexOperation>().Where(index => made.Contains((index.Schema, index.Table))))
        {
            index.RemoveAnnotation(NpgsqlAnnotationNames.CreatedConcurrently);
        }
    }

    private static string? Extras(IRelationalModel? model)
        => model?.Model.FindAnnotation(SchemaExtras.Annotation)?.Value as string;
}
