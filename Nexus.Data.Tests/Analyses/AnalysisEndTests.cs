using System.Text.Json;
using Nexus.Data.Analyses;

namespace Nexus.Data.Tests.Analyses;

/// <summary>How tries end: with an answer, with an error, or for nobody.</summary>
public sealed class AnalysisEndTests : AnalysisTest
{
    private const string Secret = "sk-ant-api03-abcdefghijklmnopqrstuvwxyz0123456789";

    [Test]
    public async Task An_answer_is_stored_whole_and_the_errors_of_earlier_tries_go()
    {
        var job = await JobAsync();
        await SetAsync(job.Id, "error_message = 'An earlier try.', retry_count = 1");

        var counted = await Queue.CompleteAsync(job, new()
        {
            Content = "Good \0 work. \ud800",
            Data = """{"summary": "good \u0000"}""",
            RawResponse = """{"id": 1}""",
            Model = "model-2",
            PromptTokens = 100,
            CompletionTokens = 20,
            Duration = TimeSpan.FromSeconds(1.5),
        });

        var row = await ReadAsync(job.Id);
        Assert.Multiple(() =>
        {
            Assert.That(counted, Is.True);
            Assert.That(row.AnalysisContent, Is.EqualTo("Good \ufffd work. \ufffd"));
            Assert.That(row.AnalysisData, Is.EqualTo("""{"summary": "good \ufffd"}""".Replace("\\ufffd", "\ufffd")));
            Assert.That(row.RawResponse, Is.EqualTo("""{"id": 1}"""));
            Assert.That(
                (row.Status, row.ModelUsed, row.PromptTokens, row.CompletionTokens, row.ProcessingDurationMs, row.ErrorMessage),
                Is.EqualTo((ConversationAnalysisStatus.Completed, "model-2", 100, 20, 1_500, default(string))));
            Assert.That((row.LeaseId, row.LeaseOwner, row.LeaseExpiresAt), Is.EqualTo((default(Guid?), default(string), default(DateTimeOffset?))));
            Assert.That(row.CompletedAt, Is.Not.Null.And.EqualTo(row.GeneratedAt));
        });
    }

    [Test]
    public async Task An_answer_that_comes_too_late_changes_nothing()
    {
        var job = await JobAsync();
        await LetLeaseRunOutAsync(job.Id);

        var late = await Queue.CompleteAsync(job, new() { Content = "Late." });
        await Queue.RecoverAsync();
        await SetAsync(job.Id, "due_at = now()");
        var next = (await Queue.ClaimAsync("worker-2", 1, Lease)).Single();
        var later = await Queue.CompleteAsync(job, new() { Content = "Later." });
        var failed = await Queue.FailAsync(job, new("Later."));
        var inTime = await Queue.CompleteAsync(next, new() { Content = "In time." });
        var again = await Queue.CompleteAsync(next, new() { Content = "Again." });

        Assert.That((late, later, inTime, again), Is.EqualTo((false, false, true, false)));
        Assert.That(failed, Is.EqualTo(new FailedTry(FailedTryOutcome.NotHeld, null)));
        Assert.That((await ReadAsync(job.Id)).AnalysisContent, Is.EqualTo("In time."));
        Assert.That((await AuditedAsync()).Count(entry => entry == "ANALYSIS_COMPLETION SUCCESS"), Is.EqualTo(1));
    }

    [Test]
    public async Task Parts_that_are_no_JSON_are_refused_and_the_job_stays_the_workers()
    {
        var job = await JobAsync();

        Assert.That(
            () => Queue.CompleteAsync(job, new() { Content = "x", Data = "{" }),
            Throws.InstanceOf<NexusDataException>().With.Message.Contains("analysis data"));
        Assert.That(await Queue.CompleteAsync(job, new() { Content = "x" }), Is.True);
    }

    [Test]
    public async Task A_failed_try_is_followed_by_another_later_each_time_until_none_is_left()
    {
        var job = await JobAsync();
        var delays = new List<double>();
        var failures = new List<FailedTry>();
        for (var i = 0; i < 4; i++)
        {
            failures.Add(await Queue.FailAsync(job, new($"Error {i}.", "TimeoutException")));
            var row = await ReadAsync(job.Id);
            delays.Add((row.DueAt - row.UpdatedAt).TotalSeconds);
            Assert.That((row.LeaseId, row.LeaseExpiresAt), Is.EqualTo((default(Guid?), default(DateTimeOffset?))));
            if (i < 3)
            {
                Assert.That(failures[i].DueAt, Is.EqualTo(row.DueAt).Within(TimeSpan.FromSeconds(1)));
                Assert.That((row.Status, row.RetryCount, row.CompletedAt), Is.EqualTo((ConversationAnalysisStatus.Pending, i + 1, default(DateTimeOffset?))));
                await SetAsync(job.Id, "due_at = now()");
                job = (await Queue.ClaimAsync("worker-1", 1, Lease)).Single();
                Assert.That(job.RetryCount, Is.EqualTo(i + 1));
            }
        }

        var last = await ReadAsync(job.Id);
        Assert.Multiple(async () =>
        {
            Assert.That(failures.Select(failure => failure.Outcome), Is.EqualTo(new[]
            {
                FailedTryOutcome.Requeued, FailedTryOutcome.Requeued, FailedTryOutcome.Requeued, FailedTryOutcome.GivenUp,
            }));
            Assert.That(delays[0], Is.InRange(0.9, 1.4));
            Assert.That(delays[1], Is.InRange(2.4, 3.4));
            Assert.That(delays[2], Is.InRange(6.1, 8.3));
            Assert.That((last.Status, last.RetryCount), Is.EqualTo((ConversationAnalysisStatus.Failed, 3)));
            Assert.That(last.CompletedAt, Is.Not.Null);
            var errors = JsonDocument.Parse(last.ErrorMessage!).RootElement;
            Assert.That(
                errors.EnumerateObject().Select(entry => $"{entry.Name} {entry.Value.GetProperty("message")} {entry.Value.GetProperty("name")}"),
                Is.EqualTo((string[])
                [
                    "retry_1 Error 0. TimeoutException", "retry_2 Error 1. TimeoutException",
                    "retry_3 Error 2. TimeoutException", "final_error Error 3. TimeoutException",
                ]));
            Assert.That(errors.GetProperty("retry_1").GetProperty("timestamp").GetDateTimeOffset(), Is.EqualTo(DateTimeOffset.UtcNow).Within(TimeSpan.FromMinutes(1)));
            Assert.That((await AuditedAsync()).Count(entry => entry == "ANALYSIS_COMPLETION FAILURE"), Is.EqualTo(4));
            Assert.That(await Queue.ClaimAsync("worker-1", 1, Lease), Is.Empty);
        });
    }

    [Test]
    public async Task Where_another_try_cannot_help_the_first_is_the_last()
    {
        var job = await JobAsync();

        var failure = await Queue.FailAsync(job, AnalysisError.Of(new InvalidOperationException("No messages.")) with { IsRetryable = false });

        var row = await ReadAsync(job.Id);
        Assert.That(failure, Is.EqualTo(new FailedTry(FailedTryOutcome.GivenUp, null)));
        Assert.That((row.Status, row.RetryCount), Is.EqualTo((ConversationAnalysisStatus.Failed, 0)));
        Assert.That(row.ErrorMessage, Does.Contain("final_error").And.Contain("InvalidOperationException"));
    }

    [Test]
    public async Task The_message_of_an_error_holds_no_secret_and_no_character_that_no_text_holds()
    {
        var job = await JobAsync();

        await Queue.FailAsync(job, new($"Refused {Secret}\0 \ud800 {new string('x', 100_000)}", $"Bad {Secret}"));

        var row = await ReadAsync(job.Id);
        await using var db = OpenContext();
        var audit = string.Concat((await Service<AuditLog>().ListAsync()).Select(entry => entry.Metadata));
        var message = JsonDocument.Parse(row.ErrorMessage!).RootElement.GetProperty("retry_1").GetProperty("message").GetString();
        Assert.That(message, Does.StartWith("Refused ").And.Contain("\ufffd \ufffd").And.EndWith("…").And.Length.EqualTo(2_000));
        Assert.That(row.ErrorMessage + audit, Does.Not.Contain("abcdefghijklm"));
    }

    [Test]
    public async Task Errors_without_end_stay_bounded_and_the_newest_are_kept()
    {
        var queue = QueueWith(options => (options.MaxRetries, options.FirstRetryDelayMs) = (100, 0));
        var id = await OrderAsync();
        for (var i = 0; i < 30; i++)
        {
            var job = (await queue.ClaimAsync("worker-1", 1, Lease)).Single();
            await queue.FailAsync(job, new($"{i} {new string('x', 5_000)}"));
        }

        var history = (await ReadAsync(id)).ErrorMessage!;
        var names = JsonDocument.Parse(history).RootElement.EnumerateObject().Select(entry => entry.Name).ToList();
        Assert.That(history, Has.Length.LessThanOrEqualTo(ErrorHistory.MaxLength));
        Assert.That(names, Does.Contain("retry_30").And.Contain("retry_20").And.Not.Contain("retry_1"));
    }

    [Test]
    public async Task A_failure_that_is_tried_again_begins_from_the_start_and_what_goes_well_is_left_alone()
    {
        var (failed, stuck, held, waiting) = (await JobAsync(), await JobAsync(), await JobAsync(), await OrderAsync());
        await Queue.FailAsync(failed, new("No.") { IsRetryable = false });
        await SetAsync(failed.Id, "retry_count = 3");
        await LetLeaseRunOutAsync(stuck.Id);

        var retries = await Queue.RetryAsync([failed.Id, stuck.Id, held.Id, waiting, 4_711], Audit);

        Assert.That(retries.Select(retry => retry.Outcome), Is.EqualTo(new[]
        {
            AnalysisRetryOutcome.Restarted, AnalysisRetryOutcome.Restarted, AnalysisRetryOutcome.NotNeeded,
            AnalysisRetryOutcome.NotNeeded, AnalysisRetryOutcome.NotFound,
        }));
        var row = await ReadAsync(failed.Id);
        Assert.That(
            (row.Status, row.RetryCount, row.ErrorMessage, row.CompletedAt),
            Is.EqualTo((ConversationAnalysisStatus.Pending, 0, default(string), default(DateTimeOffset?))));
        Assert.That((await ReadAsync(stuck.Id)).LeaseId, Is.Null);
        Assert.That((await ReadAsync(held.Id)).LeaseId, Is.EqualTo(held.LeaseId));
        Assert.That((await AuditedAsync()).Count(entry => entry == "ANALYSIS_RETRY SUCCESS"), Is.EqualTo(2));
        Assert.That(await Queue.RetryAsync(failed.Id, Audit), Is.EqualTo(AnalysisRetryOutcome.NotNeeded));
        Assert.That(await Queue.CompleteAsync(stuck, new() { Content = "Late." }), Is.False);
    }
}
