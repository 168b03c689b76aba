using System.Data.Common;
using System.Runtime.CompilerServices;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Nexus.Data.Persistence;
using Nexus.Data.Requests;
using Npgsql;

namespace Nexus.Data.Totals;

/// <summary>What a context's transaction changes of totals, from when it is known to when it is written.</summary>
internal sealed class TotalsChanges
{
    // What has a stored request's conversation counted anew.
    private static readonly string[] _ofConversation =
    [
        nameof(ApiRequest.ConversationId), nameof(ApiRequest.BranchId), nameof(ApiRequest.IsSubtask),
        nameof(ApiRequest.RetryOfRequestId), nameof(ApiRequest.MessageCount),
    ];

    // What a request is counted under, in its conversation and in its hour.
    private static readonly string[] _ofKeys =
        [nameof(ApiRequest.AccountId), nameof(ApiRequest.Model), nameof(ApiRequest.RequestType)];

    private static readonly ConditionalWeakTable<DbContext, TotalsChanges> _all = [];

    // By identifier, so that what is looked at twice counts once.
    private readonly HashSet<Guid> _added = [];
    private readonly HashSet<Guid> _addedToHours = [];
    private readonly Dictionary<Guid, TotalsChange> _told = [];
    private readonly Dictionary<Guid, StoredRequest> _taken = [];
    private readonly HashSet<(string TrainId, Guid ConversationId)> _counted = [];
    private readonly Dictionary<Guid, ApiRequest> _said = [];
    private readonly HashSet<Guid> _silenced = [];

    // Changes of another transaction are none any more: it was rolled back, or the context serves somebody else.
    private Guid? _transaction;

    private TotalsChanges()
    {
    }

    /// <summary>The changes of a context's open transaction.</summary>
    public static TotalsChanges Of(DbContext db)
    {
        var changes = _all.GetValue(db, _ => new());
        var transaction = db.Database.CurrentTransaction?.TransactionId;
        if (changes._transaction != transaction)
        {
            changes.Clear();
            changes.HoldsRequests = false;
            changes._transaction = transaction;
        }

        return changes;
    }

    /// <summary>Whether what the context tracks is what is stored, for nobody else answers these requests meanwhile. Otherwise it
    /// is looked at, and locked: a host may have loaded them long ago.</summary>
    public bool HoldsRequests { get; set; }

    private bool IsEmpty
        => _added.Count == 0 && _addedToHours.Count == 0 && _told.Count == 0 && _taken.Count == 0 && _counted.Count == 0
           && _said.Count == 0 && _silenced.Count == 0;

    /// <summary>Has a conversation counted anew, for requests of it are moved by a statement.</summary>
    public void Count(string trainId, Guid conversationId) => _counted.Add((trainId, conversationId));

    /// <summary>Takes note of requests that are inserted by another way than saving.</summary>
    public void Add(IEnumerable<ApiRequest> requests)
    {
        foreach (var request in requests)
        {
            _added.Add(request.RequestId);
            _addedToHours.Add(request.RequestId);
            Say(request);
        }
    }

    /// <summary>Whether saving a context changes totals.</summary>
    public static bool AreIn(DbContext db) => Relevant(db).Any();

    /// <summary>Takes note of what the context is about to save.</summary>
    public async Task CollectAsync(DbContext db, CancellationToken cancellationToken)
    {
        var held = new List<HeldRequest>();
        foreach (var entry in Relevant(db))
        {
            if (entry.State == EntityState.Added)
            {
                Add([entry.Entity]);
                continue;
            }

            if (entry.State == EntityState.Deleted)
            {
                _silenced.Add(entry.Entity.RequestId);
            }
            else if (SearchedText.HasChanged(entry))
            {
                Say(entry.Entity);
            }

            var changesKeys = entry.State == EntityState.Deleted || AnyChanged(entry, _ofKeys);
            var moves = changesKeys || AnyChanged(entry, _ofConversation);
            if (moves || (TotalsChange.MayBeIn(entry) && !HoldsRequests))
            {
                held.Add(new(entry, changesKeys, moves));
            }
            else if (TotalsChange.Of(entry) is { IsNone: false } change)
            {
                _told[change.RequestId] = change;
            }
        }

        if (held.Count > 0)
        {
            await HoldAsync(db, held, cancellationToken);
        }
    }

    /// <summary>Writes the totals of what was saved, in the same transaction.</summary>
    public async Task WriteAsync(DbContext db, CancellationToken cancellationToken)
    {
        if (IsEmpty)
        {
            return;
        }

        var (sql, parameters) = Statements();
        Clear();
        await db.ExecuteAsync(sql, parameters, cancellationToken);
    }

    /// <summary>Forgets what was not written.</summary>
    public void Clear()
    {
        _added.Clear();
        _addedToHours.Clear();
        _told.Clear();
        _taken.Clear();
        _counted.Clear();
        _said.Clear();
        _silenced.Clear();
    }

    private void Say(ApiRequest request)
    {
        if (SearchedText.MayBeIn(request))
        {
            _said[request.RequestId] = request;
        }
    }

    private static IEnumerable<EntityEntry<ApiRequest>> Relevant(DbContext db)
        => db.ChangeTracker.Entries<ApiRequest>()
            .Where(entry => entry.State is EntityState.Added or EntityState.Deleted
                || (entry.State == EntityState.Modified
                    && (AnyChanged(entry, _ofKeys) || AnyChanged(entry, _ofConversation) || SearchedText.HasChanged(entry)
                        || TotalsChange.MayBeIn(entry))));

    private static bool AnyChanged(EntityEntry<ApiRequest> entry, string[] properties)
        => Array.Exists(properties, name => entry.Property(name).IsModified);

    // As they are by now, for others may have moved them since they were loaded.
    private async Task HoldAsync(
        DbContext db, List<HeldRequest> held, CancellationToken cancellationToken)
    {
        var stored = (await db.ReadAllAsync(
            TotalsStatements.Hold, [DbCommands.Uuids("ids", [.. held.Select(row => row.Entry.Entity.RequestId).Order()])],
            StoredRequest.Read, cancellationToken)).ToDictionary(row => row.RequestId);
        foreach (var (entry, changesKeys, moves) in held)
        {
            var request = entry.Entity;
            if (moves && request.ConversationId is { } now && entry.State != EntityState.Deleted)
            {
                Count(request.TrainId, now);
            }

            if (!stored.TryGetValue(request.RequestId, out var before))
            {
                continue;
            }

            if (moves && before.ConversationId is { } then)
            {
                Count(before.TrainId, then);
            }

            if (changesKeys)
            {
                _taken[before.RequestId] = before;
                if (entry.State != EntityState.Deleted)
                {
                    _addedToHours.Add(request.RequestId);
                }
            }
            else if (TotalsChange.Between(before.Values, entry) is { IsNone: false } change)
            {
                _told[change.RequestId] = change;
            }
        }
    }

    private (string Sql, List<NpgsqlParameter> Parameters) Statements()
    {
        var counts = _counted.Count > 0;
        var batch = TotalsBatch.Of(new(
            Writes: _said.Count > 0, Deletes: _silenced.Count > 0, Locks: _added.Count > 0 || _told.Count > 1 || counts,
            Adds: _added.Count > 0 || _told.Count > 0, Counts: counts,
            AddsToHours: _addedToHours.Count > 0 || _told.Count > 0 || _taken.Count > 0, Takes: _taken.Count > 0));

        List<NpgsqlParameter> parameters =
        [
            DbCommands.Uuids("added", [.. _added]),
            DbCommands.Uuids("added_to_hours", [.. _addedToHours]),
            .. TotalsChange.Parameters(_told.Values),
        ];
        if (_said.Count > 0)
        {
            parameters.AddRange(WordStatements.Parameters([.. _said.Values]));
        }

        if (_silenced.Count > 0)
        {
            parameters.Add(DbCommands.Uuids("silenced", [.. _silenced]));
        }

        if (counts)
        {
            parameters.Add(DbCommands.Texts("counted_trains", [.. _counted.Select(key => key.TrainId)]));
            parameters.Add(DbCommands.Uuids("counted_conversations", [.. _counted.Select(key => key.ConversationId)]));
        }

        if (_taken.Count > 0)
        {
            parameters.AddRange(StoredRequest.Parameters(_taken.Values));
        }

        parameters.RemoveAll(parameter => !batch.Parameters.Contains(parameter.ParameterName));
        return (batch.Sql, parameters);
    }

    private sealed record HeldRequest(EntityEntry<ApiRequest> Entry, bool ChangesKeys, bool Moves);

    /// <summary>What a stored request counts for, before it is changed.</summary>
    private sealed record StoredRequest(
        Guid RequestId, string TrainId, Guid? ConversationId, DateTimeOffset Hour, string AccountId, string Model,
        string RequestType, long[] Values)
    {
        private static readonly string[] _values =
            ["failed", "input", "output", "creation", "read", "tools", "duration", "timed"];

        public static StoredRequest Read(DbDataReader row)
            => new(
                row.GetGuid(14), row.GetString(0), row.ValueOrNull<Guid>(1),
                row.GetFieldValue<DateTimeOffset>(2), row.GetString(3), row.GetString(4), row.GetString(5),
                [.. Enumerable.Range(6, 8).Select(place => (long)row.GetInt32(place))]);

        public static IEnumerable<NpgsqlParameter> Parameters(IReadOnlyCollection<StoredRequest> rows) =>
        [
            DbCommands.Texts("taken_trains", [.. rows.Select(row => row.TrainId)]),
            DbCommands.Times("taken_hours", [.. rows.Select(row => row.Hour)]),
            DbCommands.Texts("taken_accounts", [.. rows.Select(row => row.AccountId)]),
            DbCommands.Texts("taken_models", [.. rows.Select(row => row.Model)]),
            DbCommands.Texts("taken_types", [.. rows.Select(row => row.RequestType)]),
            .. _values.Select((name, place) => DbCommands.Longs("taken_" + name, [.. rows.Select(row => row.Values[place])])),
        ];
    }
}
