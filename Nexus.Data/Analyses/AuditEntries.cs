using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Nexus.Data.Persistence;
using Nexus.Data.Requests;
using NpgsqlTypes;

namespace Nexus.Data.Analyses;

/// <summary>Writes entries of the audit log in the transaction of what they tell.</summary>
internal static class AuditEntries
{
    /// <summary>The train of analyses whose train nobody knows any more.</summary>
    public const string UnknownTrain = "unknown";

    private const int MaxWordLength = 50;
    private const int MaxNameLength = 255;

    private const string Insert =
        """
        INSERT INTO analysis_audit_log
            (event_type, outcome, conversation_id, branch_id, train_id, request_id, user_context, metadata, "timestamp")
        SELECT event_type, outcome, conversation_id, branch_id, train_id, request_id, coalesce(user_context::jsonb, '{}'),
               coalesce(metadata::jsonb, '{}'), coalesce(told, now())
        FROM unnest(@events, @outcomes, @conversations, @branches, @trains, @requests, @contexts, @metadata, @times)
             WITH ORDINALITY AS entry (event_type, outcome, conversation_id, branch_id, train_id, request_id, user_context,
                                       metadata, told, place)
        ORDER BY place
        RETURNING id
        """;

    private static readonly JsonSerializerOptions _readable = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    /// <summary>An entry about an analysis.</summary>
    /// <param name="place">The branch that the analysis is of.</param>
    /// <param name="eventType">What was done.</param>
    /// <param name="audit">On whose behalf.</param>
    /// <param name="metadata">What else is worth knowing.</param>
    /// <param name="outcome">How it ended.</param>
    public static AuditLogEntry Of(
        AnalysisPlace place, string eventType, AuditContext audit, object metadata, string outcome = AuditOutcomes.Success)
        => new()
        {
            EventType = eventType,
            Outcome = outcome,
            ConversationId = place.ConversationId,
            BranchId = place.BranchId,
            TrainId = place.TrainId ?? UnknownTrain,
            RequestId = audit.RequestId,
            UserContext = audit.UserContext,
            Metadata = Json(metadata),
        };

    /// <summary>JSON text with names in snake case.</summary>
    public static string Json(object value) => JsonSerializer.Serialize(value, _readable);

    public static void Check(AuditContext audit)
    {
        ArgumentNullException.ThrowIfNull(audit);
        Check(audit.RequestId, MaxNameLength, nameof(AuditContext.RequestId));
    }

    public static void Check(AuditLogEntry entry)
    {
        Check(entry.EventType, MaxWordLength, nameof(AuditLogEntry.EventType));
        Check(entry.Outcome, MaxWordLength, nameof(AuditLogEntry.Outcome));
        Check(entry.BranchId, MaxNameLength, nameof(AuditLogEntry.BranchId));
        Check(entry.TrainId, MaxNameLength, nameof(AuditLogEntry.TrainId));
        Check(entry.RequestId, MaxNameLength, nameof(AuditLogEntry.RequestId));
    }

    /// <summary>Adds entries.</summary>
    /// <returns>Their numbers.</returns>
    public static Task<List<int>> InsertAsync(
        NexusDbContext db, IReadOnlyCollection<AuditLogEntry> entries, CancellationToken cancellationToken)
        => db.ReadAllAsync(
            Insert,
            [
                DbCommands.Texts("events", [.. entries.Select(entry => entry.EventType)]),
                DbCommands.Texts("outcomes", [.. entries.Select(entry => entry.Outcome)]),
                DbCommands.Uuids("conversations", [.. entries.Select(entry => entry.ConversationId)]),
                DbCommands.Texts("branches", [.. entries.Select(entry => entry.BranchId)]),
                DbCommands.Texts("trains", [.. entries.Select(entry => entry.TrainId)]),
                DbCommands.Texts("requests", [.. entries.Select(entry => StoredText.Of(entry.RequestId))]),
                DbCommands.Texts("contexts", [.. entries.Select(entry => Stored(entry.UserContext, "user context"))]),
                DbCommands.Texts("metadata", [.. entries.Select(entry => Stored(entry.Metadata, "metadata"))]),
                DbCommands.Parameter(
                    "times", NpgsqlDbType.Array | NpgsqlDbType.TimestampTz, entries.Select(Time).ToArray()),
            ],
            row => row.GetInt32(0), cancellationToken);

    private static DateTime? Time(AuditLogEntry entry) => entry.Timestamp == default ? null : entry.Timestamp.UtcDateTime;

    private static string? Stored(string? json, string name)
        => json is null ? null : StoredJson.TextOf(Encoding.UTF8.GetBytes(json), name);

    private static void Check(string text, int maxLength, string name)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(text, name);
        if (text.Length > maxLength)
        {
            throw new ArgumentException($"{name} has {text.Length} characters; the most is {maxLength}.", name);
        }
    }
}

/// <summary>The branch that an analysis is of.</summary>
internal sealed record AnalysisPlace(Guid ConversationId, string BranchId, string? TrainId);
