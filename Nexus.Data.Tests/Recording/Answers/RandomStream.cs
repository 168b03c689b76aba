using System.Text;
using Nexus.Data.Recording.Answers;
using Nexus.Data.Tests.Conversations.Hashing;

namespace Nexus.Data.Tests.Recording.Answers;

/// <summary>An answer of all kinds of blocks, plain and streamed; the same for the same seed.</summary>
internal sealed class RandomStream
{
    private static readonly string[] _words = ["plan", " ", "\n", "é", "🚂", "日本", "\"", "\\", "\\n", "\t", "{", "<b>", "\u0001", "/"];
    private static readonly string[] _kinds = ["text", "text", "tool_use", "server_tool_use", "thinking", "result", "empty"];
    private static readonly string[] _counts =
        ["input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"];

    private readonly Random _random;
    private readonly List<Json> _events = [];

    public RandomStream(int seed)
    {
        _random = new Random(seed);
        var usage = Usage();
        var message = Json.Object(
            ("id", "msg_" + seed), ("type", "message"), ("role", "assistant"), ("content", Json.Array()), ("model", "claude"),
            ("stop_reason", Json.Raw("null")), ("stop_sequence", Json.Raw("null")), ("usage", usage));
        _events.Add(Json.Object(("type", "message_start"), ("message", message)));
        var content = Blocks();
        for (var times = _random.Next(1, 4); times > 0; times--)
        {
            var later = Usage();
            usage = later.Members
                .Where(member => member.Value != Json.Raw("null") || usage.Members.All(known => known.Name != member.Name))
                .Aggregate(usage, (sum, member) => sum.With(member.Name, member.Value));
            _events.Add(Json.Object(
                ("type", "message_delta"), ("delta", Json.Object(("stop_reason", "end_turn"))), ("usage", later)));
        }

        _events.Add(Json.Object(("type", "message_stop")));
        for (var pings = _random.Next(4); pings > 0; pings--)
        {
            _events.Insert(_random.Next(_events.Count + 1), Json.Object(("type", "ping"), ("index", Json.Raw("0"))));
        }

        Plain = message.With("content", content).With("stop_reason", "end_turn").With("usage", usage).ToUtf8(_random);
        Events = [.. _events.Select((json, index) => new StreamEvent(index, default, json.ToUtf8(_random)))];
    }

    public byte[] Plain { get; }

    public List<StreamEvent> Events { get; }

    private JsonObject Usage() => Json.Object(_counts.Where(_ => _random.Next(3) > 0)
        .Select(name => (name, Json.Raw(_random.Next(5) == 0 ? "null" : $"{_random.Next(10_000)}"))));

    private JsonArray Blocks()
    {
        var content = new List<Json>();
        var queues = new List<Queue<Json>>();
        for (var index = _random.Next(6) - 1; index >= 0; index--)
        {
            var queue = new Queue<Json>();
            if (Block(index, queue) is { } block)
            {
                content.Insert(0, block);
            }

            queue.Enqueue(Event("content_block_stop", index));
            queues.Add(queue);
        }

        while (queues.Count > 0)
        {
            var queue = queues[_random.Next(queues.Count)];
            _events.Add(queue.Dequeue());
            queues.RemoveAll(other => other.Count == 0);
        }

        return Json.Array(content);
    }

    private JsonObject? Block(int index, Queue<Json> queue)
    {
        var kind = _kinds[_random.Next(_kinds.Length)];
        var block = Json.Object(("type", kind));
        void Start(JsonObject start) => queue.Enqueue(Event("content_block_start", index, ("content_block", start)));
        switch (kind)
        {
            case "text":
                var text = "x" + Text();
                var first = _random.Next(2) == 0 ? 0 : _random.Next(text.Length);
                Start(block.With("text", text[..first]));
                Cut(text[first..], "text_delta", "text", index, queue);
                return block.With("text", text);
            case "empty":
                Start(Json.Object(("type", "text"), ("text", "")));
                Cut("", "text_delta", "text", index, queue);
                return null;
            case "thinking":
                var thought = Text();
                Start(block.With("thinking", "").With("signature", ""));
                Cut(thought, "thinking_delta", "thinking", index, queue);
                queue.Enqueue(Delta(index, "signature_delta", "signature", "sig" + index));
                return block.With("thinking", thought).With("signature", "sig" + index);
            case "result":
                Start(block.With("content", Value(3)));
                return (JsonObject)Json.Object(((JsonObject)((JsonObject)queue.Peek()).Members[2].Value).Members);
            default:
                var name = _random.Next(2) == 0 ? "Task" : "Bash";
                block = block.With("id", $"t{index}").With("name", name);
                var input = Json.Object(("prompt", Text()), ("value", Value(3)));
                Start(block.With("input", Json.Object()));
                Cut(Encoding.UTF8.GetString(input.ToUtf8(_random)), "input_json_delta", "partial_json", index, queue);
                return block.With("input", input);
        }
    }

    private static JsonObject Event(string type, int index, params (string, Json)[] members) =>
        Json.Object([("type", type), ("index", Json.Raw($"{index}")), .. members]);

    private static JsonObject Delta(int index, string type, string name, string text) =>
        Event("content_block_delta", index, ("delta", Json.Object(("type", type), (name, text))));

    // Anywhere: within escapes and pairs of surrogates too.
    private void Cut(string text, string type, string name, int index, Queue<Json> queue)
    {
        do
        {
            var length = Math.Min(text.Length, _random.Next(6));
            queue.Enqueue(Delta(index, type, name, text[..length]));
            text = text[length..];
        }
        while (text.Length > 0);
    }

    private string Text() => string.Concat(Enumerable.Range(0, _random.Next(12)).Select(_ => _words[_random.Next(_words.Length)]));

    private Json Value(int depth) => _random.Next(depth == 0 ? 3 : 5) switch
    {
        0 => Text(),
        1 => Json.Raw($"{_random.Next(100)}.50"),
        2 => Json.Raw("null"),
        3 => Json.Array(Enumerable.Range(0, _random.Next(3)).Select(_ => Value(depth - 1))),
        _ => Json.Object(Enumerable.Range(0, _random.Next(3)).Select(place => ($"n{place}{Text()}", Value(depth - 1)))),
    };
}
