using Microsoft.EntityFrameworkCore;
using Nexus.Data.Conversations;
using Nexus.Data.Recording.Answers;
using Nexus.Data.Requests;
using Npgsql;

namespace Nexus.Data.Recording;

/// <summary>
/// Stores calls as a proxy tells of them: masked, linked into their conversations, each in a transaction of its own. The
/// same again changes nothing, so that whoever does not know whether a call was stored tells it again.
/// </summary>
/// <remarks>
/// Each method waits for the database, and tries again for some seconds where the connection fails. A proxy that must not
/// wait takes <see cref="RequestIngestQueue"/>.
/// </remarks>
public sealed class RequestRecorder
{
    private static readonly Func<NexusDbContext, Guid, CancellationToken, Task<string?>> _trainOf = EF.CompileAsyncQuery(
        (NexusDbContext db, Guid requestId, CancellationToken _)
            => db.Requests.Where(row => row.RequestId == requestId).Select(row => row.TrainId).SingleOrDefault());

    private readonly IDbContextFactory<NexusDbContext> _contexts;
    private readonly RequestIntake _intake;
    private readonly CallStore _store;

    internal RequestRecorder(IDbContextFactory<NexusDbContext> contexts, RequestIntake intake, CallStore store)
        => (_contexts, _intake, _store) = (contexts, intake, store);

    /// <summary>Stores a call, before or after it is answered, and links it.</summary>
    /// <param name="request">The call.</param>
    /// <param name="cancellationToken">Stops it; nothing is stored then.</param>
    /// <exception cref="NexusDataException">It cannot be stored (validation), another call is stored under its identifier
    /// (conflict), or the database cannot be had (unavailable).</exception>
    public async Task<RecordResult> RecordAsync(RecordedRequest request, CancellationToken cancellationToken = default)
    {
        var write = _intake.Take(request);
        var result = await WriteAsync(write, cancellationToken);
        return result is { Outcome: RecordOutcome.Conflict }
            ? throw new NexusDataException(
                NexusDataErrorKind.Conflict,
                $"Request {write.RequestId} is stored already with another content: give each call an identifier of its own.")
            : Result(result);
    }

    /// <summary>Stores the end of a call: its answer, whatever its status. Sub-tasks, continuations and next turns that were
    /// stored meanwhile are linked as if they had come after.</summary>
    /// <param name="requestId">The call, which is stored.</param>
    /// <param name="response">Its answer. Without a body it is rebuilt from the pieces that were appended.</param>
    /// <param name="cancellationToken">Stops it; nothing is stored then.</param>
    /// <exception cref="NexusDataException">There is no such request (not found), it has another answer already (conflict),
    /// the body cannot be stored (validation), or the database cannot be had (unavailable).</exception>
    public async Task<RecordResult> CompleteAsync(
        Guid requestId, RecordedResponse response, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(response);
        var write = _intake.Take(await TrainOfAsync(requestId, cancellationToken), requestId, response);
        return Result(await WriteLaterAsync(write, cancellationToken));
    }

    /// <summary>Stores pieces of a streamed answer as they arrive. Those that are stored already are passed over.</summary>
    /// <param name="requestId">The call, which is stored.</param>
    /// <param name="events">The pieces, each with its place in the stream.</param>
    /// <param name="cancellationToken">Stops it; none of them is stored then.</param>
    /// <exception cref="NexusDataException">There is no such request (not found), or the database cannot be had
    /// (unavailable).</exception>
    public async Task AppendChunksAsync(
        Guid requestId, IEnumerable<StreamEvent> events, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(events);
        var write = _intake.Take(await TrainOfAsync(requestId, cancellationToken), requestId, events);
        if (write.Events.Count > 0)
        {
            await WriteLaterAsync(write, cancellationToken);
        }
    }

    /// <summary>Stores that a call failed or was aborted. What arrived of a streamed answer is kept, with its usage.</summary>
    /// <param name="requestId">The call, which is stored.</param>
    /// <param name="error">What went wrong, in words.</param>
    /// <param name="cancellationToken">Stops it; nothing is stored then.</param>
    /// <exception cref="NexusDataException">There is no such request (not found), it has an answer already (conflict), or
    /// the database cannot be had (unavailable).</exception>
    public Task<RecordResult> FailAsync(Guid requestId, string error, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(error);
        return CompleteAsync(requestId, new() { Error = error }, cancellationToken);
    }

    private async Task<WriteResult> WriteLaterAsync(CallWrite write, CancellationToken cancellationToken)
    {
        var result = await WriteAsync(write, cancellationToken);
        return result.Outcome switch
        {
            RecordOutcome.NotFound => throw NotFound(write.RequestId),
            RecordOutcome.Conflict => throw new NexusDataException(
                NexusDataErrorKind.Conflict, $"Request {write.RequestId} has another answer already."),
            _ => result,
        };
    }

    private async Task<WriteResult> WriteAsync(CallWrite write, CancellationToken cancellationToken)
    {
        try
        {
            return (await _store.WriteAsync([write], assumesNew: true, cancellationToken))[0];
        }
        catch (DbUpdateException exception) when (exception.InnerException is PostgresException
        {
            SqlState: PostgresErrorCodes.UniqueViolation,
            ConstraintName: ApiRequestConfiguration.PrimaryKey,
        })
        {
            // Somebody has stored it: the same, or another.
            return (await _store.WriteAsync([write], assumesNew: false, cancellationToken))[0];
        }
    }

    // Secrets are masked by the rules of the train.
    private async Task<string> TrainOfAsync(Guid requestId, CancellationToken cancellationToken)
        => await _contexts.ReadAgainAsync(
               (db, token) => _trainOf(db, requestId, token), cancellationToken)
           ?? throw NotFound(requestId);

    private static RecordResult Result(WriteResult result)
    {
        var row = result.Row!;
        return new(
            result.Outcome,
            row.UnlinkedBecause is not null ? LinkOutcome.Deferred
                : row.LinkKind is null ? LinkOutcome.TakesNoPart
                : LinkOutcome.Linked,
            row.ConversationId, row.ConversationId is null ? null : row.BranchId, row.ParentRequestId);
    }

    private static NexusDataException NotFound(Guid requestId)
        => new(NexusDataErrorKind.NotFound, $"There is no request {requestId}: record it before its answer.");
}
