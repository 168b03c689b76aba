using Nexus.Data.Conversations.Browsing;
using Nexus.Data.Tests.Fixtures;

namespace Nexus.Data.Tests.Conversations.Browsing;

/// <summary>What the server reads for a page, and for a tree.</summary>
public sealed class ConversationPlanTests : BrowsingTest
{
    private static readonly string[] _ofEveryPage = ["branch_totals_pkey", "api_requests_pkey"];
    private static readonly string[] _ofTree = ["idx_requests_conversation"];

    // In each request, in few, in none together though each is rare, or though each is frequent, in none.
    private static readonly string[] _searches = ["word", "word7", "word7 word8", "odd even", "nobody"];

    [Test]
    public async Task A_page_reads_its_index_and_its_own_conversations()
    {
        var (requests, limit) = (TestScale.Of(20_000, 400_000), TestScale.Of(20, 100));
        await StoreManyAsync(requests);
        var (time, id) = (new DateTimeOffset(2025, 1, 1, 0, 0, 0, TimeSpan.Zero).AddMinutes(requests * 0.936), Guid.NewGuid());

        await Assert.MultipleAsync(async () =>
        {
            await ReadsAsync(new(), isLater: false, "idx_conversation_totals_last");
            await ReadsAsync(new(), isLater: true, "idx_conversation_totals_last");
            await ReadsAsync(new() { TrainId = "train-3" }, isLater: false, "idx_conversation_totals_train");
            await ReadsAsync(new() { TrainId = "train-3" }, isLater: true, "idx_conversation_totals_train");
            await ReadsAsync(new() { From = time.AddHours(-3), To = time }, isLater: false, "idx_conversation_totals_last");
            await ReadsAsync(new() { HasSubtasks = true }, isLater: false, "idx_conversation_totals_subtasks");
            await ReadsAsync(new() { HasForks = true }, isLater: true, "idx_conversation_totals_forks");
            await ReadsAsync(new() { HasForks = false }, isLater: true, "idx_conversation_totals_last");
            await ReadsAsync(new() { AccountId = "acc_4" }, isLater: false, "idx_branch_totals_account");
            await ReadsAsync(new() { AccountId = "acc_4" }, isLater: true, "idx_branch_totals_account");
            await ReadsAsync(new() { Model = "model-1" }, isLater: false, "idx_branch_totals_model");
            await ReadsAsync(new() { Model = "model-1" }, isLater: true, "idx_branch_totals_model");
            await ReadsAsync(
                new() { TrainId = "train-4", AccountId = "acc_4" }, isLater: false, "idx_branch_totals_train_account");
            await ReadsAsync(new() { TrainId = "train-3", Model = "model-1" }, isLater: true, "idx_branch_totals_train_model");

            // All parts of an account may be read where they are as few as here.
            if (TestScale.IsFull)
            {
                await ReadsAsync(new() { AccountId = "acc_4", HasForks = false }, isLater: true, "idx_branch_totals_account");
                await ReadsAsync(new() { AccountId = "acc_4", Model = "model-1" }, isLater: true, "idx_branch_totals_account");
            }
        });

        async Task ReadsAsync(ConversationFilter filter, bool isLater, string index)
        {
            var after = isLater ? ConversationQueries.PlaceOf(filter).Write(time, id, "train-1") : null;
            var plans = await QueryPlans.OfAsync(
                await AdministratorAsync(), db => Queries.In(db).ListAsync(filter, after, limit));

            TestContext.Out.WriteLine($"{filter}, {(isLater ? "later" : "first")} page: {plans.Buffers} pages");
            Assert.That(plans.Statements, Is.EqualTo(1));
            Assert.That(plans.Scanned, Is.Empty, $"{filter}\n{plans.All}");
            Assert.That(plans.Indexes, Is.SupersetOf(_ofEveryPage.Append(index)), $"{filter}\n{plans.All}");

            // Of each conversation its place in the index, some three parts, and one request.
            Assert.That(plans.Buffers, Is.LessThan(40 * (limit + 1)), $"{filter}\n{plans.All}");
        }
    }

    [Test]
    public async Task A_search_reads_the_words_index_and_its_hits()
    {
        await StoreManyAsync(TestScale.Of(20_000, 400_000));
        await Assert.MultipleAsync(async () =>
        {
            foreach (var words in _searches)
            {
                await ReadsAsync(words, queries => queries.SearchAsync(words, limit: 20));
                await ReadsAsync(words, queries => queries.SearchAsync(words, new() { TrainId = "train-3" }, limit: 20));
                await ReadsAsync(words, queries => queries.ListAsync(new() { Text = words }, limit: 20));
            }
        });

        async Task ReadsAsync(string words, Func<ConversationQueries, Task> ask)
        {
            var plans = await QueryPlans.OfAsync(await AdministratorAsync(), db => ask(Queries.In(db)));

            TestContext.Out.WriteLine($"{words}: {plans.Buffers} pages");
            Assert.That(plans.Scanned, Is.Empty, plans.All);
            Assert.That(plans.Indexes, Does.Contain("idx_request_words_words"), plans.All);
            Assert.That(plans.Buffers, Is.LessThan(1_000), plans.All);
        }
    }

    [Test]
    public async Task A_tree_reads_the_requests_of_its_conversation()
    {
        await StoreManyAsync(20_000);
        await using var db = OpenContext();
        var id = db.Requests.First().ConversationId;

        var plans = await QueryPlans.OfAsync(
            await AdministratorAsync(), db => Queries.In(db).GetAsync(id!.Value, "train-1"));

        Assert.That(plans.Scanned, Is.Empty, plans.All);
        Assert.That(plans.Indexes, Is.EqualTo(_ofTree), plans.All);
        Assert.That(plans.Buffers, Is.LessThan(40), plans.All);
    }
}
