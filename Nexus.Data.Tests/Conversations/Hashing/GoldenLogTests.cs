using System.Text;
using System.Text.Json;
using Nexus.Data.Conversations.Hashing;

namespace Nexus.Data.Tests.Conversations.Hashing;

/// <summary>The golden log: what hashing finds in each body is what its expected link needs.</summary>
public sealed class GoldenLogTests
{
    private static readonly Lazy<Dictionary<string, JsonElement>> _log = new(() => ReadLog());
    private static readonly Lazy<JsonElement[]> _links = new(ReadLinks);

    [TestCaseSource(nameof(Linked))]
    public void The_compatible_hashes_are_those_of_the_original(JsonElement link)
    {
        var hashes = Hash(link.GetProperty("label").GetString()!);

        var linksByMessages = link.GetProperty("kind").GetString() is not ("subtask" or "continuation");
        Assert.Multiple(() =>
        {
            Assert.That(hashes.CurrentMessageHash, Is.EqualTo(link.GetProperty("currentMessageHash").GetString()));
            Assert.That(hashes.SystemHash, Is.EqualTo(link.GetProperty("systemHash").GetString()));
            if (linksByMessages)
            {
                Assert.That(hashes.ParentMessageHash, Is.EqualTo(link.GetProperty("parentMessageHash").GetString()));
            }
        });
    }

    [TestCaseSource(nameof(Children))]
    public void The_parent_is_a_beginning_of_its_child_at_its_distance(JsonElement link)
    {
        var parent = Hash(link.GetProperty("parent").GetString()!);
        var child = Hash(link.GetProperty("label").GetString()!);

        var prefix = child.Prefixes.Single(prefix => prefix.LinkHash.AsSpan().SequenceEqual(parent.LinkHash));

        Assert.That(prefix.AnswersAfter, Is.EqualTo(link.GetProperty("distance").GetInt32()));
        Assert.That(
            child.StableSystemHash.AsSpan().SequenceEqual(parent.StableSystemHash),
            Is.EqualTo(link.GetProperty("kind").GetString() is not ("system_changed" or "summarization")));
        Assert.That(child.IsSummarizer, Is.EqualTo(link.GetProperty("kind").GetString() == "summarization"));
    }

    [TestCaseSource(nameof(Retries))]
    public void A_retry_has_the_hashes_of_its_first(JsonElement link)
    {
        var first = Hash(link.GetProperty("retryOf").GetString()!);
        var retry = Hash(link.GetProperty("label").GetString()!);

        Assert.That(retry.LinkHash, Is.EqualTo(first.LinkHash));
        Assert.That(retry.StableSystemHash, Is.EqualTo(first.StableSystemHash));
        Assert.That(retry.Model, Is.EqualTo(first.Model));
    }

    [TestCaseSource(nameof(SubTasks))]
    public void A_sub_task_opens_with_a_prompt_of_its_parent_s_answer(JsonElement link)
    {
        var answer = HashAnswer(link.GetProperty("parent").GetString()!);
        var opening = Hash(link.GetProperty("label").GetString()!);

        Assert.That(answer.PromptedTasks.Select(prompt => prompt.PromptHash), Does.Contain(opening.OpeningTextHash));
    }

    [TestCaseSource(nameof(Continuations))]
    public void A_continuation_s_summary_stands_in_its_parent_s_answer(JsonElement link)
    {
        var label = link.GetProperty("parent").GetString()!;
        var answer = Encoding.UTF8.GetBytes(_log.Value[label].GetProperty("response_body").GetRawText());

        var continuation = Hash(link.GetProperty("label").GetString()!).Continuation!;

        Assert.That(HashAnswer(label).SummaryKeys, Does.Contain(continuation.Key));
        Assert.That(SummaryText.StandsIn(continuation.Text, answer));
    }

    [Test]
    public void The_answer_that_follows_tells_sessions_with_one_opening_apart()
    {
        var (first, second) = (HashAnswer("hi-1").AnswerHash, HashAnswer("hi-2").AnswerHash);

        Assert.That(first, Is.Not.EqualTo(second));
        Assert.That(Hash("hi-1-next").Prefixes[0].NextAnswerHash, Is.EqualTo(first));
        Assert.That(Hash("hi-2-next").Prefixes[0].NextAnswerHash, Is.EqualTo(second));
    }

    [Test]
    public void An_empty_summary_continues_nothing() => Assert.That(Hash("empty-summary").Continuation, Is.Null);

    private static IEnumerable<TestCaseData> Linked() => Links(_ => true);

    private static IEnumerable<TestCaseData> Children() => Links(link =>
        link.GetProperty("kind").GetString() is "exact" or "system_changed" or "summarization" or "ancestor");

    private static IEnumerable<TestCaseData> Retries() =>
        Links(link => link.GetProperty("retryOf").ValueKind == JsonValueKind.String);

    private static IEnumerable<TestCaseData> SubTasks() =>
        Links(link => link.GetProperty("kind").GetString() == "subtask");

    private static IEnumerable<TestCaseData> Continuations() =>
        Links(link => link.GetProperty("kind").GetString() == "continuation");

    private static IEnumerable<TestCaseData> Links(Func<JsonElement, bool> wanted) =>
        from link in _links.Value
        where link.GetProperty("linked").GetBoolean() && wanted(link)
        select new TestCaseData(link).SetArgDisplayNames(link.GetProperty("label").GetString()!);

    private static RequestHashes Hash(string label) =>
        RequestHasher.Hash(Encoding.UTF8.GetBytes(_log.Value[label].GetProperty("body").GetRawText()));

    private static AnswerHashes HashAnswer(string label) =>
        AnswerHasher.Hash(Encoding.UTF8.GetBytes(_log.Value[label].GetProperty("response_body").GetRawText()));

    private static Dictionary<string, JsonElement> ReadLog() =>
        File.ReadLines(PathOf("request-log.jsonl"))
            .Select(line => JsonSerializer.Deserialize<JsonElement>(line))
            .ToDictionary(line => line.GetProperty("label").GetString()!);

    private static JsonElement[] ReadLinks() =>
        JsonSerializer.Deserialize<JsonElement[]>(File.ReadAllBytes(PathOf("expected-links.json")))!;

    private static string PathOf(string file) =>
        Path.Combine(TestContext.CurrentContext.TestDirectory, "Golden", file);
}
