using System.Text.Json;
using Nexus.Data.Conversations.Browsing;
using Nexus.Data.Tests.Fixtures;

namespace Nexus.Data.Tests.Conversations.Browsing;

/// <summary>Lists of conversations beside what the requests say, one by one.</summary>
public sealed class ConversationListTests : BrowsingTest
{
    private static readonly Guid _conversation = Guid.NewGuid();

    [Test]
    public async Task Pages_of_any_filter_are_what_the_requests_add_up_to()
    {
        var random = new Random(4_711);
        for (var set = 0; set < TestScale.Of(10, 50); set++)
        {
            var requests = BrowsedRequest.Random(set, random.Next(40, 500));
            await StoreAsync(requests);
            for (var filters = 0; filters < 6; filters++)
            {
                var filter = RandomFilter(random, requests);

                var pages = await AllAsync(filter, random.Next(1, 30));

                Assert.That(Text(pages), Is.EqualTo(Text(Expected(requests, filter))), $"{set}: {filter}");
            }
        }
    }

    [Test]
    public async Task A_page_is_one_round_trip()
    {
        await StoreAsync(BrowsedRequest.Random(1, 100));
        var counter = new CommandCounter();
        var queries = new ConversationQueries(new Contexts(ConnectionString, counter));

        var page = await queries.ListAsync(new() { AccountId = "acc_1", HasForks = true }, limit: 2);

        Assert.That(page.Items, Has.Count.EqualTo(2));
        Assert.That(counter.Commands, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task Nothing_is_an_empty_page()
    {
        var page = await Queries.ListAsync();

        Assert.That((page.Items.Count, page.Next), Is.EqualTo((0, default(string))));
    }

    [Test]
    public async Task A_page_that_is_just_full_is_the_last()
    {
        await StoreAsync(Enumerable.Range(0, 4).Select(i => Request(i) with { Conversation = Guid.NewGuid() }));

        var first = await Queries.ListAsync(limit: 2);
        var second = await Queries.ListAsync(cursor: first.Next, limit: 2);

        Assert.That((first.Items.Count, second.Items.Count, second.Next), Is.EqualTo((2, 2, default(string))));
    }

    [Test]
    public async Task A_conversation_of_two_trains_is_listed_for_each()
    {
        await StoreAsync(Request(0), Request(0) with { Train = "other" }, Request(1) with { Train = "other" });

        var first = await Queries.ListAsync(limit: 1);
        var second = await Queries.ListAsync(cursor: first.Next, limit: 1);

        Assert.That(
            first.Items.Concat(second.Items).Select(item => (item.TrainId, item.RequestCount)),
            Is.EqualTo(new[] { ("other", 2), (Bodies.Train, 1) }));
    }

    [Test]
    public async Task What_was_listed_of_an_account_is_ordered_by_its_requests_and_counted_whole()
    {
        var quiet = Guid.NewGuid();
        await StoreAsync(
            Request(0) with { Account = "a", Model = "m" },
            Request(9) with { Account = "b", Model = "n", Input = 1, CacheRead = 30, CacheCreation = 500 },
            Request(5) with { Account = "a", Model = "m", Conversation = quiet });

        var page = await Queries.ListAsync(new() { AccountId = "a" });

        Assert.That(page.Items.Select(item => item.ConversationId), Is.EqualTo(new[] { quiet, _conversation }));
        var busy = page.Items[1];
        Assert.That(
            (busy.OrderedAt, busy.LastAt, busy.RequestCount, busy.LatestModel, busy.LatestContextTokens),
            Is.EqualTo((Bodies.Noon, Bodies.Noon.AddMinutes(9), 2, "n", 531L)));
        Assert.That(string.Join(' ', busy.Accounts.Concat(busy.Models)), Is.EqualTo("a b m n"));
    }

    [Test]
    public async Task Account_and_model_are_those_of_one_request()
    {
        await StoreAsync(Request(0) with { Account = "a", Model = "m" }, Request(1) with { Account = "b", Model = "n" });

        Assert.That((await Queries.ListAsync(new() { AccountId = "a", Model = "n" })).Items, Is.Empty);
        Assert.That((await Queries.ListAsync(new() { AccountId = "b", Model = "n" })).Items, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task Tokens_of_the_latest_context_are_unknown_where_nobody_counted()
    {
        await StoreAsync(Request(0) with { Input = 5 }, Request(1) with { CacheRead = 0, Model = "m" });

        var item = (await Queries.ListAsync()).Items.Single();

        Assert.That((item.LatestContextTokens, item.InputTokens, item.LatestModel), Is.EqualTo((default(long?), 5L, "m")));
    }

    [TestCase("a\0b")]
    [TestCase("\ud800")]
    [TestCase("")]
    [TestCase("no such")]
    public async Task What_nobody_is_called_finds_nothing(string name)
    {
        await StoreAsync(Request(0) with { Account = "a", Model = "m" });

        Assert.That((await Queries.ListAsync(new() { TrainId = name })).Items, Is.Empty);
        Assert.That((await Queries.ListAsync(new() { AccountId = name })).Items, Is.Empty);
        Assert.That((await Queries.ListAsync(new() { Model = name })).Items, Is.Empty);
    }

    [Test]
    public async Task A_cursor_of_other_filters_is_refused()
    {
        await StoreAsync(BrowsedRequest.Random(2, 100));
        var page = await Queries.ListAsync(new() { TrainId = "train-1" }, limit: 1);

        Assert.That(
            () => Queries.ListAsync(new() { TrainId = "train-2" }, page.Next),
            Throws.InstanceOf<NexusDataException>().With.Message.Contains("other filters"));
    }

    [Test]
    public void A_time_that_ends_before_it_begins_is_refused() => Assert.That(
        () => Queries.ListAsync(new() { From = Bodies.Noon, To = Bodies.Noon.AddTicks(-1) }),
        Throws.InstanceOf<NexusDataException>().With.Property(nameof(NexusDataException.Kind))
            .EqualTo(NexusDataErrorKind.Validation));

    [TestCase(0)]
    [TestCase(-1)]
    [TestCase(501)]
    public void A_page_has_between_one_and_five_hundred(int limit)
        => Assert.That(() => Queries.ListAsync(limit: limit), Throws.InstanceOf<ArgumentOutOfRangeException>());

    [Test]
    public async Task All_times_that_there_are_may_be_asked_for()
    {
        await StoreAsync(Request(0));

        var page = await Queries.ListAsync(new() { From = DateTimeOffset.MinValue, To = DateTimeOffset.MaxValue });

        Assert.That(page.Items, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task A_caller_sees_what_its_own_transaction_did()
    {
        await StoreAsync(Request(0));
        await using var db = OpenContext();
        await using var transaction = await db.Database.BeginTransactionAsync();
        db.RemoveRange(db.Set<Data.Totals.ConversationTotals>());
        await db.SaveChangesAsync();

        Assert.That((await Queries.In(db).ListAsync()).Items, Is.Empty);
        Assert.That((await Queries.ListAsync()).Items, Has.Count.EqualTo(1));
    }

    private static BrowsedRequest Request(double minute) => new()
    {
        Id = Guid.NewGuid(),
        Train = Bodies.Train,
        Timestamp = Bodies.Noon.AddMinutes(minute),
        Conversation = _conversation,
    };

    private static ConversationFilter RandomFilter(Random random, List<BrowsedRequest> requests)
    {
        var (some, other) = (requests[random.Next(requests.Count)], requests[random.Next(requests.Count)]);
        var (from, to) = some.Timestamp < other.Timestamp
            ? (some.Timestamp, other.Timestamp)
            : (other.Timestamp, some.Timestamp);
        return new()
        {
            TrainId = random.Next(3) == 0 ? some.Train : null,
            AccountId = random.Next(3) == 0 ? some.Account ?? "" : null,
            Model = random.Next(3) == 0 ? other.Model ?? "" : null,
            From = random.Next(4) == 0 ? from : null,
            To = random.Next(4) == 0 ? to : null,
            HasSubtasks = random.Next(4) switch { 0 => true, 1 => false, _ => null },
            HasForks = random.Next(4) switch { 0 => true, 1 => false, _ => null },
            Text = random.Next(3) == 0 ? BrowsedRequest.Vocabulary[random.Next(BrowsedRequest.Vocabulary.Length)] : null,
        };
    }

    private async Task<List<ConversationOverview>> AllAsync(ConversationFilter filter, int limit)
    {
        var all = new List<ConversationOverview>();
        var queries = Queries;
        string? next = null;
        do
        {
            var page = await queries.ListAsync(filter, next, limit);
            Assert.That(page.Items, Has.Count.EqualTo(limit).Or.Count.LessThan(page.Next is null ? limit : 0));
            all.AddRange(page.Items);
            next = page.Next;
        }
        while (next is not null);

        return all;
    }

    private static IEnumerable<ConversationOverview> Expected(List<BrowsedRequest> requests, ConversationFilter filter)
        => from conversation in requests.Where(request => request.Conversation is not null)
                .GroupBy(request => (request.Train, request.Conversation))
           let chosen = conversation.Where(request => (filter.AccountId is null || (request.Account ?? "") == filter.AccountId)
               && (filter.Model is null || (request.Model ?? "") == filter.Model)).ToList()
           where chosen.Count > 0
           let latest = chosen.Max(request => request.Timestamp)
           where (filter.TrainId is null || conversation.Key.Train == filter.TrainId)
               && !(latest < filter.From) && !(latest >= filter.To)
               && (filter.HasSubtasks is null || conversation.Any(request => request.IsSubtask is true) == filter.HasSubtasks)
               && (filter.HasForks is null || conversation.Any(IsFork) == filter.HasForks)
               && (filter.Text is null || conversation.Any(request => request.Says(filter.Text)))
           orderby latest descending, conversation.Key.Conversation descending, conversation.Key.Train descending
           select Overview([.. conversation], latest);

    private static bool IsFork(BrowsedRequest request)
        => request.BranchOrMain is not ("main" or "subtask_1" or "subtask_2" or "compact_120000");

    private static ConversationOverview Overview(List<BrowsedRequest> requests, DateTimeOffset orderedAt)
    {
        var latest = requests.MaxBy(request => (request.Timestamp, request.Id))!;
        return new()
        {
            TrainId = latest.Train,
            ConversationId = latest.Conversation!.Value,
            FirstAt = requests.Min(request => request.Timestamp),
            LastAt = latest.Timestamp,
            OrderedAt = orderedAt,
            RequestCount = requests.Count,
            FailedCount = requests.Count(request => request.HasFailed),
            RetryCount = requests.Count(request => request.RetryOf is not null),
            SubtaskRequestCount = requests.Count(request => request.IsSubtask is true),
            InputTokens = requests.Sum(request => (long)(request.Input ?? 0)),
            OutputTokens = requests.Sum(request => (long)(request.Output ?? 0)),
            CacheCreationInputTokens = requests.Sum(request => (long)(request.CacheCreation ?? 0)),
            CacheReadInputTokens = requests.Sum(request => (long)(request.CacheRead ?? 0)),
            ToolCallCount = requests.Sum(request => (long)(request.Tools ?? 0)),
            Models = [.. requests.Select(request => request.Model).OfType<string>().Distinct().Order(StringComparer.Ordinal)],
            Accounts = [.. requests.Select(request => request.Account).OfType<string>().Distinct().Order(StringComparer.Ordinal)],
            Branches =
            [
                .. requests.GroupBy(request => request.BranchOrMain).Select(branch => BranchTests.Expected([.. branch]))
                    .OrderBy(branch => branch.FirstAt).ThenBy(branch => branch.BranchId, StringComparer.Ordinal),
            ],
            LatestRequestId = latest.Id,
            LatestModel = latest.Model,
            LatestContextTokens = latest.Input is { } input
                ? (long)input + (latest.CacheCreation ?? 0) + (latest.CacheRead ?? 0)
                : null,
        };
    }

    private static string Text(IEnumerable<ConversationOverview> conversations)
        => string.Join("\n", conversations.Select(conversation => JsonSerializer.Serialize(conversation)));
}
