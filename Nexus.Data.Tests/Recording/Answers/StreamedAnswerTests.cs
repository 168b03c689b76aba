using System.Text;
using System.Text.Json;
using Nexus.Data.Recording.Answers;

namespace Nexus.Data.Tests.Recording.Answers;

public sealed class StreamedAnswerTests
{
    private const string Start = """{"type":"message_start","message":{"id":"m","content":[],"usage":{"input_tokens":1,"output_tokens":2}}}""";
    private const string TextBlock = """{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}""";
    private const string Stop = """{"type":"message_stop"}""";

    [Test]
    public void Without_a_start_there_is_no_body_but_usage_and_error_are_told()
    {
        var answer = Answers.Stream(
            """{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":9}}""",
            """{"type":"error","error":{"type":"api_error","message":"Broken"}}""",
            Stop);

        Assert.Multiple(() =>
        {
            Assert.That(answer.Body, Is.Null);
            Assert.That(answer.Facts.OutputTokens, Is.EqualTo(9));
            Assert.That(answer.Error, Is.EqualTo("api_error: Broken"));
            Assert.That(answer.IsComplete, Is.False);
        });
    }

    [Test]
    public void Events_in_any_order_and_again_are_the_same_answer()
    {
        var events = Answers.Events(Start, TextBlock, Text("a"), Text("b"), Text("c"), Stop);

        var answer = StreamedAnswer.Of([events[3], events[5], events[0], events[3], events[4], events[2], events[1], events[4]]);

        Assert.That(Answers.Text(answer), Is.EqualTo(Answers.Text(StreamedAnswer.Of(events))).And.Contains("\"abc\""));
        Assert.That(answer.IsComplete);
    }

    [Test]
    public void Unreadable_events_are_counted_and_passed_over()
    {
        var answer = Answers.Stream(
            Start, "", "{", TextBlock, "7", "null", "[]", "{}", """{"type":7}""", Text("a"), """{"type":"content_block_delta"}""",
            """{"type":"content_block_delta","index":9,"delta":{"type":"text_del""", """{"type":"message_start","message":7}""",
            """{"type":"content_block_delta","index":"0","delta":[]}""", """{"type":"message_delta","usage":[],"delta":null}""",
            """{"type":"content_block_stop","index":77}""", Stop, " [DONE] ");

        Assert.That(answer.UnreadableEvents, Is.EqualTo(3));
        Assert.That(answer.IsComplete);
        Assert.That(Content(answer), Is.EqualTo("""[{"type":"text","text":"a"}]"""));
    }

    [Test]
    public void An_empty_text_block_is_left_out_unless_it_has_more()
    {
        const string empty = """{"type":"content_block_start","content_block":{"type":"text","text":""}}""";
        const string cites = """{"type":"content_block_delta","delta":{"type":"citations_delta","citation":{"a":1}}}""";

        var answer = Answers.Stream(Start, empty, empty, cites, empty);

        Assert.That(Content(answer), Is.EqualTo("""[{"type":"text","text":"","citations":[{"a":1}]}]"""));
    }

    [Test]
    public void An_answer_with_an_error_is_not_complete_whatever_follows()
    {
        var answer = Answers.Stream(Start, """{"type":"error","error":{"type":"api_error"}}""", TextBlock, Text("late"), Stop);

        Assert.That((answer.IsComplete, answer.Error), Is.EqualTo((false, "api_error")));
        Assert.That(Content(answer), Is.EqualTo("""[{"type":"text","text":"late"}]"""));
    }

    [Test]
    public void A_second_start_is_another_try()
    {
        var answer = Answers.Stream(
            Start, TextBlock, Text("lost"), """{"type":"error","error":{"type":"overloaded_error"}}""",
            """{"type":"message_start","message":{"id":"n","usage":{"input_tokens":5}}}""", TextBlock, Text("kept"), Stop);

        Assert.That(Answers.Text(answer), Is.EqualTo(
            """{"id":"n","usage":{"input_tokens":5},"content":[{"type":"text","text":"kept"}]}"""));
        Assert.That((answer.IsComplete, answer.Error), Is.EqualTo((true, (string?)null)));
    }

    [Test]
    public void A_block_whose_start_is_missing_is_told_by_its_deltas()
    {
        var answer = Answers.Stream(
            Start, Text("a"), """{"type":"content_block_delta","index":1,"delta":{"type":"thinking_delta","thinking":"b"}}""",
            """{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"c\":1}"}}""",
            """{"type":"content_block_delta","index":3,"delta":{"type":"mystery_delta","d":1}}""");

        Assert.That(Content(answer), Is.EqualTo(
            """[{"type":"text","text":"a"},{"type":"thinking","thinking":"b"},{"type":"tool_use","input":{"c":1}}]"""));
    }

    [Test]
    public void Blocks_that_share_an_index_are_all_kept()
    {
        var answer = Answers.Stream(Start, TextBlock, Text("a"), TextBlock, Text("b"));

        Assert.That(Content(answer), Is.EqualTo("""[{"type":"text","text":"a"},{"type":"text","text":"b"}]"""));
    }

    [Test]
    public void A_pair_of_surrogates_may_be_parted_and_one_alone_stays()
    {
        var body = Answers.Block(
            """{"type":"text","text":""}""", """{"type":"text_delta","text":"\ud83d"}""",
            """{"type":"text_delta","text":"\ude82 \ud800"}""", """{"type":"text_delta","text":"\u0000é"}""");

        Assert.That(body, Is.EqualTo("""{"content":[{"type":"text","text":"\ud83d\ude82 \ud800\u0000é"}]}"""));
    }

    [TestCase("""{"type":"tool_use","input":{}}""", "", ExpectedResult = "{}")]
    [TestCase("""{"type":"tool_use","input":{"a":1}}""", " ", ExpectedResult = """{"a":1}""")]
    [TestCase("""{"type":"tool_use"}""", "", ExpectedResult = "{}")]
    [TestCase("""{"type":"tool_use","input":{}}""", """{\"a\": 1.0}""", ExpectedResult = """{"a": 1.0}""")]
    [TestCase("""{"type":"tool_use","input":{}}""", """{\"a\":\"\ud800\"}""", ExpectedResult = """{"a":"\ud800"}""")]
    [TestCase("""{"type":"tool_use","input":{}}""", """{\"a\":\"\u0000\"}""", ExpectedResult = """{"_raw":"{\"a\":\"\u0000\"}"}""")]
    [TestCase("""{"type":"tool_use","input":{}}""", """{\"a\":\"x""", ExpectedResult = """{"_raw":"{\"a\":\"x"}""")]
    [TestCase("""{"type":"server_tool_use","input":{}}""", """{}{}""", ExpectedResult = """{"_raw":"{}{}"}""")]
    public string An_input_is_the_JSON_of_its_deltas(string start, string partial)
    {
        var body = Answers.Block(start, $$"""{"type":"input_json_delta","partial_json":"{{partial}}"}""");

        using var json = JsonDocument.Parse(body);
        return json.RootElement.GetProperty("content")[0].GetProperty("input").GetRawText();
    }

    [TestCase("""{"type":"new","a":"x","b":null}""", """{"type":"new","a":"xyz","b":[2],"c":"w"}""")]
    public void Deltas_that_are_not_known_are_kept(string start, string expected)
    {
        var body = Answers.Block(
            start, """{"type":"new_delta","a":"y","b":[1]}""", """{"type":"new_delta","a":"z","b":[2],"c":"w"}""",
            """{"type":"new_delta","a":null,"b":null}""");

        Assert.That(body, Is.EqualTo($$"""{"content":[{{expected}}]}"""));
    }

    [Test]
    public void The_last_signature_counts()
    {
        var body = Answers.Block(
            """{"type":"thinking","thinking":"","signature":""}""", """{"type":"signature_delta","signature":"a"}""",
            """{"type":"signature_delta","signature":"b"}""");

        Assert.That(body, Does.EndWith("\"signature\":\"b\"}]}"));
    }

    [Test]
    public void Null_takes_nothing_away()
    {
        var answer = Answers.Stream(
            """{"type":"message_start","message":{"container":{"id":1},"usage":{"input_tokens":4,"cache_read_input_tokens":null}}}""",
            """{"type":"message_delta","delta":{"container":null,"stop_sequence":null,"usage":{"output_tokens":3}},"usage":{"input_tokens":null,"iterations":[]}}""");

        Assert.That(Answers.Text(answer), Is.EqualTo(
            """{"container":{"id":1},"usage":{"input_tokens":4,"cache_read_input_tokens":null,"output_tokens":3,"iterations":[]},"stop_sequence":null,"content":[]}"""));
    }

    [TestCase("""{"type":"message_delta","usage":{"output_tokens":7}}""", 7)]
    [TestCase(Start, 2)]
    [TestCase("""{"choices":[],"usage":{"completion_tokens":8}}""", 8)]
    [TestCase("""{"type":"message_delta","usage":{"output_tokens":null}}""", 0)]
    [TestCase("""{"type":"ping"}""", 0)]
    [TestCase("""{"message":"text"}""", 0)]
    [TestCase("{", 0)]
    public void An_event_tells_the_tokens_it_reports(string json, int expected) =>
        Assert.That(StreamedAnswer.OutputTokensOf(Answers.Events(json)[0]), Is.EqualTo(expected));

    [Test]
    public void Of_another_providers_chunks_usage_model_and_id_are_told()
    {
        var answer = Answers.Stream(
            """{"id":"c1","model":"gpt","choices":[{"delta":{"content":"Hi"}}],"usage":null}""",
            """{"id":"c1","model":"gpt","choices":[],"usage":{"prompt_tokens":4,"completion_tokens":2}}""", "[DONE]");

        Assert.Multiple(() =>
        {
            Assert.That(answer.Body, Is.Null);
            Assert.That(
                (answer.Facts.InputTokens, answer.Facts.OutputTokens, answer.Facts.Model, answer.Facts.MessageId),
                Is.EqualTo((4, 2, "gpt", "c1")));
            Assert.That(answer.UnreadableEvents, Is.Zero);
        });
    }

    [Test]
    public void Depth_needs_no_stack()
    {
        var deep = string.Concat(Enumerable.Repeat("[", 100_000)) + string.Concat(Enumerable.Repeat("]", 100_000));

        var body = Answers.Block(
            """{"type":"tool_use","input":{}}""",
            deep.Chunk(997).Select(part => $$"""{"type":"input_json_delta","partial_json":"{{new string(part)}}"}"""));

        Assert.That(body, Is.EqualTo($$$"""{"content":[{"type":"tool_use","input":{{{deep}}}}]}"""));
    }

    [TestCase("text", "text_delta", "text")]
    [TestCase("tool_use", "input_json_delta", "partial_json")]
    public void A_large_answer_takes_no_more_than_its_share(string kind, string type, string member)
    {
        var piece = string.Concat(Enumerable.Repeat("""\"abc\" \\n é 0123456789 """, 4));
        var deltas = Enumerable.Range(0, 100_000).Select(index =>
            $$$"""{"type":"content_block_delta","index":0,"delta":{"type":"{{{type}}}","{{{member}}}":"{{{piece}}}"}}""");
        var block = TextBlock.Replace("\"text\",\"text\"", $"\"{kind}\",\"{member}\"", StringComparison.Ordinal);
        var events = Answers.Events([Start, block, .. deltas, Stop]);

        // Memory tells what time on a busy machine does not: whether what came is copied again with each event.
        var before = GC.GetAllocatedBytesForCurrentThread();
        var answer = StreamedAnswer.Of(events);
        var pieces = StreamPieces.Of(events);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.That(allocated, Is.LessThan(100 * events.Sum(item => (long)item.Data.Length)));
        Assert.That(answer.Body!.Value.Length, Is.GreaterThan(100_000L * Encoding.UTF8.GetByteCount(piece)));
        Assert.That(pieces.Single(), Has.Count.EqualTo(100_000));
    }

    private static string Text(string text) =>
        $$$"""{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"{{{text}}}"}}""";

    private static string Content(StreamedAnswer answer)
    {
        using var json = JsonDocument.Parse(answer.Body!.Value);
        return json.RootElement.GetProperty("content").GetRawText();
    }
}
