using System.Linq.Expressions;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Nexus.Data.Persistence;
using Nexus.Data.Requests;
using Npgsql;

namespace Nexus.Data.Totals;

/// <summary>What a stored request counts for more, or less, than it did: mostly that its answer came.</summary>
internal readonly record struct TotalsChange(
    Guid RequestId, int Failed, long Input, long Output, long CacheCreation, long CacheRead, long ToolCalls, long DurationMs,
    int Timed)
{
    private static readonly string[] _properties =
    [
        nameof(ApiRequest.ResponseStatus), nameof(ApiRequest.Error), nameof(ApiRequest.InputTokens),
        nameof(ApiRequest.OutputTokens), nameof(ApiRequest.CacheCreationInputTokens),
        nameof(ApiRequest.CacheReadInputTokens), nameof(ApiRequest.ToolCallCount), nameof(ApiRequest.DurationMs),
    ];

    public bool IsNone => this == new TotalsChange { RequestId = RequestId };

    /// <summary>Whether something is modified that is added up.</summary>
    public static bool MayBeIn(EntityEntry<ApiRequest> entry)
        => Array.Exists(_properties, name => entry.Property(name).IsModified);

    /// <summary>The difference between a tracked request and what was loaded of it.</summary>
    public static TotalsChange Of(EntityEntry<ApiRequest> entry)
        => new(
            entry.Entity.RequestId,
            IsFailure(entry.Entity.Error, entry.Entity.ResponseStatus)
                - IsFailure(
                    entry.Property(row => row.Error).OriginalValue, entry.Property(row => row.ResponseStatus).OriginalValue),
            More(entry, row => row.InputTokens), More(entry, row => row.OutputTokens),
            More(entry, row => row.CacheCreationInputTokens), More(entry, row => row.CacheReadInputTokens),
            More(entry, row => row.ToolCallCount), More(entry, row => row.DurationMs),
            (entry.Entity.DurationMs is null ? 0 : 1)
                - (entry.Property(row => row.DurationMs).OriginalValue is null ? 0 : 1));

    public static IEnumerable<NpgsqlParameter> Parameters(IReadOnlyCollection<TotalsChange> changes) =>
    [
        DbCommands.Uuids("told", [.. changes.Select(change => change.RequestId)]),
        DbCommands.Longs("told_failed", [.. changes.Select(change => (long)change.Failed)]),
        DbCommands.Longs("told_input", [.. changes.Select(change => change.Input)]),
        DbCommands.Longs("told_output", [.. changes.Select(change => change.Output)]),
        DbCommands.Longs("told_creation", [.. changes.Select(change => change.CacheCreation)]),
        DbCommands.Longs("told_read", [.. changes.Select(change => change.CacheRead)]),
        DbCommands.Longs("told_tools", [.. changes.Select(change => change.ToolCalls)]),
        DbCommands.Longs("told_duration", [.. changes.Select(change => change.DurationMs)]),
        DbCommands.Longs("told_timed", [.. changes.Select(change => (long)change.Timed)]),
    ];

    private static long More(EntityEntry<ApiRequest> entry, Expression<Func<ApiRequest, int?>> property)
    {
        var value = entry.Property(property);
        return (value.CurrentValue ?? 0L) - (value.OriginalValue ?? 0L);
    }

    private static int IsFailure(string? error, int? status) => error is not null || status is < 200 or > 299 ? 1 : 0;
}
