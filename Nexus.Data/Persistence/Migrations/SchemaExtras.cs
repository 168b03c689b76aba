using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore.Metadata;

namespace Nexus.Data.Persistence.Migrations;

/// <summary>
/// What the library's statements need and no EF model describes: functions, a trigger, the view by hour, and indexes over
/// expressions. Each statement does what is missing and leaves what is there.
/// </summary>
internal static class SchemaExtras
{
    /// <summary>On a model with the Nexus tables: which extras belong to it. It changes when they do.</summary>
    public const string Annotation = "Nexus:Extras";

    // As they stand at the newest version, in the order of their migrations.
    private static readonly string[] _scripts =
    [
        "000_InitDatabase.up.sql", "011_AddConversationAnalyses.up.sql", "015_AddConversationLinks.up.sql",
        "016_HourlyStats.up.sql",
    ];

    private static readonly string[] _undo = ["015_AddConversationLinks.down.sql", "000_InitDatabase.down.sql"];

    /// <summary>The value of <see cref="Annotation"/>.</summary>
    public static string Version { get; } = Hash();

    /// <summary>The statement that makes the type, where EF did so in an earlier migration and it went with the tables.</summary>
    public static string MakeTypes { get; } = NexusMigrationsSqlGenerator.MakeStatusType;

    /// <summary>The statement that stands for extras of an earlier version, which this one does not know.</summary>
    public const string Refuse =
        """
        DO $nexus$
        BEGIN
            RAISE EXCEPTION 'This migration is not taken back: the SQL of the version before stands in an earlier migration alone.'
                USING HINT = 'Nothing was changed. Restore a backup, or write that SQL in place of this statement and behind the rest.';
        END $nexus$;
        """;

    /// <summary>The statements that make the extras of a database that has the tables of a model.</summary>
    /// <param name="model">The model, which says which indexes EF makes.</param>
    public static string Make(IRelationalModel model)
    {
        var modelled = model.Tables.SelectMany(NamesOf).ToHashSet(StringComparer.Ordinal);
        var indexes = OwnIndexes.All
            .Where(index => index.HasExpressions && !modelled.Contains(index.Name))
            .Select(index => index.MakeIfMissing);
        return string.Join('\n', _scripts.Select(Read).Concat(indexes));
    }

    /// <summary>The statements that take them away again, before the tables go.</summary>
    public static string Remove { get; } =
        $"""
        {string.Join('\n', _undo.Select(Read)).TrimEnd()}
        DROP TRIGGER IF EXISTS set_timestamp_on_conversation_analyses ON conversation_analyses;
        DROP FUNCTION IF EXISTS trigger_set_timestamp();
        """;

    /// <summary>The statements that take types away of which EF makes columns, but which it leaves when the tables have gone.</summary>
    public const string RemoveTypes = "DROP TYPE IF EXISTS conversation_analysis_status;";

    private static IEnumerable<string> NamesOf(ITable table)
        => table.Indexes.Select(index => index.Name).Concat(table.UniqueConstraints.Select(constraint => constraint.Name));

    private static string Hash()
    {
        var text = string.Concat(_scripts.Select(Read).Concat(
            OwnIndexes.All.Where(index => index.HasExpressions).Select(index => index.MakeIfMissing)));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 8));
    }

    private static string Read(string name)
        => MigrationScripts.Read(typeof(SchemaExtras).Assembly, name).ReplaceLineEndings("\n");
}
