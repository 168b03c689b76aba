using System.Data.Common;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Nexus.Data.Recording;
using Nexus.Data.Tests.Conversations;
using Nexus.Data.Tests.Fixtures;

namespace Nexus.Data.Tests.Recording;

/// <summary>Answers to requests that go between being read and being written.</summary>
public sealed class PrunedMeanwhileTests : ServiceTest
{
    private protected override bool KeepsTotals => true;

    [Test]
    public async Task The_answer_finds_no_request_and_the_rest_of_its_batch_is_stored()
    {
        var (gone, kept) = (Bodies.Request(0, "one"), Bodies.Request(1, "two"));
        await Service<RequestRecorder>().RecordAsync(Calls.Of(gone));
        await Service<RequestRecorder>().RecordAsync(Calls.Of(kept));
        var intake = Service<RequestIntake>();
        var pruning = new Pruning(ConnectionString, gone.RequestId);
        var store = new CallStore(new Contexts(ConnectionString, pruning), intake);
        CallWrite[] answers =
        [
            intake.Take(gone.TrainId, gone.RequestId, Calls.AnswerOf(gone.Answered("first"))),
            intake.Take(kept.TrainId, kept.RequestId, Calls.AnswerOf(kept.Answered("second"))),
        ];

        var results = await store.WriteBatchAsync(answers, CancellationToken.None);

        Assert.That(pruning.Pruned, Is.EqualTo(1));
        Assert.That(
            results.Select(result => result.Outcome), Is.EqualTo(new[] { RecordOutcome.NotFound, RecordOutcome.Stored }));
    }

    [Test]
    public async Task A_caller_that_waits_is_told_so()
    {
        var request = Bodies.Request(0, "one");
        await Service<RequestRecorder>().RecordAsync(Calls.Of(request));
        var contexts = new Contexts(ConnectionString, new Pruning(ConnectionString, request.RequestId));
        var intake = Service<RequestIntake>();
        var recorder = new RequestRecorder(contexts, intake, new CallStore(contexts, intake));

        Assert.That(
            () => recorder.CompleteAsync(request.RequestId, Calls.AnswerOf(request.Answered("first"))),
            Throws.InstanceOf<NexusDataException>().With.Property(nameof(NexusDataException.Kind))
                .EqualTo(NexusDataErrorKind.NotFound));
    }

    // Removes a request, as the retention does, right before somebody updates it.
    private sealed class Pruning(string connectionString, Guid requestId) : DbCommandInterceptor
    {
        public int Pruned { get; private set; }

        public override async ValueTask<InterceptionResult<DbDataReader>> ReaderExecutingAsync(
            DbCommand command, CommandEventData eventData, InterceptionResult<DbDataReader> result,
            CancellationToken cancellationToken = default)
        {
            if (Pruned == 0 && command.CommandText.Contains("UPDATE api_requests", StringComparison.Ordinal))
            {
                await using var db = Server.Open(connectionString);
                db.RemoveRange(db.Requests.Where(request => request.RequestId == requestId));
                Pruned = await db.SaveChangesAsync(cancellationToken);
            }

            return result;
        }
    }
}
