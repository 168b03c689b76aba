using Microsoft.EntityFrameworkCore;
using Nexus.Data.Seeding.Traffic;
using Nexus.Data.Tests.Fixtures;

namespace Nexus.Data.Tests.Conversations;

/// <summary>Generated traffic, stored in order and out of it, against what its generator knows.</summary>
public sealed class TrafficLinkingTests : LinkingTest
{
    [Test]
    public async Task Stored_in_order_with_their_answers_every_request_gets_its_conversation_parent_and_retry()
    {
        var traffic = new RequestTraffic(new() { Seed = 11 }).Generate(TestScale.Of(1_000, 20_000)).ToList();

        foreach (var batch in traffic.Chunk(100))
        {
            await StoreAsync([.. batch.Select(item => item.ToRequest())]);
        }

        await AssertTruthAsync(traffic, withParents: true);
    }

    [TestCase(1)]
    [TestCase(2)]
    public async Task Shuffled_within_a_minute_and_answered_after_their_children_every_request_gets_its_conversation(int seed)
    {
        var traffic = new RequestTraffic(new() { Seed = seed }).Generate(TestScale.Of(1_000, 5_000)).ToList();
        var random = new Random(seed);
        var start = traffic[0].Timestamp;

        foreach (var window in traffic.GroupBy(item => (item.Timestamp - start).Ticks / TimeSpan.TicksPerMinute))
        {
            var shuffled = window.ToArray();
            random.Shuffle(shuffled);
            foreach (var item in shuffled)
            {
                await StoreAsync(item.ToRequest(withAnswer: false));
            }

            random.Shuffle(shuffled);
            foreach (var item in shuffled.Where(item => item.ResponseStatus is not null || item.Error is not null))
            {
                await AnswerAsync(item.RequestId, item.Answer);
            }
        }

        await AssertTruthAsync(traffic, withParents: false);
    }

    private async Task AssertTruthAsync(List<TrafficRequest> traffic, bool withParents)
    {
        await using var db = OpenContext();
        var stored = await db.Requests.AsNoTracking()
            .Select(request => new
            {
                request.RequestId,
                request.ConversationId,
                request.ParentRequestId,
                request.RetryOfRequestId,
                request.UnlinkedBecause,
                request.LinkKind,
                request.BranchId,
            })
            .ToDictionaryAsync(request => request.RequestId);
        var numbers = new Dictionary<Guid, int>();
        var conversations = new Dictionary<int, Guid>();
        var wrong = new List<string>();
        foreach (var item in traffic)
        {
            var request = stored[item.RequestId];
            if (!item.TakesPart)
            {
                if (request.ConversationId is not null)
                {
                    wrong.Add($"{item.RequestId} takes no part but was linked");
                }

                continue;
            }

            var conversation = request.ConversationId ?? Guid.Empty;
            if (!numbers.TryGetValue(conversation, out var number))
            {
                numbers[conversation] = number = item.ConversationKey;
            }

            conversations.TryAdd(item.ConversationKey, conversation);
            if (number != item.ConversationKey || conversations[item.ConversationKey] != conversation
                || request.UnlinkedBecause is not null
                || (withParents && (request.ParentRequestId, request.RetryOfRequestId) != (item.ParentId, item.RetryOf)))
            {
                wrong.Add(
                    $"{item.RequestId} {item.Timestamp:HH:mm:ss.fff} {item.Features}: conversation {number} for "
                    + $"{item.ConversationKey}, {request.LinkKind} {request.BranchId}, parent {request.ParentRequestId} for "
                    + $"{item.ParentId}, retry of {request.RetryOfRequestId} for {item.RetryOf}, {request.UnlinkedBecause}");
            }
        }

        Assert.Multiple(() =>
        {
            Assert.That(stored, Has.Count.EqualTo(traffic.Count));
            Assert.That(string.Join("\n", wrong.Take(20)), Is.Empty, $"{wrong.Count} wrong");
        });
    }
}
