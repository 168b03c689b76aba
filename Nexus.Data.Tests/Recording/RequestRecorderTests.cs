using System.Text;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Nexus.Data.Conversations;
using Nexus.Data.Recording;
using Nexus.Data.Recording.Answers;
using Nexus.Data.Tests.Conversations;
using Nexus.Data.Tests.Fixtures;

namespace Nexus.Data.Tests.Recording;

/// <summary>Calls, answers, pieces and failures, one transaction each.</summary>
public sealed class RequestRecorderTests : RecordingTest
{
    private const string ToolAnswer =
        """
        {"id":"msg_1","type":"message","role":"assistant","model":"test-model","stop_reason":"tool_use",
         "content":[{"type":"text","text":"Let me look."},
                    {"type":"tool_use","id":"t1","name":"Task","input":{"description":"trains","prompt":"Find the trains"}},
                    {"type":"tool_use","id":"t2","name":"Bash","input":{"command":"ls"}}],
         "usage":{"input_tokens":11,"output_tokens":22,"cache_creation_input_tokens":33,"cache_read_input_tokens":44}}
        """;

    [Test]
    public async Task A_call_and_its_answer_fill_the_row()
    {
        var recorder = Recorder();
        var request = Bodies.Request(0, "Begin");
        var call = Calls.Of(request) with
        {
            Method = "POST",
            Path = "/v1/messages?beta=true",
            AccountId = "acc_1",
            ApiKeyId = "key_1",
            IpAddress = "192.0.2.7",
            Headers = [new("User-Agent", "test/1"), new("Authorization", "Bearer abcdefghijklmnop")],
        };

        var result = await recorder.RecordAsync(call);
        await recorder.CompleteAsync(call.RequestId, Calls.Answer(ToolAnswer) with
        {
            CompletedAt = Bodies.Noon.AddSeconds(2.5),
            FirstTokenMs = 140,
            Headers = [new("request-id", "req_1"), new("Set-Cookie", "session=geheim")],
        });

        var row = await ReadAsync(call.RequestId);
        Assert.Multiple(() =>
        {
            Assert.That((result.Outcome, result.Linking), Is.EqualTo((RecordOutcome.Stored, LinkOutcome.Linked)));
            Assert.That(row.ConversationId, Is.EqualTo(result.ConversationId));
            Assert.That((row.Path, row.AccountId, row.ApiKeyId, row.IpAddress),
                Is.EqualTo(("/v1/messages?beta=true", "acc_1", "key_1", "192.0.2.7")));
            Assert.That((row.Model, row.RequestType, row.MessageCount), Is.EqualTo(("test-model", "query_evaluation", 1)));
            Assert.That(row.Headers, Does.Contain("test/1").And.Not.Contain("ghijklmnop"));
            Assert.That(row.ResponseHeaders, Does.Contain("req_1").And.Not.Contain("geheim"));
            Assert.That((row.ResponseStatus, row.ResponseStreaming, row.Error), Is.EqualTo((200, false, default(string))));
            Assert.That((row.InputTokens, row.OutputTokens, row.CacheCreationInputTokens, row.CacheReadInputTokens),
                Is.EqualTo((11, 22, 33, 44)));
            Assert.That((row.TotalTokens, row.ToolCallCount), Is.EqualTo((33, 2)));
            Assert.That((row.DurationMs, row.FirstTokenMs), Is.EqualTo((2_500, 140)));
            Assert.That(row.CompletedAt, Is.EqualTo(Bodies.Noon.AddSeconds(2.5)));
            Assert.That(JsonNode.Parse(row.TaskToolInvocation!)![0]!["input"]!["prompt"]!.GetValue<string>(),
                Is.EqualTo("Find the trains"));
            Assert.That(JsonNode.Parse(row.UsageData!)!["input_tokens"]!.GetValue<int>(), Is.EqualTo(11));
            Assert.That(JsonNode.DeepEquals(
                JsonNode.Parse(row.GetResponseBody()!.Value.Span), JsonNode.Parse(ToolAnswer)));
        });
    }

    [Test]
    public async Task The_same_again_changes_nothing_and_another_content_is_a_conflict()
    {
        var recorder = Recorder();
        var call = Calls.Of(Bodies.Request(0, "Begin"));
        await recorder.RecordAsync(call);
        await recorder.CompleteAsync(call.RequestId, Calls.Answer(ToolAnswer));
        var before = await ReadAsync(call.RequestId);

        var again = await recorder.RecordAsync(call);
        var answeredAgain = await recorder.CompleteAsync(call.RequestId, Calls.Answer(ToolAnswer));

        Assert.Multiple(async () =>
        {
            Assert.That((again.Outcome, answeredAgain.Outcome), Is.EqualTo((RecordOutcome.Known, RecordOutcome.Known)));
            Assert.That(again.ConversationId, Is.EqualTo(before.ConversationId));
            await AssertRefusedAsync(
                () => recorder.RecordAsync(call with { Body = Bodies.Request(0, "Other").GetBody() }),
                NexusDataErrorKind.Conflict);
            await AssertRefusedAsync(
                () => recorder.RecordAsync(call with { TrainId = "other" }), NexusDataErrorKind.Conflict);
            await AssertRefusedAsync(
                () => recorder.CompleteAsync(call.RequestId, Calls.Answer("""{"other":true}""")),
                NexusDataErrorKind.Conflict);
            await AssertRefusedAsync(
                () => recorder.FailAsync(call.RequestId, "It broke."), NexusDataErrorKind.Conflict);
        });
        var after = await ReadAsync(call.RequestId);
        Assert.That(
            (after.TrainId, after.ResponseStatus, after.Error, after.CompletedAt),
            Is.EqualTo((before.TrainId, before.ResponseStatus, before.Error, before.CompletedAt)));
    }

    [Test]
    public async Task What_is_told_of_an_unknown_call_is_refused()
    {
        var recorder = Recorder();

        await AssertRefusedAsync(
            () => recorder.CompleteAsync(Guid.NewGuid(), Calls.Answer("{}")), NexusDataErrorKind.NotFound);
        await AssertRefusedAsync(() => recorder.FailAsync(Guid.NewGuid(), "It broke."), NexusDataErrorKind.NotFound);
        await AssertRefusedAsync(
            () => recorder.AppendChunksAsync(Guid.NewGuid(), [new(0, Bodies.Noon, "{}")]), NexusDataErrorKind.NotFound);
    }

    [Test]
    public async Task Many_who_record_the_same_call_at_once_store_it_once()
    {
        var recorder = Recorder();
        var call = Calls.Of(Bodies.Request(0, "Begin"));

        var results = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => recorder.RecordAsync(call)));

        Assert.Multiple(() =>
        {
            Assert.That(results.Count(result => result.Outcome == RecordOutcome.Stored), Is.EqualTo(1));
            Assert.That(results.Count(result => result.Outcome == RecordOutcome.Known), Is.EqualTo(15));
        });
        Assert.That(await ReadAllAsync(), Has.Count.EqualTo(1));
    }

    // What is stored before the answer is stored as if it had come after.
    [Test]
    public async Task What_comes_between_a_call_and_its_answer_is_linked_as_if_it_had_come_after([Values] bool isLate)
    {
        const string summary = "The user wants a timetable of all trains to the coast, and half of it is done by now.";
        var recorder = Recorder();
        var parent = Bodies.Request(0, "Begin");
        var summarized = Bodies.Request(1, "Sum up").Answered(summary);
        var task = Bodies.Request(2, "Find the trains");
        var continuation = Bodies.Request(
            3,
            "This session is being continued from a previous conversation that ran out of context. "
            + $"The conversation is summarized below:\n{summary}\nPlease continue the conversation from where we left it off.");
        var turn = Bodies.WithBody(4, JsonNode.Parse(
            $$"""
            {"model":"test-model","system":"You help.","messages":[{"role":"user","content":"Begin"},
             {"role":"assistant","content":{{JsonNode.Parse(ToolAnswer)!["content"]!.ToJsonString()}}},
             {"role":"user","content":"Go on"}]}
            """)!);
        await recorder.RecordAsync(Calls.Of(parent));
        await recorder.RecordAsync(Calls.Of(summarized));
        if (!isLate)
        {
            await AnswerAsync();
        }

        foreach (var request in new[] { task, continuation, turn })
        {
            await recorder.RecordAsync(Calls.Of(request));
        }

        if (isLate)
        {
            await AnswerAsync();
        }

        var rows = (await ReadAllAsync()).ToDictionary(row => row.RequestId);
        Assert.Multiple(() =>
        {
            Assert.That(
                (rows[task.RequestId].LinkKind, rows[task.RequestId].BranchId, rows[task.RequestId].ParentTaskRequestId),
                Is.EqualTo((LinkKind.Subtask, "subtask_1", parent.RequestId)));
            Assert.That(
                (rows[continuation.RequestId].LinkKind, rows[continuation.RequestId].BranchId,
                    rows[continuation.RequestId].ParentRequestId),
                Is.EqualTo((LinkKind.Continuation, "compact_120300", summarized.RequestId)));
            Assert.That(
                (rows[turn.RequestId].LinkKind, rows[turn.RequestId].BranchId, rows[turn.RequestId].ParentRequestId),
                Is.EqualTo((LinkKind.Exact, "main", parent.RequestId)));
            Assert.That(rows[task.RequestId].ConversationId, Is.EqualTo(rows[parent.RequestId].ConversationId));
            Assert.That(rows[turn.RequestId].ConversationId, Is.EqualTo(rows[parent.RequestId].ConversationId));
        });

        async Task AnswerAsync()
        {
            await recorder.CompleteAsync(parent.RequestId, Calls.Answer(ToolAnswer));
            await recorder.CompleteAsync(summarized.RequestId, Calls.AnswerOf(summarized));
        }
    }

    [Test]
    public async Task An_answer_is_rebuilt_from_its_pieces_however_they_came()
    {
        var recorder = Recorder();
        var call = Calls.Of(Bodies.Request(0, "Begin"));
        var events = Streams.Of("Hello, ", "world", ".");
        await recorder.RecordAsync(call);
        await recorder.AppendChunksAsync(call.RequestId, events.Skip(3));
        await recorder.AppendChunksAsync(call.RequestId, events.Take(5));
        await recorder.AppendChunksAsync(call.RequestId, events);

        await recorder.CompleteAsync(call.RequestId, new() { Status = 200 });

        var row = await ReadAsync(call.RequestId);
        await using var db = OpenContext();
        var chunks = await db.StreamingChunks.OrderBy(chunk => chunk.ChunkIndex).ToListAsync();
        Assert.Multiple(() =>
        {
            Assert.That(chunks.Select(chunk => chunk.Data), Is.EqualTo(events.Select(Streams.TextOf)));
            Assert.That(row.ResponseStreaming, Is.True);
            Assert.That(JsonNode.Parse(row.GetResponseBody()!.Value.Span)!["content"]![0]!["text"]!.GetValue<string>(),
                Is.EqualTo("Hello, world."));
            Assert.That((row.InputTokens, row.OutputTokens, row.CacheReadInputTokens), Is.EqualTo((10, 7, 5)));
            Assert.That(row.FirstTokenMs, Is.EqualTo(1_000));
            Assert.That(row.Error, Is.Null);
            Assert.That(row.AnswerHash, Is.Not.Null);
        });
    }

    [TestCase(0)]
    [TestCase(2)]
    public async Task An_answer_in_pieces_told_again_is_known_also_where_the_stream_broke_off(int missing)
    {
        var recorder = Recorder();
        var call = Calls.Of(Bodies.Request(0, "Begin"));
        await recorder.RecordAsync(call);
        await recorder.AppendChunksAsync(call.RequestId, Streams.Of("Hello, ", "world").SkipLast(missing));
        await recorder.CompleteAsync(call.RequestId, new() { Status = 200 });

        var again = await recorder.CompleteAsync(call.RequestId, new() { Status = 200 });

        Assert.That(again.Outcome, Is.EqualTo(RecordOutcome.Known));
        Assert.That((await ReadAsync(call.RequestId)).Error, missing == 0 ? Is.Null : Does.Contain("ended before"));
        await AssertRefusedAsync(
            () => recorder.CompleteAsync(call.RequestId, new() { Status = 201 }), NexusDataErrorKind.Conflict);
    }

    [Test]
    public async Task A_call_without_a_time_can_be_told_again()
    {
        var recorder = Recorder();
        var call = Calls.Of(Bodies.Request(0, "Begin")) with { Timestamp = null };
        await recorder.RecordAsync(call);
        await Task.Delay(5);

        Assert.That((await recorder.RecordAsync(call)).Outcome, Is.EqualTo(RecordOutcome.Known));
    }

    // One piece a call, as it arrives: no piece holds the secret, and the answer does.
    [TestCase(false)]
    [TestCase(true)]
    public async Task A_secret_that_is_split_over_calls_is_masked_in_pieces_answer_and_tool_uses(bool hasBody)
    {
        const string secret = "sk-" + "ant-api03-Ab1Cd2Ef3Gh4Ij5Kl6Mn7Op8Qr9St0";
        var recorder = Recorder();
        var call = Calls.Of(Bodies.Request(0, "Begin"));
        var input = $$"""{"prompt":"use {{secret}} now"}""";
        var events = Streams.OfTool("Task", input[..25], input[25..33], input[33..]);
        await recorder.RecordAsync(call);
        foreach (var item in events)
        {
            await recorder.AppendChunksAsync(call.RequestId, [item]);
        }

        await recorder.CompleteAsync(
            call.RequestId, hasBody ? Calls.Answer("""{"role":"assistant","content":[]}""") : new() { Status = 200 });

        var row = await ReadAsync(call.RequestId);
        await using var db = OpenContext();
        var pieces = await db.StreamingChunks.OrderBy(chunk => chunk.ChunkIndex).Select(chunk => chunk.Data).ToListAsync();
        var text = string.Concat(StreamPieces.Of(pieces.Select((data, i) => new StreamEvent(i, Bodies.Noon, data)))
            .SelectMany(block => block).Select(piece => piece.Text));
        Assert.Multiple(() =>
        {
            Assert.That(text, Does.Contain("[masked api key]").And.Not.Contain("Gh4Ij5"));
            Assert.That(Encoding.UTF8.GetString(row.GetResponseBody()!.Value.Span), Does.Not.Contain(secret));
            Assert.That(row.TaskToolInvocation, hasBody ? Is.Null : Does.Contain("[masked api key]"));
        });
    }

    [Test]
    public async Task A_stream_as_it_went_over_the_wire_is_the_same_answer()
    {
        var recorder = Recorder();
        var call = Calls.Of(Bodies.Request(0, "Begin"));
        var wire = string.Concat(Streams.Of("Hello, ", "world", ".").Select(item => $"data: {Streams.TextOf(item)}\n\n"));
        await recorder.RecordAsync(call);

        await recorder.CompleteAsync(call.RequestId, Calls.Answer(wire));

        var row = await ReadAsync(call.RequestId);
        Assert.Multiple(() =>
        {
            Assert.That(row.ResponseStreaming, Is.True);
            Assert.That(JsonNode.Parse(row.GetResponseBody()!.Value.Span)!["content"]![0]!["text"]!.GetValue<string>(),
                Is.EqualTo("Hello, world."));
            Assert.That(row.OutputTokens, Is.EqualTo(7));
        });
    }

    [Test]
    public async Task A_call_that_is_aborted_keeps_what_arrived_with_its_usage()
    {
        var recorder = Recorder();
        var call = Calls.Of(Bodies.Request(0, "Begin"));
        await recorder.RecordAsync(call);
        await recorder.AppendChunksAsync(call.RequestId, Streams.Of("Hello, ", "world").SkipLast(3));

        await recorder.FailAsync(call.RequestId, "The client went away.");

        var row = await ReadAsync(call.RequestId);
        Assert.Multiple(() =>
        {
            Assert.That((row.Error, row.ResponseStatus, row.HasFailed), Is.EqualTo(("The client went away.", default(int?), true)));
            Assert.That(row.InputTokens, Is.EqualTo(10));
            Assert.That(Encoding.UTF8.GetString(row.GetResponseBody()!.Value.Span), Does.Contain("Hello, world"));
            Assert.That(row.CompletedAt, Is.Not.Null);
            Assert.That(row.LinkKind, Is.EqualTo(LinkKind.Root));
        });
    }

    [Test]
    public async Task A_failure_with_a_page_of_text_is_kept_as_a_string()
    {
        var recorder = Recorder();
        var call = Calls.Of(Bodies.Request(0, "Begin"));
        await recorder.RecordAsync(call);

        await recorder.CompleteAsync(call.RequestId, Calls.Answer("<html>502 \"Bad\" Gateway\n</html>", status: 502));

        var row = await ReadAsync(call.RequestId);
        Assert.Multiple(() =>
        {
            Assert.That((row.ResponseStatus, row.HasFailed, row.IsAltered), Is.EqualTo((502, true, true)));
            Assert.That(JsonNode.Parse(row.GetResponseBody()!.Value.Span)!.GetValue<string>(),
                Is.EqualTo("<html>502 \"Bad\" Gateway\n</html>"));
        });
    }

    [Test]
    public async Task An_error_that_the_provider_tells_is_the_rows_error()
    {
        var recorder = Recorder();
        var call = Calls.Of(Bodies.Request(0, "Begin"));
        await recorder.RecordAsync(call);

        await recorder.CompleteAsync(call.RequestId, Calls.Answer(
            """{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}""", status: 529));

        Assert.That((await ReadAsync(call.RequestId)).Error, Is.EqualTo("overloaded_error: Overloaded"));
    }

    [Test]
    public async Task A_connection_that_breaks_while_a_call_is_linked_is_replaced_by_another()
    {
        var call = Bodies.Request(0, "Begin");
        await using var other = OpenContext();
        await using var blocking = await other.Database.BeginTransactionAsync();
        await other.Database.ExecuteSqlRawAsync("LOCK TABLE link_waits IN ACCESS EXCLUSIVE MODE");
        var recording = Recorder().RecordAsync(Calls.Of(call));
        await Server.WaitForAsync(ConnectionString, "wait_event_type = 'Lock'", () => recording.IsCompleted);

        await AdministerAsync("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            + "WHERE datname = current_database() AND wait_event_type = 'Lock'");
        await blocking.RollbackAsync();

        Assert.That((await recording).Outcome, Is.EqualTo(RecordOutcome.Stored));
        Assert.That((await ReadAsync(call.RequestId)).LinkKind, Is.EqualTo(LinkKind.Root));
    }

    private static async Task AssertRefusedAsync(Func<Task> work, NexusDataErrorKind kind)
    {
        var exception = Assert.ThrowsAsync<NexusDataException>(() => work());
        Assert.That(exception!.Kind, Is.EqualTo(kind));
        await Task.CompletedTask;
    }
}
