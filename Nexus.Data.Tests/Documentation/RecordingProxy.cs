using Nexus.Data.Recording;

namespace Nexus.Data.Tests.Documentation;

// doc:proxy
public sealed class RecordingProxy(RequestIngestQueue queue, TimeProvider time)
{
    public async Task<(int Status, byte[] Body)> ForwardAsync(
        string trainId, byte[] body, Func<byte[], Task<(int Status, byte[] Body)>> upstream, CancellationToken cancellationToken)
    {
        var call = new RecordedRequest
        {
            RequestId = Guid.CreateVersion7(),
            TrainId = trainId,
            Timestamp = time.GetUtcNow(),
            Body = body,
        };
        await queue.EnqueueAsync(call, cancellationToken);
        try
        {
            var answer = await upstream(body);
            await queue.EnqueueAnswerAsync(
                trainId, call.RequestId, new() { Status = answer.Status, Body = answer.Body }, CancellationToken.None);
            return answer;
        }
        catch (Exception exception)
        {
            await queue.EnqueueFailureAsync(trainId, call.RequestId, exception.Message, CancellationToken.None);
            throw;
        }
    }
}
// doc:end
