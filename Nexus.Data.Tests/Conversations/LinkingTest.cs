using System.Linq.Expressions;
using Microsoft.EntityFrameworkCore;
using Nexus.Data.Conversations;
using Nexus.Data.Requests;
using Nexus.Data.Tests.Fixtures;

namespace Nexus.Data.Tests.Conversations;

/// <summary>Stores requests as a service would, one transaction each, and reads them back.</summary>
public abstract class LinkingTest : DatabaseTest
{
    private protected override bool KeepsTotals => true;

    /// <summary>Links and stores requests in one transaction.</summary>
    protected async Task StoreAsync(params ApiRequest[] requests)
    {
        await using var db = OpenContext();
        await StoreAsync(db, requests);
    }

    protected static async Task StoreAsync(NexusDbContext db, params ApiRequest[] requests)
    {
        await using var transaction = await db.Database.BeginTransactionAsync();
        db.AddRange(requests.AsEnumerable());
        await new ConversationLinker(db).LinkAsync(requests);
        await db.SaveChangesAsync();
        await transaction.CommitAsync();
    }

    /// <summary>Gives a stored request its answer and links it.</summary>
    protected Task AnswerAsync(ApiRequest request, Action<ApiRequest> answer) => AnswerAsync(request.RequestId, answer);

    /// <summary>The same, by the request's identifier.</summary>
    protected async Task AnswerAsync(Guid requestId, Action<ApiRequest> answer)
    {
        await using var db = OpenContext();
        await using var transaction = await db.Database.BeginTransactionAsync();
        var stored = await db.Requests.SingleAsync(row => row.RequestId == requestId);
        answer(stored);
        await new ConversationLinker(db).LinkAnswerAsync(stored);
        await db.SaveChangesAsync();
        await transaction.CommitAsync();
    }

    /// <summary>The request as it is stored by now.</summary>
    protected async Task<ApiRequest> ReadAsync(ApiRequest request)
    {
        await using var db = OpenContext();
        return await db.Requests.AsNoTracking().SingleAsync(row => row.RequestId == request.RequestId);
    }

    /// <summary>Requests as they are stored by now, in the order of their times.</summary>
    protected async Task<List<ApiRequest>> ReadAllAsync(Expression<Func<ApiRequest, bool>>? which = null)
    {
        await using var db = OpenContext();
        return await db.Requests.AsNoTracking().Where(which ?? (_ => true)).OrderBy(row => row.Timestamp).ThenBy(row => row.RequestId).ToListAsync();
    }
}
