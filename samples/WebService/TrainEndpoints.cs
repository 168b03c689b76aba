using Nexus.Data;
using Nexus.Data.Conversations.Browsing;
using Nexus.Data.Recording;

namespace Nexus.Samples.WebService;

/// <summary>
/// Calls of a train, and its conversations. Who calls is not asked: <c>ApiKeyService</c> and <c>TrainAccess</c> are there
/// for that.
/// </summary>
internal static class TrainEndpoints
{
    public static void MapTrains(this WebApplication app)
    {
        var train = app.MapGroup("/trains/{trainId}").AddEndpointFilter(TellErrorsAsync);
        train.MapPost("/v1/messages", CallAsync);
        train.MapGet("/conversations", (string trainId, string? cursor, ConversationQueries conversations, CancellationToken cancellationToken)
            => conversations.ListAsync(new() { TrainId = trainId }, cursor, limit: 50, cancellationToken));
        train.MapGet("/conversations/{id:guid}", ShowAsync);
    }

    // What a proxy does: the call is acknowledged by the queue before it is forwarded, and its answer before it is given back.
    private static async Task<IResult> CallAsync(
        string trainId, HttpRequest http, RequestIngestQueue queue, TimeProvider time, CancellationToken cancellationToken)
    {
        using var body = new MemoryStream();
        await http.Body.CopyToAsync(body, cancellationToken);
        var call = new RecordedRequest
        {
            RequestId = Guid.CreateVersion7(),
            TrainId = trainId,
            Timestamp = time.GetUtcNow(),
            Headers = http.Headers.Select(header => KeyValuePair.Create(header.Key, header.Value.ToString())),
            Body = body.ToArray(),
        };
        await queue.EnqueueAsync(call, cancellationToken);
        try
        {
            var answer = await EchoModel.AnswerAsync(call.Body.Value, cancellationToken);
            await queue.EnqueueAnswerAsync(
                trainId, call.RequestId, new() { Status = StatusCodes.Status200OK, Body = answer }, CancellationToken.None);
            return Results.Bytes(answer, "application/json");
        }
        catch (Exception exception)
        {
            // Whatever it was: a call that is not told of its end stays open.
            await queue.EnqueueFailureAsync(trainId, call.RequestId, exception.Message, CancellationToken.None);
            return Results.Problem(exception.Message, statusCode: StatusCodes.Status502BadGateway);
        }
    }

    private static async Task<IResult> ShowAsync(
        string trainId, Guid id, ConversationQueries conversations, CancellationToken cancellationToken)
        => await conversations.GetAsync(id, trainId, cancellationToken) is { } tree
            ? Results.Ok(new { tree.ConversationId, tree.Branches, tree.Requests })
            : Results.Problem($"There is no conversation {id} of train '{trainId}'.", statusCode: StatusCodes.Status404NotFound);

    // The messages of these errors are for people, and hold no secret.
    private static async ValueTask<object?> TellErrorsAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        try
        {
            return await next(context);
        }
        catch (NexusDataException exception)
        {
            return Results.Problem(exception.Message, statusCode: exception.Kind switch
            {
                NexusDataErrorKind.NotFound => StatusCodes.Status404NotFound,
                NexusDataErrorKind.Conflict => StatusCodes.Status409Conflict,
                NexusDataErrorKind.Forbidden => StatusCodes.Status403Forbidden,
                NexusDataErrorKind.Unavailable => StatusCodes.Status503ServiceUnavailable,
                _ => StatusCodes.Status400BadRequest,
            });
        }
    }
}
