using Microsoft.EntityFrameworkCore;

namespace Nexus.Data.Conversations;

/// <summary>Reads conversations whole, as trees. It loads the bodies: it is for a few conversations at a time.</summary>
/// <param name="contexts">Makes the context that is read from.</param>
public sealed class ConversationOutlines(IDbContextFactory<NexusDbContext> contexts)
{
    /// <summary>The conversations that the requests belong to, each whole, by the time of its first request.</summary>
    /// <param name="requestIds">The requests; those that are unknown or in no conversation add nothing.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    public async Task<IReadOnlyList<ConversationOutline>> OfRequestsAsync(
        IReadOnlyCollection<Guid> requestIds, CancellationToken cancellationToken = default)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var conversations = db.Requests.Where(request => requestIds.Contains(request.RequestId))
            .Select(request => request.ConversationId);
        return ConversationOutline.Of(await db.Requests.AsNoTracking()
            .Where(request => request.ConversationId != null && conversations.Contains(request.ConversationId))
            .ToListAsync(cancellationToken));
    }
}
