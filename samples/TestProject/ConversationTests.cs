using Microsoft.EntityFrameworkCore;
using Nexus.Data.Conversations.Browsing;
using Nexus.Data.Recording;
using Nexus.Data.Seeding.Populations;

namespace Nexus.Samples.TestProject;

public sealed class ConversationTests : ServiceTest
{
    // Both record into the database that the other has used: each finds it empty.
    [TestCase(1)]
    [TestCase(2)]
    public async Task Recorded_traffic_is_in_conversations(int seed)
    {
        var recorder = Get<RequestRecorder>();
        var proxy = new ProxyPopulation(new() { Seed = seed, Until = Noon, Requests = 40, Trains = 1 });

        foreach (var request in proxy.Requests())
        {
            await recorder.RecordAsync(request.ToRecordedRequest());
        }

        var page = await Get<ConversationQueries>().ListAsync();
        await using var db = await OpenAsync();
        var linked = await db.Requests.CountAsync(request => request.ConversationId != null);
        Assert.Multiple(async () =>
        {
            Assert.That(await db.Requests.CountAsync(), Is.EqualTo(40));
            Assert.That(page.Items.Sum(conversation => conversation.RequestCount), Is.EqualTo(linked).And.Positive);
        });
    }
}
