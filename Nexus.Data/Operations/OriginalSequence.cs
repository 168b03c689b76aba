using System.Globalization;

namespace Nexus.Data.Operations;

/// <summary>Recognises what the original program made, by what is there of each of its steps.</summary>
internal static class OriginalSequence
{
    /// <summary>The last step of the original.</summary>
    public const int LastStep = 14;

    // The bootstrap file makes what these steps make, the later ones' tables aside.
    private const int LastBootstrapped = 12;

    private const string Requests = "api_requests";

    // What of the sequence's indexes the bootstrap file makes too: they tell nothing of a script that was run on it.
    private static readonly string[] _indexesOfBoth =
    [
        "idx_requests_branch_id", "idx_requests_conversation_branch", "idx_requests_conversation_id",
        "idx_requests_message_count", "idx_requests_conversation_subtask", "idx_requests_conversation_timestamp_id",
        "idx_requests_request_id", "idx_api_requests_system_hash", "idx_api_requests_parent_request_id",
        "idx_api_requests_response_body_task", "idx_api_requests_task_name", "idx_api_requests_train_timestamp_response",
    ];

    // What the bootstrap file names otherwise, and RepairAndTrim drops.
    private static readonly HashSet<string> _indexesOfBootstrap = new(StringComparer.Ordinal)
    {
        "idx_chunks_request_id", "idx_requests_account_id", "idx_requests_current_hash", "idx_requests_model",
        "idx_requests_parent_hash", "idx_requests_request_type", "idx_requests_timestamp", "idx_requests_train_id",
    };

    /// <summary>Whether an index is one that the bootstrap file names otherwise than the sequence.</summary>
    public static bool IsOfBootstrap(SchemaObject thing)
        => thing.Kind == SchemaObject.IndexKind && _indexesOfBootstrap.Contains(thing.Name);

    /// <summary>Whether the bootstrap file made the tables: it has its own column for the key, and not the sequence's.</summary>
    public static bool IsBootstrapped(IReadOnlySet<SchemaObject> there)
        => there.Contains(new(SchemaObject.ColumnKind, Requests, "api_key_hash"))
           && !there.Contains(new(SchemaObject.ColumnKind, Requests, "api_key_id"));

    /// <summary>Says what is there of the sequence.</summary>
    /// <param name="steps">What the migrations do.</param>
    /// <param name="known">The ids of all migrations.</param>
    /// <param name="there">What the database holds.</param>
    public static OriginalSchema Recognise(
        SchemaSteps steps, IEnumerable<string> known, IReadOnlySet<SchemaObject> there)
    {
        var ids = known.Where(id => SchemaMigrator.Number(id) <= LastStep)
            .ToDictionary(id => SchemaMigrator.Number(id)!.Value);
        var isBootstrapped = IsBootstrapped(there);
        var present = ids.Keys.Where(step => IsPresent(step)).Order().ToList();
        List<int> failed = isBootstrapped ? [] : [.. Enumerable.Range(0, present.LastOrDefault()).Except(present)];

        var made = isBootstrapped ? ids.Keys.Where(step => step <= LastBootstrapped).Union(present) : present;
        var missing = steps.After(made.Select(step => ids[step]).ToHashSet(StringComparer.Ordinal))
            .Where(thing => !there.Contains(thing) && (!isBootstrapped
                || thing.Kind is SchemaObject.TableKind or SchemaObject.ViewKind or SchemaObject.ColumnKind));
        return new()
        {
            Name = isBootstrapped
                ? "bootstrap file" + (present.Count > 0 ? $" with {Words(present)}" : "")
                : Words([present.LastOrDefault()]) + (failed.Count > 0 ? $" without {Words(failed)}" : ""),
            Steps = present,
            Failed = failed,
            Missing = [.. missing.Select(thing => thing.ToString())],
        };

        bool IsPresent(int step)
        {
            var own = steps.OwnOf(ids[step]);
            if (isBootstrapped)
            {
                own = step > LastBootstrapped
                    ? own.Where(thing => thing.Kind == SchemaObject.TableKind)
                    : own.Where(thing => thing is { Kind: SchemaObject.IndexKind, Table: Requests }
                        && !_indexesOfBoth.Contains(thing.Name, StringComparer.Ordinal));
            }

            return own.Any(there.Contains);
        }
    }

    private static string Words(IReadOnlyList<int> steps)
        => string.Join(", ", steps.Select(step => step.ToString("000", CultureInfo.InvariantCulture)));
}
