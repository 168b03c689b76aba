using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;

namespace Nexus.Data.Seeding.Populations;

/// <summary>The tables of the model, and which of them refers to which.</summary>
internal static class ModelTables
{
    /// <summary>Every table's name, in the order of the alphabet; views are none.</summary>
    public static IReadOnlyList<string> Names(IModel model)
        => [.. model.GetEntityTypes().Select(type => type.GetTableName()).OfType<string>().Distinct().Order(StringComparer.Ordinal)];

    /// <summary>Every foreign key, once, also where several kinds of one table have it.</summary>
    public static IReadOnlyList<ModelReference> References(IModel model)
        => [
            .. model.GetEntityTypes().SelectMany(type => type.GetDeclaredForeignKeys()).Select(Reference).OfType<ModelReference>()
                .DistinctBy(reference => reference.Name).OrderBy(reference => reference.Name, StringComparer.Ordinal),
        ];

    private static ModelReference? Reference(IForeignKey key)
        => StoreObjectIdentifier.Create(key.DeclaringEntityType, StoreObjectType.Table) is { } table
            && StoreObjectIdentifier.Create(key.PrincipalEntityType, StoreObjectType.Table) is { } principal
            && key.GetConstraintName(table, principal) is { } name
            ? new(
                name, table.Name, [.. key.Properties.Select(property => property.GetColumnName(table)!)], principal.Name,
                [.. key.PrincipalKey.Properties.Select(property => property.GetColumnName(principal)!)])
            : null;
}

/// <summary>A foreign key.</summary>
/// <param name="Name">The constraint's name.</param>
/// <param name="Table">Where it stands.</param>
/// <param name="Columns">Its columns.</param>
/// <param name="Principal">The table that it refers to.</param>
/// <param name="PrincipalColumns">The columns there, in the same order.</param>
internal sealed record ModelReference(
    string Name, string Table, IReadOnlyList<string> Columns, string Principal, IReadOnlyList<string> PrincipalColumns);
