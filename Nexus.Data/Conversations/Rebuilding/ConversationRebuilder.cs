using Microsoft.EntityFrameworkCore;
using Nexus.Data.Persistence;
using NpgsqlTypes;

namespace Nexus.Data.Conversations.Rebuilding;

/// <summary>
/// Links all requests anew, in the order of their times: what linking one by one gives where nothing is stored late. Writes
/// the rows that differ and no other.
/// </summary>
/// <remarks>
/// <para>Each train is one transaction: it is as it was, or as the rules have it. Requests may be stored meanwhile; those
/// that come in the moment of writing are deferred, and linked at the end.</para>
/// <para>Identifiers of conversations that are stored are kept. The bodies are read once, and memory does not grow with
/// them, only with the number of requests.</para>
/// </remarks>
/// <param name="contexts">Makes the contexts; each train has one of its own.</param>
/// <param name="options">Which requests take part; null for the defaults.</param>
public sealed class ConversationRebuilder(IDbContextFactory<NexusDbContext> contexts, LinkingOptions? options = null)
{
    /// <summary>Rebuilds conversations, or says what a rebuild would change.</summary>
    /// <param name="rebuild">How; null for a dry run over all trains.</param>
    /// <param name="cancellationToken">Stops the work; trains that are done stay so.</param>
    public async Task<RebuildReport> RebuildAsync(
        RebuildOptions? rebuild = null, CancellationToken cancellationToken = default)
    {
        rebuild ??= new();
        if (rebuild.Limit is { } limit)
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit, nameof(rebuild));
        }

        var (found, shared) = await TrainsAsync(rebuild, cancellationToken);
        var total = found.Sum(train => train.Requests);
        var before = 0L;
        var trains = new List<RebuiltTrain>();
        foreach (var (trainId, requests) in found)
        {
            var read = before;
            Action<int> progress = count => rebuild.Progress?.Report(new(trainId, Math.Min(total, read + count), total));
            await using var db = await contexts.CreateDbContextAsync(cancellationToken);
            db.Database.SetCommandTimeout(TimeSpan.Zero);
            trains.Add(await db.Database.CreateExecutionStrategy().ExecuteAsync(
                token => new TrainRebuild(
                    db, options ?? new(), rebuild, trainId, checked((int)requests), shared, progress).RunAsync(token),
                cancellationToken));
            before += requests;
            if (rebuild.Execute)
            {
                // What came while the train was held.
                await new ConversationLinker(db, options).LinkDeferredAsync(trainId, cancellationToken: cancellationToken);
            }
        }

        return new(rebuild.Execute, trains);
    }

    private async Task<(List<(string TrainId, long Requests)> Trains, Guid[] Shared)> TrainsAsync(
        RebuildOptions rebuild, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        db.Database.SetCommandTimeout(TimeSpan.Zero);
        return await db.Database.CreateExecutionStrategy().ExecuteAsync(
            async token =>
            {
                await using var transaction = await db.Database.BeginTransactionAsync(token);
                await db.ExecuteAsync(RebuildStatements.Settings, [], token);
                var trains = await db.ReadAllAsync(
                    RebuildStatements.FindTrains,
                    [
                        DbCommands.Text("train", rebuild.TrainId),
                        DbCommands.Parameter("ids", NpgsqlDbType.Array | NpgsqlDbType.Uuid, rebuild.RequestIds?.ToArray()),
                    ],
                    row => (row.GetString(0), row.GetInt64(1)), token);
                var shared = rebuild.TrainId is { } train
                    ? await db.ReadAllAsync(
                        RebuildStatements.FindSharedOfTrain, [DbCommands.Text("train", train)], row => row.GetGuid(0), token)
                    : await db.ReadAllAsync(RebuildStatements.FindShared, [], row => row.GetGuid(0), token);
                return (trains, shared.ToArray());
            },
            cancellationToken);
    }
}
