using Nexus.Data.Conversations;
using Nexus.Data.Requests;

namespace Nexus.Data.Tests.Documentation;

// doc:record
public sealed class CallRecorder(NexusDbContext db, ConversationLinker linker, TimeProvider time)
{
    public async Task<ApiRequest> RecordAsync(
        string trainId, ReadOnlyMemory<byte> body, ReadOnlyMemory<byte> answer, CancellationToken cancellationToken)
    {
        var request = new ApiRequest
        {
            RequestId = Guid.CreateVersion7(),
            TrainId = trainId,
            Timestamp = time.GetUtcNow(),
            Method = "POST",
            Path = "/v1/messages",
            ResponseStatus = 200,
        };
        request.SetBody(body);
        request.SetResponseBody(answer);

        // The linker's locks last until the commit, so that nobody decides the same thing at once.
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        db.Requests.Add(request);
        await linker.LinkAsync(request, cancellationToken);
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return request;
    }
}
// doc:end
