using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.EntityFrameworkCore.Migrations.Operations;
using Microsoft.EntityFrameworkCore.Migrations.Operations.Builders;
using Nexus.Data.Persistence.Migrations;

namespace Nexus.Data.Migrations;

/// <summary>What the migrations need beside EF's own operations.</summary>
internal static class MigrationBuilderExtensions
{
    /// <summary>Runs a script of the folder <c>Scripts</c>.</summary>
    public static OperationBuilder<SqlOperation> Script(this MigrationBuilder migrationBuilder, string name)
        => migrationBuilder.Sql(ReadScript(name));

    /// <summary>Says what a script does to rows that exist, for who asks before.</summary>
    /// <param name="script">The script.</param>
    /// <param name="table">The table of the rows.</param>
    /// <param name="what">What it does, as the end of a sentence that begins with the migration.</param>
    /// <param name="condition">A condition in SQL, on the catalog alone, that holds where it does; null for always.</param>
    public static OperationBuilder<SqlOperation> ChangesRows(
        this OperationBuilder<SqlOperation> script, string table, string what, string? condition = null)
        => script.Annotation(NexusMigrationsSqlGenerator.ChangesRows, new RowChange(table, what, condition));

    /// <summary>Says that a script makes a column of another maker as long as ours. Views that read it forbid that.</summary>
    public static OperationBuilder<SqlOperation> Widens(
        this OperationBuilder<SqlOperation> script, string table, string column, int length)
        => script.Annotation(NexusMigrationsSqlGenerator.Widens, new WidenedColumn(table, column, length));

    /// <summary>Says that a script retires the API keys that stand in clear: it wants an operator's word before.</summary>
    public static OperationBuilder<SqlOperation> RetiresClearKeys(this OperationBuilder<SqlOperation> script)
        => script.Annotation(NexusMigrationsSqlGenerator.RetiresClearKeys, true);

    /// <summary>Builds an index over expressions, which a model cannot describe.</summary>
    /// <param name="migrationBuilder">The operations so far.</param>
    /// <param name="name">The index.</param>
    /// <param name="table">Its table.</param>
    /// <param name="expressions">What stands between the index's parentheses.</param>
    /// <param name="filter">The condition of its rows, if any.</param>
    /// <param name="unique">Whether no two rows may have the same.</param>
    /// <param name="concurrently">Whether to leave writers alone meanwhile.</param>
    /// <param name="method">The kind of index; null for a B-tree.</param>
    public static OperationBuilder<CreateIndexOperation> CreateExpressionIndex(
        this MigrationBuilder migrationBuilder,
        string name,
        string table,
        string expressions,
        string? filter = null,
        bool unique = false,
        bool concurrently = false,
        string? method = null)
    {
        var index = migrationBuilder.CreateIndex(name, table, columns: [expressions], unique: unique, filter: filter)
            .Annotation(NexusMigrationsSqlGenerator.HasExpressions, true);
        if (method is not null)
        {
            index.Annotation("Npgsql:IndexMethod", method);
        }

        return concurrently ? index.Annotation("Npgsql:CreatedConcurrently", true) : index;
    }

    /// <summary>Marks an index of the sequence that the migration RepairAndTrim drops again: on a large table it is not built
    /// first.</summary>
    public static OperationBuilder<CreateIndexOperation> DroppedLater(this OperationBuilder<CreateIndexOperation> index)
        => index.Annotation(NexusMigrationsSqlGenerator.DroppedLater, true);

    /// <summary>Marks a foreign key of the sequence that the migration RepairAndTrim drops again: rows that contradict it,
    /// where somebody has dropped it before, do not stop the way there.</summary>
    public static OperationBuilder<AddForeignKeyOperation> DroppedLater(
        this OperationBuilder<AddForeignKeyOperation> foreignKey)
        => foreignKey.Annotation(NexusMigrationsSqlGenerator.DroppedLater, true);

    /// <summary>The text of a script of the folder <c>Scripts</c>.</summary>
    public static string ReadScript(string name) => MigrationScripts.Read(typeof(MigrationBuilderExtensions).Assembly, name);

    /// <summary>
    /// Remembers whether the step is new to this database, before its operations make what is missing: its row changes
    /// run only then, since on a database that has the step they have happened already. The memory is the session's, so
    /// that it lasts in scripts without a transaction, and each step that has row changes writes it anew.
    /// </summary>
    /// <param name="migrationBuilder">The operations so far.</param>
    /// <param name="step">The step's number, as its script compares it.</param>
    /// <param name="missing">A condition in SQL that holds where the step's own things are missing.</param>
    public static void RememberWhetherNew(this MigrationBuilder migrationBuilder, string step, string missing)
        => migrationBuilder.Sql($"""
            DO $nexus$
            BEGIN
                PERFORM set_config('nexus.new_step', CASE WHEN {missing} THEN '{step}' ELSE '' END, false);
            END $nexus$;
            """);

    /// <summary>A condition in SQL that holds where a table has none of the columns.</summary>
    public static string NoColumn(string table, params string[] columns)
        => $"NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('{table}') AND NOT attisdropped "
            + $"AND attname IN ({string.Join(", ", columns.Select(column => $"'{column}'"))}))";

    /// <summary>A condition in SQL that holds where there is none of the tables and indexes.</summary>
    public static string NoRelation(params string[] names)
        => string.Join(" AND ", names.Select(name => $"to_regclass('{name}') IS NULL"));
}
