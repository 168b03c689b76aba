using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Nexus.Data.Seeding.Traffic;

namespace Nexus.Data.Tests.Seeding;

public sealed class RequestTrafficTests
{
    private static readonly TrafficOptions _options = new() { Seed = 7 };

    [Test]
    public void The_same_seed_gives_the_same_bytes()
    {
        Assert.That(HashOfLog(_options, 2_000), Is.EqualTo(HashOfLog(_options with { }, 2_000)));
    }

    [Test]
    public void Another_seed_or_start_gives_other_bytes()
    {
        var hashes = new[]
        {
            HashOfLog(_options, 200),
            HashOfLog(_options with { Seed = 8 }, 200),
            HashOfLog(_options with { Start = _options.Start.AddMilliseconds(1) }, 200),
        };

        Assert.That(hashes, Is.Unique);
    }

    [Test]
    [SetCulture("tr-TR")]
    public void The_bytes_are_those_that_every_machine_makes()
    {
        var options = new TrafficOptions { Seed = 42, BodyBytes = 2_000, Trains = 3, OpenConversations = 6 };

        var hash = HashOfLog(options, 500);

        Assert.That(hash, Is.EqualTo("02f5bd250240cfaf9202bb98bea9a0fc8661e0ab39c94f9d5010f566b6ec4af7"));
    }

    [Test]
    public void The_start_counts_as_a_moment_whatever_its_offset()
    {
        var elsewhere = _options with { Start = _options.Start.ToOffset(TimeSpan.FromHours(9)) };

        Assert.That(HashOfLog(elsewhere, 50), Is.EqualTo(HashOfLog(_options, 50)));
    }

    [Test]
    public void What_is_read_twice_is_the_same_twice()
    {
        var requests = new RequestTraffic(_options).Generate(100);

        var first = requests.Select(request => request.RequestId).ToList();

        Assert.That(requests.Select(request => request.RequestId), Is.EqualTo(first));
    }

    [Test]
    public void A_longer_log_begins_with_the_shorter_one()
    {
        var longer = LogOf(_options, 300);
        var shorter = LogOf(_options, 200);

        Assert.That(longer.AsSpan(0, shorter.Length).SequenceEqual(shorter), Is.True);
    }

    [Test]
    public void Every_feature_occurs_in_5000_requests()
    {
        var requests = new RequestTraffic(_options).Generate(5_000).ToList();

        var counts = Enum.GetValues<TrafficFeatures>()
            .ToDictionary(feature => feature, feature => requests.Count(request => Shows(request, feature)));

        TestContext.Out.WriteLine(string.Join(Environment.NewLine, counts));
        Assert.That(counts.Where(count => count.Value < 5), Is.Empty);
        Assert.That(requests.Select(request => request.TrainId).Distinct().Count(), Is.EqualTo(_options.Trains));
    }

    [Test]
    public void What_is_switched_off_does_not_occur()
    {
        var calm = Calm() with { NonceRate = 0 };

        var features = new RequestTraffic(calm).Generate(2_000)
            .Aggregate(TrafficFeatures.None, (all, request) => all | request.Features);

        Assert.That(features, Is.EqualTo(TrafficFeatures.Opening));
    }

    [TestCase(1_000)]
    [TestCase(2_000)]
    [TestCase(10_000)]
    [TestCase(60_000)]
    public void Bodies_have_the_wanted_size_on_average(int size)
    {
        var requests = new RequestTraffic(_options with { BodyBytes = size }).Generate(3_000);

        var average = requests.Average(request => request.Body.Length);

        TestContext.Out.WriteLine(average);
        Assert.That(average, Is.EqualTo(size).Within(25).Percent);
    }

    [Test]
    public void Times_ascend_and_an_answer_comes_before_what_follows_from_it()
    {
        var requests = new RequestTraffic(_options).Generate(5_000).ToList();
        var byId = requests.ToDictionary(request => request.RequestId);

        Assert.That(requests[0].Timestamp, Is.EqualTo(_options.Start));
        Assert.That(requests.Select(request => request.Timestamp), Is.Ordered.Ascending);
        Assert.That(requests.Select(request => request.Timestamp), Is.Unique);
        Assert.That(requests.Where(request => request.CompletedAt <= request.Timestamp), Is.Empty);
        Assert.That(requests.Where(request => request.ParentId is { } parent
            && (byId[parent].CompletedAt ?? byId[parent].Timestamp) >= request.Timestamp), Is.Empty);
    }

    [Test]
    public void Requests_share_seconds_where_they_may()
    {
        var requests = new RequestTraffic(_options with { UniqueTimestamps = false }).Generate(1_000).ToList();
        var byId = requests.ToDictionary(request => request.RequestId);

        var times = requests.Select(request => request.Timestamp).ToList();

        Assert.That(times, Is.Ordered.Ascending);
        Assert.That(times.Distinct().Count(), Is.LessThan(900));
        Assert.That(times.Where(time => time.Millisecond != 0), Is.Empty);
        Assert.That(
            requests.Where(request => request.ParentId is { } parent && byId[parent].Timestamp >= request.Timestamp),
            Is.Empty);
    }

    [Test]
    public void What_is_late_is_stored_after_something_that_came_later()
    {
        var requests = new RequestTraffic(_options).Generate(2_000).ToList();

        Assert.Multiple(() =>
        {
            foreach (var request in requests)
            {
                var isLate = Shows(request, TrafficFeatures.StoredLate);
                Assert.That(request.StoreAt > request.Timestamp, Is.EqualTo(isLate));
                Assert.That(request.AnswerStoreAt is null, Is.EqualTo(request.CompletedAt is null));
                Assert.That(
                    request.AnswerStoreAt > request.CompletedAt,
                    Is.EqualTo(isLate || Shows(request, TrafficFeatures.AnsweredLate)));
            }
        });
    }

    [Test]
    public void A_lost_request_is_in_later_bodies_and_not_in_the_log()
    {
        var requests = new RequestTraffic(_options with { LostRate = 0.3, BrokenOffRate = 0 }).Generate(3_000).ToList();
        var byId = requests.ToDictionary(request => request.RequestId);

        var afterLost = requests.Where(request => Shows(request, TrafficFeatures.AfterLost)).ToList();

        Assert.That(afterLost, Has.Count.GreaterThan(200));
        Assert.That(
            afterLost.Where(request => Answers(request) - Answers(byId[request.ParentId!.Value]) < 2), Is.Empty);
    }

    [Test]
    [NonParallelizable]
    public void Memory_does_not_grow_with_the_number_of_requests()
    {
        var options = _options with { BodyBytes = 768 };
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var most = 0L;
        var seen = 0;

        foreach (var _ in new RequestTraffic(options).Generate(200_000))
        {
            if (++seen % 50_000 == 0)
            {
                most = Math.Max(most, GC.GetTotalMemory(forceFullCollection: true) - before);
            }
        }

        TestContext.Out.WriteLine(most);
        Assert.That(seen, Is.EqualTo(200_000));
        Assert.That(most, Is.LessThan(4 << 20));
    }

    [TestCase(0)]
    [TestCase(1)]
    [TestCase(777)]
    public void A_log_has_as_many_lines_as_were_asked_for(int count)
    {
        using var log = new MemoryStream();

        var bytes = new RequestTraffic(_options).ToLines(count, log);

        Assert.That(log.Length, Is.EqualTo(bytes));
        Assert.That(log.ToArray().Count(letter => letter == (byte)'\n'), Is.EqualTo(count));
    }

    [Test]
    public void A_line_says_what_the_request_says()
    {
        foreach (var request in new RequestTraffic(_options).Generate(1_000))
        {
            using var line = new MemoryStream();
            request.WriteLine(line);

            using var json = JsonDocument.Parse(line.ToArray());
            var root = json.RootElement;

            Assert.That(root.GetProperty("request_id").GetGuid(), Is.EqualTo(request.RequestId));
            Assert.That(root.GetProperty("timestamp").GetDateTimeOffset(), Is.EqualTo(request.Timestamp));
            Assert.That(root.GetProperty("train_id").GetString(), Is.EqualTo(request.TrainId));
            Assert.That(
                root.GetProperty("body").GetRawText(), Is.EqualTo(Encoding.UTF8.GetString(request.Body)));
            Assert.That(
                root.GetProperty("response_status").ValueKind is JsonValueKind.Null,
                Is.EqualTo(request.ResponseStatus is null));
            Assert.That(
                root.GetProperty("response_body").ValueKind is JsonValueKind.Null,
                Is.EqualTo(request.ResponseBody is null));
            DateTimeOffset? completedAt =
                root.TryGetProperty("completed_at", out var time) ? time.GetDateTimeOffset() : null;
            Assert.That(completedAt, Is.EqualTo(request.CompletedAt));
        }
    }

    [Test]
    public void Names_in_a_line_are_those_of_columns()
    {
        var schema = Path.Combine(TestContext.CurrentContext.TestDirectory, "Migrations", "Schema", "014.txt");
        var columns = File.ReadLines(schema)
            .Where(line => line.StartsWith("column api_requests.", StringComparison.Ordinal))
            .Select(line => line["column api_requests.".Length..].Split(' ')[0]);

        using var line = JsonDocument.Parse(LogOf(_options, 1));
        var names = line.RootElement.EnumerateObject().Select(member => member.Name);

        Assert.That(names, Is.SubsetOf(columns));
    }

    [Test]
    public void Identifiers_are_of_version_7_and_tell_the_time()
    {
        foreach (var request in new RequestTraffic(_options).Generate(200))
        {
            var bytes = request.RequestId.ToByteArray(bigEndian: true);
            var time = Convert.ToInt64(Convert.ToHexString(bytes, 0, 6), 16);

            Assert.That(request.RequestId.Version, Is.EqualTo(7));
            Assert.That(request.RequestId.Variant, Is.InRange(8, 11));
            Assert.That(time, Is.EqualTo(request.Timestamp.ToUnixTimeMilliseconds()));
        }
    }

    [TestCase(7, null)]
    [TestCase(8, 1_000)]
    [TestCase(9, 4_000)]
    public void The_rules_of_linking_find_the_truth(int seed, int? size)
    {
        var options = _options with
        {
            Seed = seed,
            BodyBytes = size,
            ForkRate = 0.1,
            RetryRate = 0.1,
            LostRate = 0.05,
            BrokenOffRate = 0.05,
            ContinuationRate = 0.05,
            SubtaskRate = 0.1,
            SameOpeningRate = 0.3,
            HelperRate = 0.3,
            Trains = 2,
        };

        Assert.That(Mistakes(new RequestTraffic(options).Generate(8_000)), Is.Empty);
    }

    [Test]
    public void An_answer_is_in_the_body_of_what_follows_from_it()
    {
        var byId = new Dictionary<Guid, TrafficRequest>();
        var compared = 0;

        foreach (var request in new RequestTraffic(_options).Generate(3_000))
        {
            byId[request.RequestId] = request;
            if (request.ParentId is not { } parentId
                || byId[parentId] is not { ResponseStatus: 200, ResponseBody: { } response }
                || (request.Features & (TrafficFeatures.Subtask | TrafficFeatures.Continuation)) != 0)
            {
                continue;
            }

            using var answer = JsonDocument.Parse(response);
            var body = Encoding.UTF8.GetString(request.Body);
            var blocks = answer.RootElement.GetProperty("content").EnumerateArray()
                .Where(block => block.GetProperty("type").GetString() != "thinking")
                .Select(block => block.GetRawText());

            Assert.That(blocks.Where(block => !body.Contains(block, StringComparison.Ordinal)), Is.Empty);
            compared++;
        }

        Assert.That(compared, Is.GreaterThan(2_000));
    }

    [Test]
    public void A_retry_sends_the_bytes_of_the_first_attempt()
    {
        var requests = new RequestTraffic(_options with { RetryRate = 0.3 }).Generate(2_000).ToList();
        var byId = requests.ToDictionary(request => request.RequestId);

        var retries = requests.Where(request => request.RetryOf is not null).ToList();

        Assert.That(retries, Has.Count.GreaterThan(200));
        Assert.That(retries.Where(retry => !retry.Features.HasFlag(TrafficFeatures.Retry)), Is.Empty);
        Assert.That(retries.Where(retry => !HasBodyOf(retry, byId[retry.RetryOf!.Value])), Is.Empty);
    }

    [Test]
    public void Longer_pauses_spread_the_same_traffic_over_more_time()
    {
        var slow = new RequestTraffic(_options with { LongestPause = TimeSpan.FromDays(1) }).Generate(1_000).ToList();

        Assert.That(slow[^1].Timestamp - slow[0].Timestamp, Is.GreaterThan(TimeSpan.FromDays(5)));
        Assert.That(Mistakes(slow), Is.Empty);
    }

    [Test]
    public void An_option_out_of_range_is_named()
    {
        Assert.Multiple(() =>
        {
            Assert.That(
                () => new RequestTraffic(_options with { ForkRate = double.NaN }),
                Throws.InstanceOf<ArgumentOutOfRangeException>().With.Property("ParamName").EqualTo("ForkRate"));
            Assert.That(
                () => new RequestTraffic(_options with { BodyBytes = 10 }),
                Throws.InstanceOf<ArgumentOutOfRangeException>().With.Property("ParamName").EqualTo("BodyBytes"));
        });
    }

    private static List<string> Mistakes(IEnumerable<TrafficRequest> requests)
    {
        var linker = new ReferenceLinker();
        var keys = new Dictionary<Guid, int>();
        var conversations = new Dictionary<int, Guid>();
        var mistakes = new List<string>();
        foreach (var request in requests.Where(request => request.TakesPart))
        {
            var linked = linker.Link(request);
            keys.TryAdd(linked.Conversation, request.ConversationKey);
            conversations.TryAdd(request.ConversationKey, linked.Conversation);
            if (keys[linked.Conversation] != request.ConversationKey
                || conversations[request.ConversationKey] != linked.Conversation
                || linked.Parent != request.ParentId
                || linked.RetryOf != request.RetryOf)
            {
                mistakes.Add($"{request.RequestId} {request.Features}: parent {linked.Parent} for {request.ParentId}, "
                    + $"retry of {linked.RetryOf} for {request.RetryOf}");
            }
        }

        return mistakes;
    }

    private static TrafficOptions Calm() => new()
    {
        ForkRate = 0,
        SubtaskRate = 0,
        ContinuationRate = 0,
        RetryRate = 0,
        NonceRate = 0,
        GitStatusRate = 0,
        ReminderRate = 0,
        SystemMessageRate = 0,
        ThinkingRate = 0,
        ToolRate = 0,
        LostRate = 0,
        LateRate = 0,
        BrokenOffRate = 0,
        SystemChangedRate = 0,
        SameOpeningRate = 0,
        HelperRate = 0,
        TokenCountRate = 0,
        QuotaRate = 0,
    };

    private static bool Shows(TrafficRequest request, TrafficFeatures feature) =>
        feature == TrafficFeatures.None ? request.Features == feature : request.Features.HasFlag(feature);

    private static bool HasBodyOf(TrafficRequest request, TrafficRequest other) =>
        request.Body.AsSpan().SequenceEqual(other.Body);

    private static int Answers(TrafficRequest request)
    {
        using var body = JsonDocument.Parse(request.Body);
        return body.RootElement.GetProperty("messages").EnumerateArray()
            .Count(message => message.GetProperty("role").GetString() == "assistant");
    }

    private static byte[] LogOf(TrafficOptions options, int count)
    {
        using var log = new MemoryStream();
        new RequestTraffic(options).ToLines(count, log);
        return log.ToArray();
    }

    private static string HashOfLog(TrafficOptions options, int count) =>
        Convert.ToHexStringLower(SHA256.HashData(LogOf(options, count)));
}
