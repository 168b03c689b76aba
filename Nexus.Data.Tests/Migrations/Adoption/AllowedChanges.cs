using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Nexus.Data.Tests.Migrations.Adoption;

/// <summary>
/// All that may differ after an adopted database was brought to the newest version: what a step says it changes, and what
/// stays of its origin. Nothing else may.
/// </summary>
internal static class AllowedChanges
{
    // Lines of the catalog that a new database has not, by what the origin is.
    private static readonly string[] _ofBootstrap = ["column api_requests.api_key_hash character varying(50)"];

    private static readonly RowChange[] _rows =
    [
        new(8, "api_requests", "conversation_id", (_, row) => IsSubtask(row)),
        new(8, "api_requests", "branch_id", (_, row)
            => IsSubtask(row) && Text(row, "branch_id").StartsWith("subtask_", StringComparison.Ordinal)),
        new(16, "api_requests", "headers", (old, row) => old["headers"] is null && Text(row, "headers") == "{}"),
        new(16, "api_requests", "total_tokens", (old, row)
            => old["total_tokens"] is null && Sum(row) == (int?)row["total_tokens"]),
        new(19, "train_api_keys", "api_key", (old, row)
            => row["api_key"] is null && Text(row, "key_hash") == Hash(Text(old, "api_key"))),
    ];

    /// <summary>Lines of the catalog that stay although a new database has them not.</summary>
    public static IReadOnlyList<string> LinesThatStay(StartingPoint point) => point.IsBootstrapped ? _ofBootstrap : [];

    /// <summary>The step that says that it changes this value; null where none does.</summary>
    public static int? StepOf(StartingPoint point, string table, string column, JsonObject old, JsonObject row)
        => _rows.FirstOrDefault(change => !point.Has(change.Step) && change.Table == table && change.Column == column
            && change.Condition(old, row))?.Step;

    /// <summary>The changes that must be met, or the rows of the tests would be no test of them.</summary>
    public static IEnumerable<(int Step, string Column)> Expected(StartingPoint point)
        => from change in _rows
           where change.Step switch
           {
               8 => !point.Has(8) && point.Has(1),
               16 => point.IsBootstrapped,
               _ => point.Has(13),
           }
           select (change.Step, change.Column);

    private static bool IsSubtask(JsonObject row) => (bool?)row["is_subtask"] is true;

    private static string Text(JsonObject row, string column) => row[column]?.ToString() ?? "";

    // As the database writes bytes into JSON.
    private static string Hash(string key) => "\\x" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));

    private static int Sum(JsonObject row)
        => (int)Math.Min(((long?)row["input_tokens"] ?? 0) + ((long?)row["output_tokens"] ?? 0), int.MaxValue);

    private sealed record RowChange(int Step, string Table, string Column, Func<JsonObject, JsonObject, bool> Condition);
}
