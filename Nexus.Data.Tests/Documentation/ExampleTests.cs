using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Nexus.Data.Conversations;
using Nexus.Data.Tests.Fixtures;

namespace Nexus.Data.Tests.Documentation;

/// <summary>The examples do what the documents say.</summary>
public sealed class ExampleTests : DatabaseTest
{
    [Test]
    public async Task A_recorded_call_and_the_next_turn_are_one_conversation()
    {
        await using var provider = Provider();
        const string first = """{"messages":[{"role":"user","content":"Hello"}]}""";
        const string answer = """{"role":"assistant","content":[{"type":"text","text":"Good day"}]}""";
        const string second =
            """
            {"messages":[{"role":"user","content":"Hello"},{"role":"assistant","content":"Good day"},
                         {"role":"user","content":"How late is it?"}]}
            """;

        await RecordAsync(provider, first, answer);
        await RecordAsync(provider, second, answer);

        await using var db = OpenContext();
        var requests = await db.Requests.OrderBy(request => request.Timestamp).ToListAsync();
        Assert.That(requests.Select(request => request.LinkKind), Is.EqualTo([LinkKind.Root, LinkKind.Exact]));
        Assert.That(requests[1].ParentRequestId, Is.EqualTo(requests[0].RequestId));
        Assert.That(requests[1].ConversationId, Is.EqualTo(requests[0].ConversationId));
    }

    [Test]
    public async Task An_answer_can_follow_its_request_and_the_sweep_finds_nothing_to_do()
    {
        await using var provider = Provider();
        await RecordAsync(provider, """{"messages":[{"role":"user","content":"Hello"}]}""", "{}");
        await using var scope = provider.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<NexusDbContext>();
        var id = await db.Requests.Select(request => request.RequestId).SingleAsync();

        await Examples.AnswerAsync(
            db, scope.ServiceProvider.GetRequiredService<ConversationLinker>(), id,
            """{"role":"assistant","content":"Good day"}"""u8.ToArray(), default);
        var linked = await Examples.SweepAsync(provider.GetRequiredService<IServiceScopeFactory>(), default);

        await using var read = OpenContext();
        Assert.That((await read.Requests.SingleAsync()).AnswerHash, Is.Not.Null);
        Assert.That(linked, Is.Zero);
    }

    private ServiceProvider Provider()
    {
        var services = new ServiceCollection();
        Examples.Register(services, ConnectionString);
        return services.BuildServiceProvider(new ServiceProviderOptions { ValidateScopes = true });
    }

    private static async Task RecordAsync(ServiceProvider provider, string body, string answer)
    {
        await using var scope = provider.CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<CallRecorder>().RecordAsync(
            "rail-club", Encoding.UTF8.GetBytes(body), Encoding.UTF8.GetBytes(answer), default);
    }
}
