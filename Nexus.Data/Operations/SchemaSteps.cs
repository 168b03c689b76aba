using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.EntityFrameworkCore.Migrations.Operations;
using Nexus.Data.Persistence.Migrations;

namespace Nexus.Data.Operations;

/// <summary>What each migration makes, renames and drops, by its operations. No database is asked.</summary>
internal sealed class SchemaSteps
{
    private readonly List<Made> _made = [];

    private SchemaSteps()
    {
    }

    /// <summary>Reads migrations.</summary>
    /// <param name="migrations">All that there are, by their ids, in their order.</param>
    public static SchemaSteps Of(IEnumerable<KeyValuePair<string, Migration>> migrations)
    {
        var steps = new SchemaSteps();
        foreach (var (id, migration) in migrations)
        {
            foreach (var operation in migration.UpOperations)
            {
                steps.Follow(id, operation);
            }
        }

        return steps;
    }

    /// <summary>What is there only where a migration was run: what it made, under all its names, and the names it gave.</summary>
    public IEnumerable<SchemaObject> OwnOf(string id)
        => _made.Where(made => made.Id == id).SelectMany(made => made.Names)
            .Concat(_made.SelectMany(made => made.Renames).Where(rename => rename.Id == id).Select(rename => rename.Object));

    /// <summary>What a database holds that has had some of the migrations and no other.</summary>
    public IEnumerable<SchemaObject> After(IReadOnlySet<string> ids)
        => _made.Where(made => ids.Contains(made.Id) && !(made.DroppedBy is { } id && ids.Contains(id)))
            .Select(made => made.Renames.LastOrDefault(rename => ids.Contains(rename.Id)) is { Id: not null } last
                ? last.Object
                : made.Object);

    /// <summary>Whether any migration makes it, under any of its names.</summary>
    public bool IsKnown(SchemaObject thing) => _made.Exists(made => made.Names.Contains(thing));

    /// <summary>What a migration makes and a database has under none of its names.</summary>
    /// <returns>Each thing, whether a migration drops it again, and whether it is left out on a large table.</returns>
    public IEnumerable<(SchemaObject Object, bool IsDropped, bool IsLeftOut)> MissingOf(
        string id, IReadOnlySet<SchemaObject> there)
    {
        var missing = _made.Where(made => made.Id == id && !made.Names.Any(there.Contains)).ToList();
        var tables = missing.Where(made => made.Object.Kind == SchemaObject.TableKind).Select(made => made.Object.Table)
            .ToHashSet(StringComparer.Ordinal);

        // A table is made with all that is its own.
        return missing
            .Where(made => made.Object.Kind == SchemaObject.TableKind || !tables.Contains(made.Object.Table))
            .Select(made => (made.Object, made.DroppedBy is not null, made.IsLeftOut && !tables.Contains(made.Object.Table)));
    }

    /// <summary>What a database has and a migration renames, and none drops afterwards.</summary>
    public IEnumerable<(SchemaObject Object, string NewName)> RenamedBy(string id, IReadOnlySet<SchemaObject> there)
        => from made in _made
           where made.DroppedBy is null
           from rename in made.Renames
           where rename.Id == id && !there.Contains(rename.Object)
           from old in made.Names
           where there.Contains(old)
           select (old, rename.Object.Name);

    /// <summary>What a database has and a migration drops.</summary>
    public IEnumerable<SchemaObject> DroppedBy(string id, IReadOnlySet<SchemaObject> there)
        => _made.Where(made => made.DroppedBy == id).SelectMany(made => made.Names).Where(there.Contains);

    private void Follow(string id, MigrationOperation operation)
    {
        switch (operation)
        {
            case CreateTableOperation table:
                Add(id, SchemaObject.TableKind, table.Name, table.Name);
                table.Columns.ForEach(column => Add(id, SchemaObject.ColumnKind, table.Name, column.Name));
                table.UniqueConstraints.ForEach(key => Add(id, SchemaObject.ConstraintKind, table.Name, key.Name));
                table.CheckConstraints.ForEach(check => Add(id, SchemaObject.ConstraintKind, table.Name, check.Name));
                table.ForeignKeys.ForEach(key => Add(id, SchemaObject.ConstraintKind, table.Name, key.Name));
                break;
            case AddColumnOperation column:
                Add(id, SchemaObject.ColumnKind, column.Table, column.Name);
                break;
            case CreateIndexOperation index:
                Add(
                    id, SchemaObject.IndexKind, index.Table, index.Name,
                    index[NexusMigrationsSqlGenerator.DroppedLater] is true);
                break;
            case AddForeignKeyOperation key:
                Add(id, SchemaObject.ConstraintKind, key.Table, key.Name);
                break;
            case AddCheckConstraintOperation check:
                Add(id, SchemaObject.ConstraintKind, check.Table, check.Name);
                break;
            case SqlOperation script when script[NexusMigrationsSqlGenerator.MakesView] is string view:
                Add(id, SchemaObject.ViewKind, view, view);
                break;
            case RenameColumnOperation rename:
                Rename(id, SchemaObject.ColumnKind, rename.Table, rename.Name, rename.NewName);
                break;
            case RenameIndexOperation { Table: { } table } rename:
                Rename(id, SchemaObject.IndexKind, table, rename.Name, rename.NewName);
                break;
            case DropIndexOperation { Table: { } table } index:
                Drop(id, SchemaObject.IndexKind, table, index.Name);
                break;
            case DropForeignKeyOperation key:
                Drop(id, SchemaObject.ConstraintKind, key.Table, key.Name);
                break;
            case DropColumnOperation column:
                Drop(id, SchemaObject.ColumnKind, column.Table, column.Name);
                break;
            default:
                break;
        }
    }

    // A step that makes again what an earlier one has made does it for databases that lack it.
    private void Add(string id, string kind, string table, string name, bool isLeftOut = false)
    {
        if (Find(kind, table, name) is null)
        {
            _made.Add(new(id, new(kind, table, name), isLeftOut));
        }
    }

    private void Rename(string id, string kind, string table, string name, string newName)
        => Find(kind, table, name)?.Renames.Add((id, new(kind, table, newName)));

    private void Drop(string id, string kind, string table, string name)
    {
        if (Find(kind, table, name) is { } made)
        {
            made.DroppedBy = id;
        }
    }

    private Made? Find(string kind, string table, string name)
        => _made.Find(made => made.DroppedBy is null && made.Names.Last() == new SchemaObject(kind, table, name));

    private sealed class Made(string id, SchemaObject thing, bool isLeftOut)
    {
        public string Id => id;

        public SchemaObject Object => thing;

        public bool IsLeftOut => isLeftOut;

        public List<(string Id, SchemaObject Object)> Renames { get; } = [];

        public string? DroppedBy { get; set; }

        public IEnumerable<SchemaObject> Names => Renames.Select(rename => rename.Object).Prepend(thing);
    }
}
