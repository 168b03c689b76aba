using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Nexus.Data.Analyses;
using Nexus.Data.Tests.Fixtures;

namespace Nexus.Data.Tests.Analyses;

/// <summary>A queue of analyses, and conversations to analyse.</summary>
public abstract class AnalysisTest : ServiceTest
{
    protected const string Train = "rail-club";

    protected static readonly TimeSpan Lease = TimeSpan.FromMinutes(1);

    private AnalysisQueue? _queue;

    protected AnalysisQueue Queue => _queue ??= Service<AnalysisQueue>();

    protected static AuditContext Audit { get; } = new("call-1") { UserContext = """{"user": "ann"}""" };

    [SetUp]
    public void ForgetQueue() => _queue = null;

    protected AnalysisQueue QueueWith(Action<AnalysisQueueOptions> configure)
        => Service<AnalysisQueue>(services => services.Configure(configure));

    /// <summary>A conversation of one request.</summary>
    protected async Task<Guid> NewConversationAsync(string branch = "main", string train = Train)
    {
        var conversation = Guid.CreateVersion7();
        await InsertRequestsAsync(train, branch, [conversation]);
        return conversation;
    }

    protected async Task InsertRequestsAsync(string train, string branch, Guid[] conversations)
    {
        await using var db = OpenContext();
        await db.Database.ExecuteSqlAsync(
            $"""
            INSERT INTO api_requests (request_id, train_id, "timestamp", method, path, headers, conversation_id, branch_id)
            SELECT gen_random_uuid(), {train}, now(), 'POST', '/v1/messages', jsonb_build_object(), conversation, {branch}
            FROM unnest({conversations}) AS conversation
            """);
    }

    /// <summary>An analysis that waits.</summary>
    protected async Task<long> OrderAsync(string? prompt = null, string train = Train)
        => (await Queue.EnqueueAsync(await NewConversationAsync(train: train), "main", new() { CustomPrompt = prompt }, Audit)).Id;

    /// <summary>An analysis that a worker has in hand.</summary>
    protected async Task<AnalysisJob> JobAsync()
    {
        var id = await OrderAsync();
        return (await Queue.ClaimAsync("worker-1", 1_000, Lease)).Single(job => job.Id == id);
    }

    /// <summary>Sets columns of an analysis.</summary>
    protected async Task SetAsync(long id, string assignments)
    {
        await using var db = OpenContext();
        var sql = $"UPDATE conversation_analyses SET {assignments} WHERE id = {id}";
        Assert.That(await db.Database.ExecuteSqlRawAsync(sql), Is.EqualTo(1));
    }

    /// <summary>As time does.</summary>
    protected Task LetLeaseRunOutAsync(long id) => SetAsync(id, "lease_expires_at = now() - interval '1 second'");

    protected async Task<ConversationAnalysis> ReadAsync(long id)
    {
        await using var db = OpenContext();
        return await db.Analyses.AsNoTracking().SingleAsync(analysis => analysis.Id == id);
    }

    /// <summary>What the audit log holds, as "event outcome", the oldest first.</summary>
    protected async Task<List<string>> AuditedAsync()
    {
        await using var db = OpenContext();
        return await db.AuditLog.OrderBy(entry => entry.Id).Select(entry => entry.EventType + " " + entry.Outcome).ToListAsync();
    }
}
