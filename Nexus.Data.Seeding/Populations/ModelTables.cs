using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Nexus.Data.Persistence;

namespace Nexus.Data.Seeding.Populations;

/// <summary>The tables of the model, and which of them refers to which.</summary>
internal static class ModelTables
{
    /// <summary>The tables of people and chats.</summary>
    public static IReadOnlyList<string> OfChats { get; } = ["users", "chats", "chat_members", "messages", "chat_snapshots"];

    /// <summary>Every table's name, in the order of the alphabet; views are none.</summary>
    public static IReadOnlyList<string> Names(IModel model)
        => [.. model.GetEntityTypes().Select(type => type.GetTableName()).OfType<string>().Distinct().Order(StringComparer.Ordinal)];

    /// <summary>Every foreign key, once, also where several kinds of one table have it.</summary>
    public static IReadOnlyList<ModelReference> References(IModel model)
        => [
            .. model.GetEntityTypes().SelectMany(type => type.GetDeclaredForeignKeys()).Select(Reference).OfType<ModelReference>()
                .DistinctBy(reference => reference.Name).OrderBy(reference => reference.Name, StringComparer.Ordinal),
        ];

    /// <summary>Tables in an order in which each comes before those that it refers to: so rows can be removed.</summary>
    public static IReadOnlyList<string> ChildrenFirst(IModel model, IEnumerable<string> tables)
    {
        var left = tables.ToList();
        var references = References(model).Where(reference => reference.Table != reference.Principal).ToList();
        var ordered = new List<string>(left.Count);
        while (left.Count > 0)
        {
            var free = left.Where(table => !references.Exists(reference => reference.Principal == table && left.Contains(reference.Table))).ToList();
            if (free.Count == 0)
            {
                throw new InvalidOperationException($"These tables refer to each other in a circle: {string.Join(", ", left)}.");
            }

            ordered.AddRange(free);
            left.RemoveAll(free.Contains);
        }

        return ordered;
    }

    /// <summary>How many rows each table has, in the same order, as of one instant.</summary>
    public static async Task<IReadOnlyList<PopulationCount>> CountAsync(
        NexusDbContext db, IReadOnlyCollection<string> tables, CancellationToken cancellationToken)
        => await db.ReadAllAsync(
            string.Join(" UNION ALL ", tables.Select(table => $"SELECT '{table}', count(*) FROM \"{table}\"")), [],
            row => new PopulationCount(row.GetString(0), row.GetInt64(1)), cancellationToken);

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
