using Nexus.Data.Conversations.Searching;
using Nexus.Data.Recording;
using Nexus.Data.Tests.Fixtures;
using Nexus.Data.Tests.Recording;
using Nexus.Data.Totals;
using NUnit.Framework.Constraints;

namespace Nexus.Data.Tests.Conversations.Browsing;

/// <summary>Requests that are found by what is said in them.</summary>
[Category("ServerVersions")]
public sealed class SearchTests : BrowsingTest
{
    [Test]
    public async Task Pages_of_any_search_are_the_requests_that_say_it()
    {
        var random = new Random(1_912);
        for (var set = 0; set < TestScale.Of(10, 50); set++)
        {
            var requests = BrowsedRequest.Random(set, random.Next(40, 400));
            await StoreAsync(requests);
            for (var searches = 0; searches < 6; searches++)
            {
                var (one, other) = (Word(), Word());
                var (words, expected) = random.Next(4) switch
                {
                    0 => ($"{one} {other}", Where(request => request.Says(one) && request.Says(other))),
                    1 => ($"{one} or {other}", Where(request => request.Says(one) || request.Says(other))),
                    2 => ($"{one} -{other}", Where(request => request.Says(one) && !request.Says(other))),
                    _ => (one.ToUpperInvariant(), Where(request => request.Says(one))),
                };
                var some = requests[random.Next(requests.Count)];
                var filter = new SearchFilter
                {
                    TrainId = random.Next(3) == 0 ? some.Train : null,
                    From = random.Next(4) == 0 ? some.Timestamp : null,
                    To = random.Next(4) == 0 ? some.Timestamp.AddMinutes(random.Next(100)) : null,
                };

                var found = await AllAsync(words, filter, random.Next(1, 30));

                Assert.That(
                    found.Select(hit => (hit.RequestId, hit.TrainId, hit.ConversationId, hit.Timestamp, hit.Model)),
                    Is.EqualTo(
                        from request in expected
                        where (filter.TrainId is null || request.Train == filter.TrainId)
                            && !(request.Timestamp < filter.From) && !(request.Timestamp >= filter.To)
                        orderby request.Timestamp descending, request.Id descending
                        select (request.Id, request.Train, request.Conversation, request.Timestamp, request.Model)),
                    $"{set}: {words}, {filter}");
            }

            IEnumerable<BrowsedRequest> Where(Func<BrowsedRequest, bool> says) => requests.Where(says);
        }

        string Word() => BrowsedRequest.Vocabulary[random.Next(BrowsedRequest.Vocabulary.Length)];
    }

    [Test]
    public async Task A_request_is_found_at_once_and_its_answer_when_it_came()
    {
        var recorder = Service<RequestRecorder>();
        var request = Bodies.Request(0, "Where is the funicular?");
        await recorder.RecordAsync(Calls.Of(request));
        var before = (await Queries.SearchAsync("cogwheel")).Items;
        Assert.That(Excerpt(await OneAsync("funicular")), Is.EqualTo("Where is the [funicular]"));

        request.Answered("It climbs by a cogwheel, behind the station.");
        await recorder.CompleteAsync(request.RequestId, Calls.AnswerOf(request));

        Assert.That(before, Is.Empty);
        Assert.That(Excerpt(await OneAsync("cogwheel")), Does.Contain("by a [cogwheel], behind the station"));
        Assert.That((await OneAsync("funicular cogwheel")).RequestId, Is.EqualTo(request.RequestId));
    }

    [Test]
    public async Task What_a_host_saves_and_removes_is_found_and_is_not()
    {
        await using var db = OpenContext();
        var request = Bodies.Request(0, "A narrow gauge.");
        db.Add(request);
        await db.SaveChangesAsync();
        Assert.That((await Queries.SearchAsync("gauge")).Items, Has.Count.EqualTo(1));

        request.Answered("A rack railway.");
        await db.SaveChangesAsync();
        Assert.That((await Queries.SearchAsync("\"rack railway\" gauge")).Items, Has.Count.EqualTo(1));

        db.Remove(request);
        await db.SaveChangesAsync();
        Assert.That((await Queries.SearchAsync("gauge")).Items, Is.Empty);
        Assert.That(await TotalsAsync(), Is.EqualTo(new TotalsReport(0, 0, 0)));
    }

    [Test]
    public async Task What_another_program_wrote_is_found_after_repair()
    {
        await StoreAsync(Request("A viaduct."), Request("A viaduct of brick."), Request(null));
        await AdministerAsync(
            """
            DELETE FROM request_words WHERE request_id IN (SELECT request_id FROM request_words LIMIT 1);
            INSERT INTO request_words SELECT gen_random_uuid(), train_id, "timestamp", words FROM request_words;
            """);

        var wrong = await TotalsAsync();
        var hits = await Queries.SearchAsync("viaduct", limit: 100);
        var mended = await Service<TotalsRepair>().RepairAsync();

        Assert.That((wrong.Words, mended.Words), Is.EqualTo((2L, 2L)));
        Assert.That(hits.Items, Has.Count.EqualTo(1), "A hit of a request that is gone is none.");
        Assert.That((await Queries.SearchAsync("viaduct")).Items, Has.Count.EqualTo(2));
        Assert.That((await Queries.SearchAsync("brick")).Items, Has.Count.EqualTo(1));
    }

    [TestCase("?!", "no word in '?!'")]
    [TestCase("  ", "must not be empty")]
    [TestCase("a\0b", "U+0000")]
    public async Task What_has_no_word_is_refused(string words, string message)
    {
        await StoreAsync(Request("A word."));

        Assert.That(() => Queries.SearchAsync(words), Refused(message));
        if (words.Trim().Length > 0)
        {
            Assert.That(() => Queries.ListAsync(new() { Text = words }), Refused(message));
        }
    }

    [Test]
    public async Task An_empty_text_of_a_list_is_none()
    {
        await StoreAsync(Request("A word.") with { Conversation = Guid.NewGuid() });

        Assert.That((await Queries.ListAsync(new() { Text = " " })).Items, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task A_cursor_of_another_search_is_refused()
    {
        await StoreAsync(Request("A word."), Request("Another word."));
        var page = await Queries.SearchAsync("word", limit: 1);

        Assert.That(() => Queries.SearchAsync("another", cursor: page.Next), Refused("other filters"));
        Assert.That(
            () => Queries.SearchAsync("word", new() { From = DateTimeOffset.MaxValue, To = DateTimeOffset.MinValue }),
            Refused("before it begins"));
    }

    [TestCase(0)]
    [TestCase(101)]
    public void A_page_has_between_one_and_a_hundred(int limit)
        => Assert.That(() => Queries.SearchAsync("word", limit: limit), Throws.InstanceOf<ArgumentOutOfRangeException>());

    [Test]
    public async Task Marks_in_a_text_do_not_mark()
    {
        await StoreAsync(Request("\u0002not\u0003 a < signal & \"quoted\""));

        var hit = await OneAsync("signal");

        Assert.That(hit.Excerpt.Single(part => part.IsMatch).Text, Is.EqualTo("signal"));
        Assert.That(Excerpt(hit), Is.EqualTo("[signal] & \"quoted"));
    }

    private static EqualConstraint<NexusDataErrorKind> Refused(string message)
        => Throws.InstanceOf<NexusDataException>().With.Message.Contains(message)
            .And.Property(nameof(NexusDataException.Kind)).EqualTo(NexusDataErrorKind.Validation);

    private static BrowsedRequest Request(string? said)
        => new() { Id = Guid.NewGuid(), Train = Bodies.Train, Timestamp = Bodies.Noon, Said = said };

    private static string Excerpt(SearchHit hit)
        => string.Concat(hit.Excerpt.Select(part => part.IsMatch ? $"[{part.Text}]" : part.Text));

    private Task<TotalsReport> TotalsAsync() => Service<TotalsRepair>().VerifyAsync();

    private async Task<SearchHit> OneAsync(string words) => (await Queries.SearchAsync(words)).Items.Single();

    private async Task<List<SearchHit>> AllAsync(string words, SearchFilter filter, int limit)
    {
        var all = new List<SearchHit>();
        string? next = null;
        do
        {
            var page = await Queries.SearchAsync(words, filter, next, limit);
            Assert.That(page.Items, Has.Count.EqualTo(limit).Or.Count.LessThan(page.Next is null ? limit : 0));
            all.AddRange(page.Items);
            next = page.Next;
        }
        while (next is not null);

        return all;
    }
}
