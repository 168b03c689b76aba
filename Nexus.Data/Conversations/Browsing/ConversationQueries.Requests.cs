using Microsoft.EntityFrameworkCore;
using Nexus.Data.Requests;

namespace Nexus.Data.Conversations.Browsing;

public sealed partial class ConversationQueries
{
    private static readonly Func<NexusDbContext, Guid, CancellationToken, Task<ApiRequest?>> _find = EF.CompileAsyncQuery(
        (NexusDbContext db, Guid requestId, CancellationToken _)
            => db.Requests.AsNoTracking().SingleOrDefault(request => request.RequestId == requestId));

    /// <summary>A request with its bodies, and what was new in it.</summary>
    /// <param name="requestId">The request.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <returns>The request; null where there is none.</returns>
    public Task<RequestDetails?> GetRequestAsync(Guid requestId, CancellationToken cancellationToken = default)
        => _work.ReadAsync(
            async (db, token) =>
            {
                if (await _find(db, requestId, token) is not { } request)
                {
                    return null;
                }

                var parent = request.ParentRequestId is { } id ? await _find(db, id, token) : null;
                var chunks = await db.Set<StreamingChunk>().CountAsync(chunk => chunk.RequestId == requestId, token);
                return RequestComparison.Details(request, parent, chunks);
            },
            cancellationToken);

    /// <summary>How two requests differ: in messages, system prompt, tools and parameters.</summary>
    /// <param name="first">The one that is started from.</param>
    /// <param name="second">The one that is compared with it.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <returns>The differences; null where one of them is not there.</returns>
    public Task<RequestDiff?> DiffAsync(Guid first, Guid second, CancellationToken cancellationToken = default)
        => _work.ReadAsync(
            async (db, token) => await _find(db, first, token) is { } one && await _find(db, second, token) is { } other
                ? RequestComparison.Diff(one, other)
                : null,
            cancellationToken);
}
