using System.Diagnostics.CodeAnalysis;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.EntityFrameworkCore.Migrations.Internal;
using Microsoft.EntityFrameworkCore.Migrations.Operations;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.EntityFrameworkCore.Update.Internal;

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
        return (Extras(source), Extras(target)) switch
        {
            (null, null) => operations,
            (_, null) =>
            [
                new SqlOperation { Sql = SchemaExtras.Remove }, .. operations,
                new SqlOperation { Sql = SchemaExtras.RemoveTypes },
            ],
            var (before, after) when before != after =>
                [.. operations, new SqlOperation { Sql = SchemaExtras.Make(target!) }],
            _ => operations,
        };
    }

    public override bool HasDifferences(IRelationalModel? source, IRelationalModel? target)
        => Extras(source) != Extras(target) || base.HasDifferences(source, target);

    private static string? Extras(IRelationalModel? model)
        => model?.Model.FindAnnotation(SchemaExtras.Annotation)?.Value as string;
}
