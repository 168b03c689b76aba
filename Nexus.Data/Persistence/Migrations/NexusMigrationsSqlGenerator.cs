using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.EntityFrameworkCore.Migrations.Operations;
using Nexus.Data.Analyses;
using Npgsql.EntityFrameworkCore.PostgreSQL.Infrastructure.Internal;
using Npgsql.EntityFrameworkCore.PostgreSQL.Metadata;
using Npgsql.EntityFrameworkCore.PostgreSQL.Metadata.Internal;
using Npgsql.EntityFrameworkCore.PostgreSQL.Migrations;

namespace Nexus.Data.Persistence.Migrations;

/// <summary>
/// Writes every operation so that it does what is missing and leaves what is there: a database may have been made by
/// other hands, or a script may run twice.
/// </summary>
[SuppressMessage("Usage", "EF1001", Justification = "Constructor and annotation names of the provider are internal.")]
internal sealed partial class NexusMigrationsSqlGenerator(
    MigrationsSqlGeneratorDependencies dependencies, INpgsqlSingletonOptions npgsqlSingletonOptions)
    : NpgsqlMigrationsSqlGenerator(dependencies, npgsqlSingletonOptions)
{
    /// <summary>
    /// On a column or an index: the name that a later migration gives it, or gives what takes its place. Where that is
    /// there already, the operation has nothing to do.
    /// </summary>
    public const string LaterName = "Nexus:LaterName";

    /// <summary>On an index whose columns are to be written as they are, because they are expressions.</summary>
    public const string HasExpressions = "Nexus:HasExpressions";

    /// <summary>
    /// On an index or a foreign key that a later migration drops again. An index is not built on a table of more than
    /// <see cref="SmallTable"/> rows: it would cost minutes for nothing. A key is left out where rows contradict it.
    /// </summary>
    public const string DroppedLater = "Nexus:DroppedLater";

    /// <summary>On what changes rows that exist: a <see cref="RowChange"/>, for who wants to know before.</summary>
    public const string ChangesRows = "Nexus:ChangesRows";

    /// <summary>On a script that makes a view: the view's name.</summary>
    public const string MakesView = "Nexus:MakesView";

    /// <summary>On what makes a column of another maker as long as ours: a <see cref="WidenedColumn"/>.</summary>
    public const string Widens = "Nexus:Widens";

    /// <summary>On a script that retires the API keys that stand in clear.</summary>
    public const string RetiresClearKeys = "Nexus:RetiresClearKeys";

    private const int SmallTable = 100_000;

    private static readonly List<string> _statusLabels = [.. Enum.GetNames<ConversationAnalysisStatus>().Select(PostgresNames.ToSnakeCase)];

    /// <summary>The statement that makes the type of this version where there is none.</summary>
    public static string MakeStatusType { get; } = MakeEnum(
        NexusDbContextOptionsExtensions.StatusType, CreateEnum(NexusDbContextOptionsExtensions.StatusType, _statusLabels));

    protected override void Generate(
        CreateTableOperation operation, IModel? model, MigrationCommandListBuilder builder, bool terminate = true)
    {
        var table = Delimit(operation.Name, operation.Schema);
        var create = Sql(inner => base.Generate(operation, model, inner));
        var statements = new List<string>();
        foreach (var column in operation.Columns)
        {
            statements.Add(If(
                ColumnIsMissing(table, column.Name, column[LaterName] as string),
                Sql(inner => Add(column, model, inner))));
        }

        if (operation.PrimaryKey is { } key)
        {
            statements.Add(If(
                $"NOT EXISTS (SELECT FROM pg_constraint WHERE conrelid = {Regclass(table)} AND contype = 'p')",
                Sql(inner => base.Generate(key, model, inner))));
        }

        statements.AddRange(operation.UniqueConstraints.Select(constraint => If(
            ConstraintIsMissing(table, constraint.Name), Sql(inner => base.Generate(constraint, model, inner)))));
        statements.AddRange(operation.CheckConstraints.Select(constraint => If(
            ConstraintIsMissing(table, constraint.Name), Sql(inner => base.Generate(constraint, model, inner)))));
        statements.AddRange(operation.ForeignKeys.Select(constraint => If(
            ConstraintIsMissing(table, constraint.Name), Sql(inner => base.Generate(constraint, model, inner)))));
        if (operation.Comment is { } comment)
        {
            statements.Add($"COMMENT ON TABLE {table} IS {Literal(comment)};");
        }

        statements.AddRange(operation.Columns.Select(column => Comment(column, table)).Where(text => text.Length > 0));

        Append(builder, Block($"""
            IF {Regclass(table)} IS NULL THEN
            {Indent(create)}
            ELSE
            {Indent(string.Join('\n', statements))}
            END IF;
            """));
    }

    protected override void Generate(
        AddColumnOperation operation, IModel? model, MigrationCommandListBuilder builder, bool terminate = true)
    {
        if (IsNothing(inner => base.Generate(operation, model, inner)))
        {
            return;
        }

        var table = Delimit(operation.Table, operation.Schema);
        Add(operation, model, builder);
        builder.EndCommand();
        if (Comment(operation, table) is { Length: > 0 } comment)
        {
            Append(builder, comment);
        }
    }

    protected override void Generate(
        CreateIndexOperation operation, IModel? model, MigrationCommandListBuilder builder, bool terminate = true)
    {
        // EF wraps the commands of an idempotent script in blocks, where PostgreSQL builds nothing concurrently.
        var concurrently = operation[NpgsqlAnnotationNames.CreatedConcurrently] is true
            && !Options.HasFlag(MigrationsSqlGenerationOptions.Idempotent);
        var table = Delimit(operation.Table, operation.Schema);
        var index = Delimit(operation.Name, operation.Schema);
        var create = CreateIndex(operation, model, concurrently);
        if (concurrently)
        {
            // What a build leaves behind that was cut off: it has the name, and serves no query.
            Append(builder, Block(If(
                $"EXISTS (SELECT FROM pg_index WHERE indexrelid = {Regclass(index)} AND NOT indisvalid)",
                $"DROP INDEX {index};")), suppressTransaction: true);
            Append(builder, create, suppressTransaction: true);
        }
        else
        {
            var conditions = new List<string>();
            if (operation[LaterName] is string later)
            {
                conditions.Add($"{Regclass(Delimit(later, operation.Schema))} IS NULL");
                conditions.AddRange(operation.Columns.Select(column => ColumnIsThere(table, column)));
            }

            if (operation[DroppedLater] is true)
            {
                conditions.Add(IsSmall(table));
            }

            Append(builder, conditions.Count == 0 ? create : Block(If(string.Join(" AND ", conditions), create)));
        }
    }

    protected override void Generate(
        DropTableOperation operation, IModel? model, MigrationCommandListBuilder builder, bool terminate = true)
        => Append(builder, $"DROP TABLE IF EXISTS {Delimit(operation.Name, operation.Schema)};");

    protected override void Generate(
        DropColumnOperation operation, IModel? model, MigrationCommandListBuilder builder, bool terminate = true)
    {
        if (!IsNothing(inner => base.Generate(operation, model, inner)))
        {
            Append(builder, $"ALTER TABLE {Delimit(operation.Table, operation.Schema)} DROP COLUMN IF EXISTS {Delimit(operation.Name)};");
        }
    }

    protected override void Generate(
        DropIndexOperation operation, IModel? model, MigrationCommandListBuilder builder, bool terminate = true)
    {
        var index = Delimit(operation.Name, operation.Schema);
        if (operation.Table is null)
        {
            Append(builder, $"DROP INDEX IF EXISTS {index};");
            return;
        }

        // What the model calls a unique index is a constraint in the tables of the sequence, and goes with it only.
        var table = Delimit(operation.Table, operation.Schema);
        Append(builder, Block($"""
            IF {ConstraintIsMissing(table, operation.Name)} THEN
                DROP INDEX IF EXISTS {index};
            ELSE
                ALTER TABLE {table} DROP CONSTRAINT {Delimit(operation.Name)};
            END IF;
            """));
    }

    protected override void Generate(
        DropPrimaryKeyOperation operation, IModel? model, MigrationCommandListBuilder builder, bool terminate = true)
        => DropConstraint(operation, operation.Name, builder);

    protected override void Generate(
        DropUniqueConstraintOperation operation, IModel? model, MigrationCommandListBuilder builder)
        => DropConstraint(operation, operation.Name, builder);

    protected override void Generate(
        DropCheckConstraintOperation operation, IModel? model, MigrationCommandListBuilder builder)
        => DropConstraint(operation, operation.Name, builder);

    protected override void Generate(
        DropForeignKeyOperation operation, IModel? model, MigrationCommandListBuilder builder, bool terminate = true)
        => DropConstraint(operation, operation.Name, builder);

    protected override void Generate(
        AddPrimaryKeyOperation operation, IModel? model, MigrationCommandListBuilder builder, bool terminate = true)
        => Append(builder, Block(If(
            $"NOT EXISTS (SELECT FROM pg_constraint WHERE contype = 'p' "
            + $"AND conrelid = {Regclass(Delimit(operation.Table, operation.Schema))})",
            Sql(inner => base.Generate(operation, model, inner)))));

    protected override void Generate(
        AddUniqueConstraintOperation operation, IModel? model, MigrationCommandListBuilder builder)
        => AddConstraint(operation, operation.Name, Sql(inner => base.Generate(operation, model, inner)), builder);

    protected override void Generate(
        AddCheckConstraintOperation operation, IModel? model, MigrationCommandListBuilder builder)
        => AddConstraint(operation, operation.Name, Sql(inner => base.Generate(operation, model, inner)), builder);

    protected override void Generate(
        AddForeignKeyOperation operation, IModel? model, MigrationCommandListBuilder builder, bool terminate = true)
    {
        var add = Sql(inner => base.Generate(operation, model, inner));
        AddConstraint(
            operation, operation.Name,
            operation[DroppedLater] is true
                ? $"BEGIN\n{Indent(add)}\nEXCEPTION WHEN foreign_key_violation THEN\n    NULL;\nEND;"
                : add,
            builder);
    }

    protected override void Generate(
        RenameColumnOperation operation, IModel? model, MigrationCommandListBuilder builder)
    {
        var table = Delimit(operation.Table, operation.Schema);
        Append(builder, Block(If(
            $"{ColumnIsThere(table, operation.Name)} AND {ColumnIsMissing(table, operation.NewName)}",
            Sql(inner => base.Generate(operation, model, inner)))));
    }

    protected override void Generate(
        RenameIndexOperation operation, IModel? model, MigrationCommandListBuilder builder)
        => RenameRelation(
            Delimit(operation.Name, operation.Schema), Delimit(operation.NewName, operation.Schema),
            Sql(inner => base.Generate(operation, model, inner)), builder);

    protected override void Generate(
        RenameTableOperation operation, IModel? model, MigrationCommandListBuilder builder)
        => RenameRelation(
            Delimit(operation.Name, operation.Schema),
            Delimit(operation.NewName ?? operation.Name, operation.NewSchema ?? operation.Schema),
            Sql(inner => base.Generate(operation, model, inner)), builder);

    protected override void GenerateCreateEnum(
        PostgresEnum enumType, IModel? model, MigrationCommandListBuilder builder)
        => Append(builder, MakeEnum(
            Delimit(enumType.Name, enumType.Schema),
            enumType.Name == NexusDbContextOptionsExtensions.StatusType
                ? CreateEnum(Delimit(enumType.Name, enumType.Schema), InOrder(enumType.Labels))
                : Sql(inner => base.GenerateCreateEnum(enumType, model, inner))));

    protected override void GenerateDropEnum(PostgresEnum enumType, IModel? model, MigrationCommandListBuilder builder)
        => Append(builder, $"DROP TYPE IF EXISTS {Delimit(enumType.Name, enumType.Schema)};");

    // A model has the labels of its enums by the alphabet; in the database they are in their own order, and sort by it. Those of the operation, which may
    // be of an earlier version.
    private static IEnumerable<string> InOrder(IEnumerable<string> labels)
        => labels.OrderBy(label => _statusLabels.IndexOf(label) is var place and >= 0 ? place : int.MaxValue);

    private static string CreateEnum(string type, IEnumerable<string> labels)
        => $"CREATE TYPE {type} AS ENUM ({string.Join(", ", labels.Select(Literal))});";

    private static string MakeEnum(string type, string create) => Block(If($"to_regtype({Literal(type)}) IS NULL", create));

    // The provider writes nothing for what each table has by itself, such as xmin.
    private bool IsNothing(Action<MigrationCommandListBuilder> write) => Sql(write).Length == 0;

    private void Add(AddColumnOperation operation, IModel? model, MigrationCommandListBuilder builder)
    {
        builder.Append($"ALTER TABLE {Delimit(operation.Table, operation.Schema)} ADD COLUMN IF NOT EXISTS ");
        ColumnDefinition(operation, model, builder);
        builder.AppendLine(";");
    }

    private string CreateIndex(CreateIndexOperation operation, IModel? model, bool concurrently)
    {
        var kind = operation.IsUnique ? "UNIQUE INDEX" : "INDEX";
        var start = $"CREATE {kind} {(concurrently ? "CONCURRENTLY " : "")}IF NOT EXISTS ";
        if (operation[HasExpressions] is true)
        {
            var expressions = string.Join(", ", operation.Columns);
            var filter = operation.Filter is null ? "" : $" WHERE {operation.Filter}";
            var table = Delimit(operation.Table, operation.Schema);
            var method = operation["Npgsql:IndexMethod"] is string name ? $" USING {name}" : "";
            return $"{start}{Delimit(operation.Name)} ON {table}{method} ({expressions}){filter};";
        }

        return IndexStart().Replace(Sql(inner => base.Generate(operation, model, inner)), start, 1);
    }

    private void AddConstraint(
        ITableMigrationOperation operation, string name, string add, MigrationCommandListBuilder builder)
        => Append(builder, Block(If(ConstraintIsMissing(Delimit(operation.Table, operation.Schema), name), add)));

    private void DropConstraint(ITableMigrationOperation operation, string name, MigrationCommandListBuilder builder)
        => Append(builder, $"ALTER TABLE {Delimit(operation.Table, operation.Schema)} "
            + $"DROP CONSTRAINT IF EXISTS {Delimit(name)};");

    private static void RenameRelation(string name, string newName, string rename, MigrationCommandListBuilder builder)
        => Append(builder, Block(If($"{Regclass(name)} IS NOT NULL AND {Regclass(newName)} IS NULL", rename)));

    private string Comment(AddColumnOperation column, string table)
    {
        if (column.Comment is not { } comment)
        {
            return "";
        }

        var statement = Statement(column.Name);
        return column[LaterName] is string later
            ? $"{If(ColumnIsThere(table, column.Name), statement)}\n{If(ColumnIsThere(table, later), Statement(later))}"
            : statement;

        string Statement(string name) => $"COMMENT ON COLUMN {table}.{Delimit(name)} IS {Literal(comment)};";
    }

    private string Sql(Action<MigrationCommandListBuilder> write)
    {
        var builder = new MigrationCommandListBuilder(Dependencies);
        write(builder);
        builder.EndCommand();
        return string.Join('\n', builder.GetCommandList().Select(command => command.CommandText.TrimEnd()));
    }

    private static void Append(MigrationCommandListBuilder builder, string sql, bool suppressTransaction = false)
    {
        builder.AppendLine(sql);
        builder.EndCommand(suppressTransaction);
    }

    private static string Block(string body) => $"DO $nexus$\nBEGIN\n{Indent(body)}\nEND $nexus$;";

    private static string If(string condition, string statement)
        => $"IF {condition} THEN\n{Indent(statement)}\nEND IF;";

    // A literal may run over several lines, and has to stay as it is.
    private static string Indent(string sql)
        => sql.Split('\n').Any(line => line.Count(letter => letter == '\'') % 2 != 0) ? sql : LineStart().Replace(sql, "    ");

    private static string ColumnIsThere(string table, string column) => $"EXISTS ({Column(table, Literal(column))})";

    private static string ColumnIsMissing(string table, string column, string? later = null)
        => later is null
            ? $"NOT EXISTS ({Column(table, Literal(column))})"
            : $"NOT EXISTS ({Column(table, Literal(column), Literal(later))})";

    private static string Column(string table, params string[] names)
        => $"SELECT FROM pg_attribute WHERE attrelid = {Regclass(table)} AND NOT attisdropped "
            + $"AND attname IN ({string.Join(", ", names)})";

    /// <summary>
    /// A condition in SQL that holds where a table has at most <see cref="SmallTable"/> rows. By the statistics; rows are
    /// counted only where there are none yet, of which PostgreSQL 13 says that there are 0 rows.
    /// </summary>
    internal static string IsSmall(string table)
        => string.Create(CultureInfo.InvariantCulture, $"""
            (SELECT CASE WHEN reltuples > 0 THEN reltuples <= {SmallTable}
                         ELSE (SELECT count(*) FROM (SELECT FROM {table} LIMIT {SmallTable + 1}) counted) <= {SmallTable} END
             FROM pg_class WHERE oid = {Regclass(table)})
            """);

    private static string ConstraintIsMissing(string table, string name)
        => $"NOT EXISTS (SELECT FROM pg_constraint WHERE conrelid = {Regclass(table)} AND conname = {Literal(name)})";

    private static string Regclass(string delimited) => $"to_regclass({Literal(delimited)})";

    private string Delimit(string name, string? schema = null)
        => Dependencies.SqlGenerationHelper.DelimitIdentifier(name, schema);

    private static string Literal(string text)
        => string.Create(CultureInfo.InvariantCulture, $"'{text.Replace("'", "''", StringComparison.Ordinal)}'");

    [GeneratedRegex("^", RegexOptions.Multiline)]
    private static partial Regex LineStart();

    [GeneratedRegex("^CREATE (UNIQUE )?INDEX (CONCURRENTLY )?")]
    private static partial Regex IndexStart();
}
