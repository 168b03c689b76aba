using System.Globalization;
using System.Text;

namespace Nexus.Data.Tests.Conversations.Hashing;

/// <summary>Bodies of all kinds, likely and unlikely ones; the same for the same seed.</summary>
internal sealed class BodyGenerator(int seed)
{
    private static readonly string[] _pieces =
    [
        "plan", "Lisbon", " ", " ", "\n", "\r\n", "\r", "\t", "é", "e\u0301", "日本語", "🚂", "👩‍🚀", "\u00A0", "\uFEFF", "\u0085",
        "\u200B", "\u180E", "\u1680", "\u2003", "\u2028", "\u2029", "\u202F", "\u205F", "\u3000", "\u001f", "\u007f", "\0",
        "\ud83d", "\ude80", "\\", "\"", "/", "<", ">", "&", "'", "\\n", "</system-reminder>", "<system-reminder>",
        "<system-reminder>It is late</system-reminder>", " \n<system-reminder>\r\nx\n</system-reminder>",
        "\ud83d<System-Reminder>between\u2028</SYSTEM-REMINDER>\ude80", "<\u017Fystem-reminder>no</system-reminder>",
        "<system-reminder >no</system-reminder>", "<system-reminder></system-reminder>", "<system-reminder",
        "a<b>c</b>", "Σ", "\uFFFD", "\b\f", "[1]text:", "x\r\r\ny",
    ];

    private static readonly string[] _numbers =
    [
        "0", "-0", "0.0", "-0.0", "1", "-1", "1.0", "1.50", "1e3", "1E5", "1e+21", "1E21", "1e-7", "0.000001", "1e-6",
        "123456789012345", "1234567890123456", "123456789012345678", "9007199254740993", "123456789012345680000", "0.1",
        "1.7976931348623157e308", "1.7976931348623159e308", "1e400", "-1e400", "5e-324", "2e-324", "1e-400", "1e21", "1e20",
        "-1.5e-10", "100", "1200000", "999999999999999900000", "0.00001234", "4.35", "1e22", "123e-20", "3e0", "0e10",
    ];

    private static readonly string[] _names =
    [
        "a", "b", "file_path", "content", "path", "0", "1", "10", "01", "-1", "4294967294", "4294967295", "__proto__", "é",
        "日本", "cache_control", "constructor", "\ud83d", "a\0", "z\"", "text", "type", "name", "🚂", "\uFF5E", "toString2", "",
    ];

    private readonly Random _random = new(seed);

    /// <summary>A body with this many messages, now and then with what the original rejects.</summary>
    public JsonObject Body(int messages)
    {
        var members = new List<(string, Json)>
        {
            ("model", "claude-sonnet-4"),
            ("max_tokens", Json.Raw("1024")),
            ("messages", Json.Array(Enumerable.Range(0, messages).Select(Message).ToArray())),
        };
        if (Chance(2))
        {
            members.Add(("system", System()));
        }

        if (Chance(3))
        {
            members.Add(("metadata", Json.Object(("user_id", Text(2)))));
        }

        if (Chance(20))
        {
            members.Insert(0, ("messages", Json.Array(Message(0))));
        }

        return Shuffled(members, keepOrder: false);
    }

    public string Text(int pieces)
    {
        var text = new StringBuilder();
        for (var count = _random.Next(pieces + 1); count > 0; count--)
        {
            text.Append(Pick(_pieces));
        }

        return text.ToString();
    }

    public string Number()
    {
        if (!Chance(3))
        {
            return Pick(_numbers);
        }

        var value = BitConverter.Int64BitsToDouble(_random.NextInt64());
        return double.IsFinite(value) ? value.ToString(Pick(["R", "E20", "E3"]), CultureInfo.InvariantCulture) : "7";
    }

    public Json Value(int depth) => _random.Next(depth > 0 ? 9 : 6) switch
    {
        0 or 1 => Text(6),
        2 => Json.Raw(Number()),
        3 => Json.Raw("null"),
        4 => Json.Raw(Pick(["true", "false"])),
        5 => Pick(_pieces),
        6 => Json.Array(Enumerable.Range(0, _random.Next(4)).Select(_ => Value(depth - 1)).ToArray()),
        _ => Object(depth),
    };

    private JsonObject Object(int depth) =>
        Json.Object(Enumerable.Range(0, _random.Next(Chance(10) ? 30 : 5))
            .Select(_ => (Pick(_names), Value(depth - 1))).ToArray());

    private Json Message(int index)
    {
        if (Chance(400))
        {
            return Value(1);
        }

        var role = index % 2 == 0 ? "user" : "assistant";
        Json content = Chance(3)
            ? Text(12)
            : Json.Array(Enumerable.Range(0, _random.Next(5)).Select(_ => Block()).ToArray());
        if (Chance(200))
        {
            content = Value(1);
        }

        var members = new List<(string, Json)>
        {
            ("role", Chance(15) ? Pick(["system", "user", "assistant", "us\u0065r", "tool"]) : role),
            ("content", content),
        };
        if (Chance(300))
        {
            members[0] = ("role", Value(1));
        }

        return Shuffled(members, keepOrder: Chance(2));
    }

    private Json Block()
    {
        var members = _random.Next(13) switch
        {
            0 or 1 or 2 or 3 => [("type", "text"), ("text", Text(12))],
            4 or 5 => [("type", "tool_use"), ("id", Id()), ("name", Pick(["Read", "Task"])), ("input", Value(3))],
            6 or 7 => [("type", "tool_result"), ("tool_use_id", Id()), ("content", ToolContent()), ("is_error", Value(0))],
            8 => [("type", Pick(["image", "document"])), ("source", Source())],
            9 => [("type", "thinking"), ("thinking", Text(5)), ("signature", "s")],
            10 => [("type", "redacted_thinking"), ("data", Text(3))],
            11 => Object(3).With("type", Pick(["server_tool_use", "image", "document", "tool_use", "tool_result"])).Members,
            _ => (IEnumerable<(string, Json)>)Object(2).Members,
        };

        var list = members.ToList();
        if (Chance(5))
        {
            list.Add(("cache_control", Json.Object(("type", "ephemeral"))));
        }

        if (list.Count > 0 && Chance(60))
        {
            list[_random.Next(list.Count)] = Chance(2) ? ("unknown", "x") : (list[0].Item1, Value(2));
        }

        return Chance(200) ? Value(2) : Shuffled(list, keepOrder: Chance(2));
    }

    private Json Id() => Chance(8) ? Value(1) : Pick(["t1", "t2", "t3"]) + _random.Next(12);

    private Json Source() => Chance(6) ? Value(2) : Json.Object(
        ("type", "base64"), ("media_type", "image/png"), ("data", Chance(4) ? Value(1) : Text(3)));

    private Json ToolContent() => _random.Next(4) switch
    {
        0 => Value(2),
        1 => Json.Array(Enumerable.Range(0, _random.Next(4)).Select(_ => Block()).ToArray()),
        _ => Text(10),
    };

    private Json System() => Chance(3)
        ? Json.Array(Enumerable.Range(0, _random.Next(4))
            .Select(_ => (Json)Json.Object(("type", "text"), ("text", Chance(20) ? Value(1) : SystemText()))).ToArray())
        : SystemText();

    private string SystemText()
    {
        string[] pieces =
        [
            "Status:", "Status:\n", "gitStatus: ", "Current branch: main", "Main branch", ": x", "Recent commits:\n", "\n", "\n",
            "\n\n", "\r\n", " ", "You plan gardens.", "M a.cs\n", "<transient_context>", "</transient_context>", "\u2028", "\r",
            "  x-anthropic-billing-header: 1\n", "X-Anthropic-Billing-Header: 2", " - Today's date is 2025-09-01", "today’s date: x\n",
            "<system-reminder>a\n</system-reminder>", "\ud83d", "\ude80", "\0", "Status: \n \n", "abc one\n", "Recent commits: x",
            "You are Claude Code, Anthropic's official CLI for Claude.",
        ];
        var text = new StringBuilder();
        for (var count = _random.Next(14); count > 0; count--)
        {
            text.Append(Pick(pieces));
        }

        return text.ToString();
    }

    // Equal names keep their order, so that the last is the last.
    private JsonObject Shuffled(List<(string Name, Json Value)> members, bool keepOrder)
    {
        if (!keepOrder)
        {
            var places = members.Select(member => member.Name).Distinct().ToDictionary(name => name, _ => _random.Next());
            members = [.. members.OrderBy(member => places[member.Name])];
        }

        if (Chance(30) && members.Count > 0)
        {
            members.Insert(0, (Pick([.. members]).Name, Value(1)));
        }

        return Json.Object(members);
    }

    private bool Chance(int oneIn) => _random.Next(oneIn) == 0;

    private T Pick<T>(T[] choices) => choices[_random.Next(choices.Length)];
}
