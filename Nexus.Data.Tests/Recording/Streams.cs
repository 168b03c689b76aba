using System.Globalization;
using System.Text;
using System.Text.Json;
using Nexus.Data.Recording.Answers;
using Nexus.Data.Tests.Conversations;

namespace Nexus.Data.Tests.Recording;

/// <summary>Streamed answers of one text block, an event a second from a second after noon.</summary>
internal static class Streams
{
    public static List<StreamEvent> Of(params string[] deltas)
    {
        string[] events =
        [
            """{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"test-model","content":[],"stop_reason":null,"usage":{"input_tokens":10,"output_tokens":1,"cache_read_input_tokens":5}}}""",
            """{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}""",
            """{"type":"ping"}""",
            .. deltas.Select(delta => string.Create(
                CultureInfo.InvariantCulture,
                $$$"""{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":{{{JsonSerializer.Serialize(delta)}}}}}""")),
            """{"type":"content_block_stop","index":0}""",
            """{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":7}}""",
            """{"type":"message_stop"}""",
        ];
        return [.. events.Select((json, i) => new StreamEvent(i, Bodies.Noon.AddSeconds(i + 1), json))];
    }

    public static List<StreamEvent> OfTool(string name, params string[] deltas)
    {
        string[] events =
        [
            """{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","content":[],"usage":{"input_tokens":1,"output_tokens":1}}}""",
            $$"""{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t1","name":"{{name}}","input":{} } }""",
            .. deltas.Select(delta =>
                $$"""{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":{{JsonSerializer.Serialize(delta)}} } }"""),
            """{"type":"content_block_stop","index":0}""",
            """{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":7}}""",
            """{"type":"message_stop"}""",
        ];
        return [.. events.Select((json, i) => new StreamEvent(i, Bodies.Noon.AddSeconds(i + 1), json))];
    }

    public static string TextOf(StreamEvent item) => Encoding.UTF8.GetString(item.Data.Span);
}
