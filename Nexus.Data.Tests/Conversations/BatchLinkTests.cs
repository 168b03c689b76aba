namespace Nexus.Data.Tests.Conversations;

/// <summary>Requests that are stored together are linked as they are one by one.</summary>
public sealed class BatchLinkTests : LinkingTest
{
    [TestCase(1)]
    [TestCase(2)]
    [TestCase(4)]
    public async Task A_request_and_its_retry_count_as_one_whatever_is_stored_together(int together)
    {
        await StoreAsync(Bodies.Request(0, "a").Answered("b"));
        var request = Bodies.Request(1, "a", "b", "c").Answered("d");
        var retry = Bodies.Request(2, "a", "b", "c").Answered("e");
        var first = Bodies.Request(3, "a", "b", "c", "e", "f").Answered("g");
        var second = Bodies.Request(4, "a", "b", "c", "d", "h").Answered("i");
        foreach (var stored in new[] { request, retry, first, second }.Chunk(together))
        {
            await StoreAsync(stored);
        }

        Assert.Multiple(async () =>
        {
            Assert.That((await ReadAsync(retry)).RetryOfRequestId, Is.EqualTo(request.RequestId));
            Assert.That((await ReadAsync(first)).ParentRequestId, Is.EqualTo(retry.RequestId));
            Assert.That((await ReadAsync(second)).ParentRequestId, Is.EqualTo(request.RequestId));
            Assert.That((await ReadAsync(first)).BranchId, Is.EqualTo("main"));
            Assert.That((await ReadAsync(second)).BranchId, Is.EqualTo("branch_20250301120400"));
        });
    }

    [Test]
    public async Task A_retry_that_is_not_saved_yet_goes_on_a_branch_that_is_taken()
    {
        await StoreAsync(Bodies.Request(0, "a").Answered("b"));
        var request = Bodies.Request(1, "a", "b", "c").Answered("d");
        var first = Bodies.Request(3, "a", "b", "c", "d", "f").Answered("g");
        await StoreAsync(request, first);
        var retry = Bodies.Request(4, "a", "b", "c").Answered("e");
        var second = Bodies.Request(5, "a", "b", "c", "e", "h");

        await StoreAsync(retry, second);

        Assert.Multiple(async () =>
        {
            Assert.That((await ReadAsync(first)).BranchId, Is.EqualTo("main"));
            Assert.That((await ReadAsync(second)).ParentRequestId, Is.EqualTo(retry.RequestId));
            Assert.That((await ReadAsync(second)).BranchId, Is.EqualTo("branch_20250301120500"));
        });
    }
}
