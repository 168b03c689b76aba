using Nexus.Data.Conversations.Browsing;
using Nexus.Data.Persistence;
using Nexus.Data.Tests.Fixtures;

namespace Nexus.Data.Tests.Conversations.Browsing;

/// <summary>What the server reads for a page, and for a tree.</summary>
public sealed class ConversationPlanTests : BrowsingTest
{
    private static readonly string[] _ofEveryPage = ["branch_totals_pkey", "api_requests_pkey"];
    private static readonly string[] _ofTree = ["idx_requests_conversation"];

    [Test]
    public async Task A_page_reads_its_index_and_its_own_conversations()
    {
        var (requests, limit) = (TestScale.Of(20_000, 400_000), TestScale.Of(21, 101));
        await StoreManyAsync(requests);
        var (time, id) = (new DateTimeOffset(2025, 1, 1, 0, 0, 0, TimeSpan.Zero).AddMinutes(requests * 0.936), Guid.NewGuid());
        var after = new PageCursor("conversations").Read(new PageCursor("conversations").Write(time, id, "train-1"));

        await Assert.MultipleAsync(async () =>
        {
            await ReadsAsync(new(), null, "idx_conversation_totals_last");
            await ReadsAsync(new(), after, "idx_conversation_totals_last");
            await ReadsAsync(new() { TrainId = "train-3" }, null, "idx_conversation_totals_train");
            await ReadsAsync(new() { TrainId = "train-3" }, after, "idx_conversation_totals_train");
            await ReadsAsync(new() { From = time.AddHours(-3), To = time }, null, "idx_conversation_totals_last");
            await ReadsAsync(new() { HasSubtasks = true }, null, "idx_conversation_totals_subtasks");
            await ReadsAsync(new() { HasForks = true }, after, "idx_conversation_totals_forks");
            await ReadsAsync(new() { HasForks = false }, after, "idx_conversation_totals_last");
            await ReadsAsync(new() { AccountId = "acc_4" }, null, "idx_branch_totals_account");
            await ReadsAsync(new() { AccountId = "acc_4" }, after, "idx_branch_totals_account");
            await ReadsAsync(new() { Model = "model-1" }, null, "idx_branch_totals_model");
            await ReadsAsync(new() { Model = "model-1" }, after, "idx_branch_totals_model");
            await ReadsAsync(new() { AccountId = "acc_4", HasForks = false }, after, "idx_branch_totals_account");

            // A table of a few thousand rows may be read from end to end for so few of them.
            if (TestScale.IsFull)
            {
                await ReadsAsync(new() { AccountId = "acc_4", Model = "model-1" }, after, "idx_branch_totals_account");
            }
        });

        async Task ReadsAsync(ConversationFilter filter, PageCursor.Key? after, string index)
        {
            var (sql, parameters) = ConversationStatements.List(filter, after, limit);

            var plan = await Plan.OfAsync(await AdministratorAsync(), sql, parameters);

            TestContext.Out.WriteLine($"{filter}, {(after is null ? "first" : "later")} page: {plan.Buffers} buffers, {plan.Milliseconds} ms");
            Assert.That(plan.ScannedTables, Is.Empty, $"{filter}\n{plan.Text}");
            Assert.That(plan.Indexes, Is.SupersetOf(_ofEveryPage.Append(index)), $"{filter}\n{plan.Text}");

            // Of each conversation its place in the index, some three parts, and one request.
            Assert.That(plan.Buffers, Is.LessThan(40 * limit), $"{filter}\n{plan.Text}");
        }
    }

    [Test]
    public async Task A_tree_reads_the_requests_of_its_conversation()
    {
        await StoreManyAsync(20_000);
        await using var db = OpenContext();
        var id = db.Requests.First().ConversationId;

        var plan = await Plan.OfAsync(
            await AdministratorAsync(), ConversationStatements.Tree(ofTrain: true),
            DbCommands.Uuid("conversation", id), DbCommands.Text("train", "train-1"));

        Assert.That(plan.ScannedTables, Is.Empty, plan.Text);
        Assert.That(plan.Indexes, Is.EqualTo(_ofTree), plan.Text);
        Assert.That(plan.Buffers, Is.LessThan(40), plan.Text);
    }
}
