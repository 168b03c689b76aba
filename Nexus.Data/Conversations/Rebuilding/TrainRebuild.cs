using System.Data;
using Microsoft.EntityFrameworkCore;
using Nexus.Data.Persistence;
using Npgsql;

namespace Nexus.Data.Conversations.Rebuilding;

/// <summary>The rebuild of one train: read and compute without a lock, then lock, add what came meanwhile, and write.</summary>
internal sealed class TrainRebuild(
    NexusDbContext db, LinkingOptions linking, RebuildOptions options, string trainId, int expected, Guid[] shared,
    Action<int> progress)
{
    // Others write rows of a train that is held only to leave a mark: that ends soon.
    private const int MaxTries = 20;

    private readonly TrainModel _model = new(trainId, expected);
    private readonly HashSet<Guid>? _ids = options.RequestIds?.ToHashSet();
    private readonly HashSet<Guid> _foreign = [];
    private TrainReader _reader = null!;
    private NpgsqlConnection _connection = null!;
    private string _train = "";

    public async Task<RebuiltTrain> RunAsync(CancellationToken cancellationToken)
    {
        await db.Database.OpenConnectionAsync(cancellationToken);
        try
        {
            _connection = (NpgsqlConnection)db.Database.GetDbConnection();
            var literals = await db.ReadAsync(
                RebuildStatements.Quote, [DbCommands.Texts("texts", [trainId, .. linking.ExcludedRequestTypes])],
                async (reader, token) =>
                {
                    await reader.ReadAsync(token);
                    return reader.GetFieldValue<string[]>(0);
                },
                cancellationToken);
            _train = literals[0];
            _reader = new(_model, linking, literals[1..], options.Rehash);
            var plan = await ReadAllAsync(cancellationToken);
            return options.Execute && !plan.IsEmpty
                ? await WriteAsync(cancellationToken)
                : plan.Report();
        }
        finally
        {
            await db.Database.CloseConnectionAsync();
        }
    }

    private async Task<TrainPlan> ReadAllAsync(CancellationToken cancellationToken)
    {
        _model.Truncate(long.MinValue);
        await using var snapshot = await db.Database.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
        await db.ExecuteAsync(RebuildStatements.Settings, [], cancellationToken);
        await _reader.ReadAsync(_connection, _train, null, progress, cancellationToken);
        await TrainSummaries.FindAsync(db, _model, cancellationToken);
        if (shared.Length > 0)
        {
            await AddForeignAsync(RebuildStatements.FindForeign, [DbCommands.Uuids("ids", shared)], cancellationToken);
        }

        var plan = await PlanAsync(cancellationToken);
        await snapshot.CommitAsync(cancellationToken);
        return plan;
    }

    private async Task<TrainPlan> PlanAsync(CancellationToken cancellationToken)
    {
        var links = TrainLinks.Link(_model, _foreign);
        while (links.NewConversations is { Count: > 0 } made && await AddForeignAsync(
            RebuildStatements.FindTaken, [DbCommands.Uuids("ids", [.. made])], cancellationToken))
        {
            links = TrainLinks.Link(_model, _foreign);
        }

        return TrainPlan.Make(links, _reader.Details, options.Limit, _ids);
    }

    private async Task<bool> AddForeignAsync(
        string sql, NpgsqlParameter[] parameters, CancellationToken cancellationToken)
    {
        var known = _foreign.Count;
        _foreign.UnionWith(await db.ReadAllAsync(
            sql, [DbCommands.Text("train", trainId), .. parameters], row => row.GetGuid(0), cancellationToken));
        return _foreign.Count > known;
    }

    private async Task<RebuiltTrain> WriteAsync(CancellationToken cancellationToken)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                return await TryWriteAsync(cancellationToken);
            }
            catch (Exception exception) when (tries < MaxTries
                && exception.GetBaseException() is PostgresException { SqlState: PostgresErrorCodes.DeadlockDetected })
            {
                // Another one marks its requests in another order than ours.
                await ReadAllAsync(cancellationToken);
            }
        }
    }

    private async Task<RebuiltTrain> TryWriteAsync(CancellationToken cancellationToken)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(
            IsolationLevel.ReadCommitted, cancellationToken);
        await db.ExecuteAsync(RebuildStatements.Settings, [], cancellationToken);
        await db.ReadAsync(
            LinkStatements.LockAll, [DbCommands.Longs("keys", [LinkKeys.TrainLock(trainId)])],
            (_, _) => Task.FromResult(0), cancellationToken);

        RebuiltTrain? report = null;
        for (var tries = 0; tries < MaxTries; tries++)
        {
            var plan = await CatchUpAsync(cancellationToken);
            report ??= plan.Report();
            if (plan.IsEmpty || await new TrainWriter(db, _connection).WriteAsync(plan, cancellationToken))
            {
                await transaction.CommitAsync(cancellationToken);
                return report;
            }
        }

        throw new NexusDataException(
            NexusDataErrorKind.Unavailable, $"Others kept writing requests of train '{trainId}' while it was rebuilt.");
    }

    // Brings the model up to what is committed by now.
    private async Task<TrainPlan> CatchUpAsync(CancellationToken cancellationToken)
    {
        var from = await ReadChangesAsync(cancellationToken);
        while (true)
        {
            if (from is { } time)
            {
                _model.Truncate(time);
                await _reader.ReadAsync(_connection, _train, time, null, cancellationToken);
                await TrainSummaries.FindAsync(db, _model, cancellationToken);
            }
            else
            {
                await _reader.ReadDetailsAsync(_connection, _train, cancellationToken);
            }

            var plan = await PlanAsync(cancellationToken);
            if (plan.ReadAgainFrom is null)
            {
                return plan;
            }

            from = plan.ReadAgainFrom;
        }
    }

    // The time from which requests are other than those that were read; null where none is. Those that others have written
    // without changing what linking asks for are noted in passing.
    private async Task<long?> ReadChangesAsync(CancellationToken cancellationToken)
    {
        var places = new int[_model.Count];
        var ids = new Guid[_model.Count];
        for (var place = 0; place < ids.Length; place++)
        {
            (places[place], ids[place]) = (place, _model[place].Id);
        }

        Array.Sort(ids, places);
        long? from = null;
        var changed = new List<Guid>();
        var seen = 0;
        await using (var rows = await CopyRows.OpenAsync(
            _connection, RebuildStatements.Versions(_train), 3, cancellationToken))
        {
            while (await rows.ReadAsync(cancellationToken))
            {
                var id = rows.Uuid(0);
                var found = Array.BinarySearch(ids, id);
                if (found < 0)
                {
                    from = Math.Min(from ?? rows.Long(1), rows.Long(1));
                    continue;
                }

                seen++;
                if (_model[places[found]].Version != rows.Transaction(2))
                {
                    changed.Add(id);
                }

                places[found] = ~places[found];
            }
        }

        if (seen < ids.Length)
        {
            // Some were deleted.
            var missing = places.Where(place => place >= 0).Min(place => _model[place].Time);
            from = Math.Min(from ?? missing, missing);
        }

        foreach (var chunk in changed.Chunk(1_000))
        {
            foreach (var row in await _reader.ReadAgainAsync(_connection, chunk, cancellationToken))
            {
                var found = places[Array.BinarySearch(ids, row.Id)];
                if (!_reader.TryRefresh(~found, row))
                {
                    var time = Math.Min(row.Time, _model[~found].Time);
                    from = Math.Min(from ?? time, time);
                }
            }
        }

        return from;
    }
}
