// doc:first-conversation
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Nexus.Data.Conversations.Browsing;
using Nexus.Data.Recording;

await using var services = new ServiceCollection().AddNexusData(args[0]).BuildServiceProvider();
await services.MigrateNexusDataAsync();

var recorder = services.GetRequiredService<RequestRecorder>();
await RecordAsync("""{"messages":[{"role":"user","content":"Hello"}]}""", "Good day");
await RecordAsync(
    """{"messages":[{"role":"user","content":"Hello"},{"role":"assistant","content":"Good day"},{"role":"user","content":"How late is it?"}]}""",
    "Noon");

var page = await services.GetRequiredService<ConversationQueries>().ListAsync(new() { TrainId = "rail-club" });
foreach (var conversation in page.Items)
{
    Console.WriteLine($"{conversation.ConversationId}: {conversation.RequestCount} requests on {conversation.Branches.Count} branch");
}

async Task RecordAsync(string body, string answer)
{
    var call = new RecordedRequest { RequestId = Guid.CreateVersion7(), TrainId = "rail-club", Body = Encoding.UTF8.GetBytes(body) };
    await recorder.RecordAsync(call);
    var reply = Encoding.UTF8.GetBytes($$"""{"role":"assistant","content":[{"type":"text","text":"{{answer}}"}]}""");
    var place = await recorder.CompleteAsync(call.RequestId, new() { Status = 200, Body = reply });
    Console.WriteLine($"{place.ConversationId} {place.BranchId}, parent {place.ParentRequestId?.ToString() ?? "none"}");
}
// doc:end
