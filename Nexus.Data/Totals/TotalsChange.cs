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

    /// <summary>The difference between a tracked request and what was loaded of it, where that is what is stored.</summary>
    public static TotalsChange Of(EntityEntry<ApiRequest> entry)
    {
        return Between(
            [
                IsFailure(
                    entry.Property(row => row.Error).OriginalValue, entry.Property(row => row.ResponseStatus).OriginalValue),
                Loaded(row => row.InputTokens) ?? 0, Loaded(row => row.OutputTokens) ?? 0,
                Loaded(row => row.CacheCreationInputTokens) ?? 0, Loaded(row => row.CacheReadInputTokens) ?? 0,
                Loaded(row => row.ToolCallCount) ?? 0, Loaded(row => row.DurationMs) ?? 0,
                Loaded(row => row.DurationMs) is null ? 0 : 1,
            ],
            entry);

        int? Loaded(Expression<Func<ApiRequest, int?>> property) => entry.Property(property).OriginalValue;
    }

    /// <summary>The difference between a tracked request and what is stored of it, of what will be written.</summary>
    /// <param name="stored">What is stored, in the order of this record's members after the first.</param>
    /// <param name="entry">The tracked request.</param>
    public static TotalsChange Between(IReadOnlyList<long> stored, EntityEntry<ApiRequest> entry)
    {
        var request = entry.Entity;
        var failure = entry.Property(row => row.Error).IsModified || entry.Property(row => row.ResponseStatus).IsModified
            ? IsFailure(request.Error, request.ResponseStatus) - (int)stored[0]
            : 0;
        var duration = entry.Property(row => row.DurationMs);
        return new(
            request.RequestId, failure, Than(1, row => row.InputTokens), Than(2, row => row.OutputTokens),
            Than(3, row => row.CacheCreationInputTokens), Than(4, row => row.CacheReadInputTokens),
            Than(5, row => row.ToolCallCount), Than(6, row => row.DurationMs),
            duration.IsModified ? (duration.CurrentValue is null ? 0 : 1) - (int)stored[7] : 0);

        long Than(int place, Expression<Func<ApiRequest, int?>> property)
            => entry.Property(property) is { IsModified: true } value ? (value.CurrentValue ?? 0) - stored[place] : 0;
    }

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

    private static int IsFailure(string? error, int? status) => error is not null || status is < 200 or > 299 ? 1 : 0;
}
