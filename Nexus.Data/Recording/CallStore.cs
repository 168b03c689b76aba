using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Nexus.Data.Conversations;

namespace Nexus.Data.Recording;

/// <summary>Writes batches, each in a transaction of its own, and again where the connection fails.</summary>
internal sealed class CallStore(
    IDbContextFactory<NexusDbContext> contexts, RequestIntake intake, LinkingOptions? linking = null,
    ILogger<ConversationLinker>? logger = null)
{
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
            if (places.Count > 0)
            {
                var written = await WriteAsync(
                    [.. places.Select(place => writes[place])], assumesNew: false, cancellationToken);
                for (var i = 0; i < places.Count; i++)
                {
                    results[places[i]] = written[i];
                }
            }
        }

        return results;
    }

    /// <inheritdoc cref="CallWriter.WriteAsync"/>
    public Task<IReadOnlyList<WriteResult>> WriteAsync(
        IReadOnlyList<CallWrite> writes, bool assumesNew, CancellationToken cancellationToken)
        => contexts.ExecuteIdempotentlyAsync(
            (db, token) => new CallWriter(db, new(db, linking, logger), intake).WriteAsync(writes, assumesNew, token),
            cancellationToken);
}
