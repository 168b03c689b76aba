using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Nexus.Data.Conversations;
using Nexus.Data.Persistence;

namespace Nexus.Data.Recording;

/// <summary>Writes batches, each in a transaction of its own, and again where the connection fails.</summary>
internal sealed class CallStore(
    IDbContextFactory<NexusDbContext> contexts, RequestIntake intake, LinkingOptions? linking = null,
    ILogger<ConversationLinker>? logger = null)
{
    // Compressed: in memory some times as much.
    private const long MostStoredBytes = 8L << 20;

    private const int MostTries = 5;

    /// <summary>Writes a batch: first what is told of calls that are stored already, then calls with what is told of them,
    /// each in a transaction, so that what is linked there sees the answers as they are stored.</summary>
    /// <returns>What became of each, in the order given.</returns>
    public async Task<IReadOnlyList<WriteResult>> WriteBatchAsync(
        IReadOnlyList<CallWrite> writes, CancellationToken cancellationToken)
    {
        var calls = writes.OfType<RequestWrite>().Select(write => write.RequestId).ToHashSet();
        var results = new WriteResult[writes.Count];
        foreach (var isOfStored in new[] { true, false })
        {
            var places = Enumerable.Range(0, writes.Count)
                .Where(place => calls.Contains(writes[place].RequestId) != isOfStored).ToList();
            foreach (var group in isOfStored ? await GroupsAsync(writes, places, cancellationToken) : [places])
            {
                if (group.Count > 0)
                {
                    var written = await WriteAsync(
                        [.. group.Select(place => writes[place])], assumesNew: false, cancellationToken);
                    for (var i = 0; i < group.Count; i++)
                    {
                        results[group[i]] = written[i];
                    }
                }
            }
        }

        return results;
    }

    // Rows are loaded with their bodies: not more than fit into memory at once.
    private async Task<List<List<int>>> GroupsAsync(
        IReadOnlyList<CallWrite> writes, List<int> places, CancellationToken cancellationToken)
    {
        if (places.Count == 0)
        {
            return [];
        }

        var bytes = await contexts.ReadAgainAsync(
            (db, token) => StoredContent.SizesAsync(db, [.. places.Select(place => writes[place].RequestId).Distinct()], token),
            cancellationToken);
        var groups = new List<List<int>> { new() };
        var held = 0L;
        var ids = new HashSet<Guid>();
        foreach (var place in places)
        {
            var id = writes[place].RequestId;
            if (ids.Add(id) && (held += bytes.GetValueOrDefault(id)) > MostStoredBytes && groups[^1].Count > 0)
            {
                groups.Add([]);
                (held, ids) = (bytes.GetValueOrDefault(id), [id]);
            }

            groups[^1].Add(place);
        }

        return groups;
    }

    /// <inheritdoc cref="CallWriter.WriteAsync"/>
    public async Task<IReadOnlyList<WriteResult>> WriteAsync(
        IReadOnlyList<CallWrite> writes, bool assumesNew, CancellationToken cancellationToken)
    {
        using var activity = NexusTelemetry.Activities.StartActivity("nexus.store");
        activity?.SetTag("nexus.entries", writes.Count);
        for (var tries = 1; ; tries++)
        {
            try
            {
                return await contexts.ExecuteIdempotentlyAsync(
                    (db, token) => new CallWriter(db, new(db, linking, logger), intake).WriteAsync(writes, assumesNew, token),
                    cancellationToken);
            }
            catch (DbUpdateConcurrencyException) when (tries < MostTries)
            {
                // A request was pruned between being read and being written. Next time it is not found.
                activity?.AddEvent(new("nexus.pruned_meanwhile"));
            }
        }
    }
}
