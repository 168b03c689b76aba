using System.Text;
using System.Text.Json;
using Nexus.Data.Recording.Answers;

namespace Nexus.Data.Tests.Recording.Answers;

public sealed class StreamPiecesTests
{
    [Test]
    public void Pieces_are_those_of_each_block_in_their_order()
    {
        var events = Answers.Events(
            """{"type":"message_start","message":{"text":"no"}}""",
            """{"type":"content_block_start","index":0,"content_block":{"type":"text","text":"a\ud83d"}}""",
            """{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","input":{}}}""",
            """{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"k\":\"sk-"}}""",
            """{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"\ude82b"}}""",
            "broken",
            """{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":""}}""",
            """{"type":"content_block_delta","index":0,"delta":{"type":"citations_delta","citation":{"text":"no"}}}""",
            """{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"1\"}"}}""",
            """{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":""}}""",
            """{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"c"}}""",
            """{"type":"content_block_start","index":2,"content_block":{"type":"web_search_tool_result","content":[]}}""",
            """{"type":"vendor","index":0,"delta":{"text":"no"}}""");

        var blocks = StreamPieces.Of(events.Reverse().Append(events[3]));

        Assert.That(blocks.Select(pieces => pieces.Select(piece => (piece.EventIndex, piece.Text))), Is.EqualTo(new[]
        {
            new[] { (1, "a\ud83d"), (4, "\ude82b") },
            [(3, "{\"k\":\"sk-"), (8, "1\"}")],
            [(10, "c")],
        }));
    }

    [TestCase("""{"type":"content_block_delta", "index":0,"delta":{"text":"x", "type":"text_delta"} }""", "text")]
    [TestCase("""{"type":"content_block_delta","delta":{"type":"input_json_delta","partial_js\u006fn":"x\n"}}""", "partial_json")]
    [TestCase("""{"type":"content_block_start","content_block":{"type":"thinking","thinking":""}}""", "thinking")]
    public void A_piece_is_replaced_and_nothing_else(string json, string member)
    {
        const string text = "***\"\\\n\u0001é🚂\ud83d";

        var replaced = StreamPieces.Replace(Encoding.UTF8.GetBytes(json), text);

        var pieces = StreamPieces.Of([new StreamEvent(3, default, replaced)]);
        Assert.That(pieces.Single().Single(), Is.EqualTo(new StreamPiece(3, text)));
        using var before = JsonDocument.Parse(json);
        var old = before.RootElement.EnumerateObject().First(part => part.Value.ValueKind == JsonValueKind.Object)
            .Value.GetProperty(member).GetRawText();
        var place = json.IndexOf(old, StringComparison.Ordinal);
        Assert.That(Encoding.UTF8.GetString(replaced), Does.StartWith(json[..place]).And.EndsWith(json[(place + old.Length)..]));
    }

    [TestCase("broken")]
    [TestCase("""{"type":"ping"}""")]
    [TestCase("""{"type":"content_block_delta","delta":{"type":"signature_delta","signature":"x"}}""")]
    public void An_event_without_a_piece_stays(string json) =>
        Assert.That(Encoding.UTF8.GetString(StreamPieces.Replace(Encoding.UTF8.GetBytes(json), "*")), Is.EqualTo(json));

    [Test]
    public void A_secret_that_was_parted_is_gone_when_its_pieces_are_replaced()
    {
        var events = Answers.Events(
            """{"type":"message_start","message":{}}""",
            """{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"key sk-a"}}""",
            """{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"bc, done"}}""");

        foreach (var (index, text) in StreamPieces.Of(events).Single())
        {
            var masked = text.Replace("sk-a", "****").Replace("bc,", "**,");
            events[index] = events[index] with { Data = StreamPieces.Replace(events[index].Data.Span, masked) };
        }

        Assert.That(Answers.Text(StreamedAnswer.Of(events)), Does.Contain("\"key ******, done\""));
    }
}
