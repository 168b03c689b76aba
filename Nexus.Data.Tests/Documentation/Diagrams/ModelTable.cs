using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Metadata;
using Nexus.Data.Tests.Fixtures;

namespace Nexus.Data.Tests.Documentation.Diagrams;

/// <summary>A table of the EF model, as a diagram shows it.</summary>
/// <param name="Name">What PostgreSQL calls it.</param>
/// <param name="Comment">What a row is; null where the migrations' own SQL says it.</param>
/// <param name="Columns">In the order of the entity's properties, the primary key's first.</param>
/// <param name="Unique">The columns of each unique rule besides the primary key.</param>
/// <param name="ForeignKeys">What the database itself keeps.</param>
internal sealed record ModelTable(
    string Name, string? Comment, IReadOnlyList<ModelColumn> Columns, IReadOnlyList<string> Unique, IReadOnlyList<Reference> ForeignKeys)
{
    /// <summary>All tables and views of the model, by name. No database is asked.</summary>
    public static IReadOnlyDictionary<string, ModelTable> Read()
    {
        using var db = Server.Open("Host=nowhere");

        // The model of the design has the comments, which the one that runs leaves out.
        var entities = db.GetService<IDesignTimeModel>().Model.GetEntityTypes();
        return entities.GroupBy(entity => entity.GetTableName() ?? entity.GetViewName()!, StringComparer.Ordinal)
            .ToDictionary(table => table.Key, table => Read(table.Key, [.. table.OrderBy(Depth)]), StringComparer.Ordinal);
    }

    private static ModelTable Read(string name, List<IEntityType> entities) => new(
        name,
        entities[0].GetComment(),
        [.. entities.SelectMany(entity => entity.GetDeclaredProperties().OrderBy(KeyPosition).ThenBy(Position)).Select(Column)],
        [
            .. entities.SelectMany(entity => entity.GetDeclaredIndexes()).Where(index => index.IsUnique)
                .Select(index => string.Join(", ", index.Properties.Select(property => property.GetColumnName())))
                .Order(StringComparer.Ordinal),
        ],
        [.. entities.SelectMany(entity => entity.GetDeclaredForeignKeys()).Select(key => ForeignKey(name, key))]);

    private static ModelColumn Column(IProperty property) => new(
        property.GetColumnName(), property.GetColumnType(), property.IsPrimaryKey(), property.IsForeignKey(), property.IsColumnNullable());

    private static Reference ForeignKey(string table, IForeignKey key) => new(
        table, key.Properties.Single().GetColumnName(),
        key.PrincipalEntityType.GetTableName()!, key.PrincipalKey.Properties.Single().GetColumnName())
    {
        IsKept = true,
    };

    private static int Depth(IEntityType entity) => entity.GetAllBaseTypes().Count();

    private static int KeyPosition(IProperty property)
        => property.IsPrimaryKey() ? property.FindContainingPrimaryKey()!.Properties.ToList().IndexOf(property) : int.MaxValue;

    // As they are declared in the class; what is no property of it comes last.
    private static int Position(IProperty property) => property.PropertyInfo?.MetadataToken ?? int.MaxValue;
}

/// <summary>A column of the model.</summary>
internal sealed record ModelColumn(string Name, string Type, bool IsKey, bool IsForeignKey, bool IsNullable)
{
    /// <summary>The type as people write it, with a question mark where the column may be null.</summary>
    public string ShortType
        => Type.Replace("timestamp with time zone", "timestamptz", StringComparison.Ordinal)
            .Replace("character varying", "varchar", StringComparison.Ordinal)
            .Replace("character(", "char(", StringComparison.Ordinal)
            .Replace("integer", "int", StringComparison.Ordinal)
            .Replace("boolean", "bool", StringComparison.Ordinal) + (IsNullable ? "?" : "");
}

/// <summary>That a column holds what another one holds.</summary>
internal sealed record Reference(string Table, string Column, string ToTable, string ToColumn)
{
    /// <summary>Whether the database keeps it, by a foreign key; else the library does.</summary>
    public bool IsKept { get; init; }
}
