using System.Text;
using Nexus.Data.Conversations.Hashing;
using Nexus.Data.Seeding.Traffic;
namespace Nexus.Data.Tests.Conversations;
public sealed class ZzDebug
{
    [Test]
    public void Show()
    {
        var all = new RequestTraffic(new() { Seed = 1 }).Generate(5000).ToList();
        var x = all.Single(i => i.RequestId == Guid.Parse("01990472-906f-7c57-96b1-42a2c4740178"));
        var text = RequestHasher.Hash(x.Body).OpeningTextHash;
        foreach (var i in all.Where(i => Math.Abs((i.Timestamp - x.Timestamp).TotalMinutes) < 12 && i.TrainId == x.TrainId))
        {
            var h = RequestHasher.Hash(i.Body);
            var a = i.ResponseBody is null ? null : AnswerHasher.Hash(i.ResponseBody);
            var rel = i.RequestId == x.ParentId ? "PARENT" : i.RequestId == x.RequestId ? "SELF" : "";
            if (h.OpeningTextHash is { } t && text is not null && t.AsSpan().SequenceEqual(text)) rel += " sametext";
            if (a is not null && text is not null && a.TaskPrompts.Any(p => p.PromptHash.AsSpan().SequenceEqual(text))) rel += " asks " + a.TaskPrompts.Count(p => p.PromptHash.AsSpan().SequenceEqual(text));
            if (i.ConversationKey == x.ConversationKey || rel.Length > 0)
                TestContext.Out.WriteLine($"{i.Timestamp:HH:mm:ss.fff} done {i.CompletedAt:HH:mm:ss} {i.RequestId} key {i.ConversationKey} parent {i.ParentId} retry {i.RetryOf} st {i.ResponseStatus} {i.Features} n={h.CountedMessages} {rel}");
        }
        TestContext.Out.WriteLine(Encoding.UTF8.GetString(x.Body)[..Math.Min(1500, x.Body.Length)]);
    }
}
