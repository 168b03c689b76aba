using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Nexus.Data.Conversations;
using Nexus.Data.Masking;
using Nexus.Data.Recording;
using Nexus.Data.Tests.Conversations;
using Nexus.Data.Tests.Recording;
using Nexus.Data.Trains;

namespace Nexus.Data.Tests.Documentation;

/// <summary>The examples do what the documents say.</summary>
public sealed class ExampleTests : RecordingTest
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

    [Test]
    public async Task A_proxy_hands_its_calls_to_the_queue_also_those_that_fail()
    {
        await using var provider = Provider();
        var queue = provider.GetRequiredService<RequestIngestQueue>();
        var proxy = provider.GetRequiredService<RecordingProxy>();
        await queue.StartAsync(default);

        await proxy.ForwardAsync(
            "rail-club", """{"messages":[{"role":"user","content":"Hello"}]}"""u8.ToArray(),
            _ => Task.FromResult((200, """{"role":"assistant","content":"Good day"}"""u8.ToArray())), default);
        await proxy.ForwardAsync(
            "rail-club", """{"messages":[{"role":"user","content":"Hello!"}]}"""u8.ToArray(),
            _ => Task.FromResult((529, """{"type":"error","error":{"type":"overloaded_error","message":"Too much."}}"""u8.ToArray())), default);
        Assert.ThrowsAsync<HttpRequestException>(() => proxy.ForwardAsync(
            "rail-club", """{"messages":[{"role":"user","content":"Hello?"}]}"""u8.ToArray(),
            _ => throw new HttpRequestException("Nobody answers."), default));
        Assert.ThrowsAsync<EndOfStreamException>(() => proxy.ForwardAsync(
            "rail-club", """{"messages":[{"role":"user","content":"Hello??"}]}"""u8.ToArray(),
            _ => throw new EndOfStreamException("It broke off."), default));
        await queue.StopAsync(default);

        await using var db = OpenContext();
        var rows = await db.Requests.OrderBy(row => row.Timestamp).ToListAsync();
        Assert.That(rows.Select(row => (row.ResponseStatus, row.Error)),
            Is.EqualTo(new[]
            {
                (200, default(string)), (529, "overloaded_error: Too much."), (default(int?), "Nobody answers."), (null, "It broke off."),
            }));
    }

    [Test]
    public async Task A_stream_is_recorded_as_it_arrives_and_a_unit_of_work_is_done()
    {
        await using var provider = Provider();
        var call = Calls.Of(Bodies.Request(0, "Begin"));
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(
            string.Concat(Streams.Of("Good ", "day").Select(item => $"data: {Streams.TextOf(item)}\n\n"))));
        var train = new Train { TrainId = "rail-club", Name = "Rail" };
        await using (var db = OpenContext())
        {
            db.Add(train);
            await db.SaveChangesAsync();
        }

        await Examples.StreamAsync(provider.GetRequiredService<RequestRecorder>(), call, stream, default);
        await Examples.RenameAsync(
            provider.GetRequiredService<IDbContextFactory<NexusDbContext>>(), train.Id, "The rail club", default);

        await using var read = OpenContext();
        Assert.That((await read.Requests.SingleAsync()).OutputTokens, Is.EqualTo(7));
        Assert.That((await read.Trains.SingleAsync()).Name, Is.EqualTo("The rail club"));
    }

    [Test]
    public void The_masking_example_is_valid()
    {
        var services = new ServiceCollection().AddNexusData(ConnectionString);
        Examples.ConfigureMasking(services, new string('k', 32));
        using var provider = services.BuildServiceProvider();

        Assert.That(
            provider.GetRequiredService<SecretMasker>().MaskText("rail-club", "to jane.doe@example.com"),
            Does.Match(@"^to \[masked e-mail address [0-9a-f]{8}\]$"));
    }

    private ServiceProvider Provider()
    {
        var services = new ServiceCollection();
        Examples.Register(services, ConnectionString, Folder);
        services.AddScoped<CallRecorder>();
        return services.BuildServiceProvider(new ServiceProviderOptions { ValidateScopes = true });
    }

    private static async Task RecordAsync(ServiceProvider provider, string body, string answer)
    {
        await using var scope = provider.CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<CallRecorder>().RecordAsync(
            "rail-club", Encoding.UTF8.GetBytes(body), Encoding.UTF8.GetBytes(answer), default);
    }
}
