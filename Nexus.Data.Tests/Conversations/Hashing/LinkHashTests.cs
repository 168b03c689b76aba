using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Nexus.Data.Tests.Conversations.Hashing;

public sealed class LinkHashTests
{
    private const string Use = """{"type":"tool_use","id":"t1","name":"Ls","input":{"path":"."}}""";
    private const string Result = """{"type":"tool_result","tool_use_id":"t1","content":"a.cs"}""";

    [Test]
    public void The_normal_form_is_the_documented_one()
    {
        var form = new MemoryStream();
        Write(form, "u", Counted("T", "hi"));
        Write(form, "a", [.. "U"u8, .. Counted("s", "Ls"), .. Counted("s", "t1"), (byte)'{', .. Counted("k", "b"),
            .. Counted("n", "100000"), .. Counted("k", "é"), (byte)'[', (byte)'t', (byte)'z', (byte)']', (byte)'}']);
        Write(form, "u", [.. "R"u8, .. Counted("s", "t1"), .. Length(7), .. Counted("T", "ok"), .. "O{"u8,
            .. Counted("k", "type"), .. Counted("s", "x"), (byte)'}', .. "I{"u8, .. Counted("k", "data"), .. Counted("s", "A"),
            (byte)'}']);

        var hashes = Hashed.Messages("""
            {"role":"user","content":" hi\r\n"},
            {"role":"assistant","content":[
                {"type":"tool_use","id":"t1","name":"Ls","input":{"é":[true,null],"cache_control":1,"b":1E5}}]},
            {"role":"user","content":[
                {"type":"tool_result","tool_use_id":"t1","content":[{"type":"text","text":"ok"}],"is_error":true},
                {"type":"x","cache_control":{}},
                {"type":"image","title":"t","source":{"data":"A"}}]}
            """);

        Assert.That(Hashed.Hex(hashes.LinkHash), Is.EqualTo(Hashed.Hex(SHA256.HashData(form.ToArray()))));
    }

    [TestCase("\"Plan\"", """[{"type":"text","text":"Plan"}]""")]
    [TestCase("\"Plan\"", """[{"type":"text","text":"Plan","cache_control":{"type":"ephemeral"}}]""")]
    [TestCase("\"Plan\"", """[{"text":"Plan","citations":[],"type":"text"}]""")]
    [TestCase("\"Plan\"", "\" \\r\\n\\u00a0Plan\\ufeff\"")]
    [TestCase("\"a\\r\\nb\"", "\"a\\nb\"")]
    [TestCase("\"Plan\"", "\"Plan <system-reminder>x</system-reminder>\"")]
    [TestCase("\"Plan\"", """[{"type":"text","text":" "},{"type":"text","text":"Plan"},{"type":"text","text":""}]""")]
    [TestCase("\"Plan\"", """[{"type":"text","text":"<System-Reminder>x</system-reminder>"},{"type":"text","text":"Plan"}]""")]
    [TestCase("\"Plan\"", """[{"type":"thinking","thinking":"?","signature":"s"},{"type":"text","text":"Plan"}]""")]
    [TestCase("\"Plan\"", """[{"type":"redacted_thinking","data":"?"},{"type":"text","text":"Plan"}]""")]
    [TestCase("\"Plan\"", """[{"type":"text"},{"type":"text","text":null},{"type":"text","text":"Plan"}]""")]
    [TestCase("\"a\\u0000b\\ud83dc\"", "\"a\\ufffdb\\ufffdc\"")]
    [TestCase("\"\\ud83d\\ude80\"", "\"🚀\"")]
    [TestCase("[" + Result + "]", """[{"content":[{"type":"text","text":"a.cs"}],"tool_use_id":"t1","type":"tool_result"}]""")]
    [TestCase("[" + Result + "]", """[{"type":"tool_result","tool_use_id":"t1","content":"a.cs\r\n","is_error":true}]""")]
    [TestCase("[" + Result + "]",
        """[{"type":"tool_result","tool_use_id":"t1","content":"a.cs\n<system-reminder>x</system-reminder>"}]""")]
    [TestCase("[" + Result + "]", "[" + Result + "," + Result + "]")]
    [TestCase("""[{"type":"tool_result","tool_use_id":"t1"}]""",
        """[{"type":"tool_result","tool_use_id":"t1","content":[{"type":"text","text":""},{"type":"thinking"}]}]""")]
    [TestCase("""[{"type":"tool_result","tool_use_id":"t1","content":null}]""",
        """[{"type":"tool_result","tool_use_id":"t1","content":"  "}]""")]
    [TestCase("[" + Use + "]", """[{"input":{"path":"."},"name":"Ls","id":"t1","type":"tool_use","cache_control":{}}]""")]
    [TestCase("[" + Use + "]",
        """[{"type":"tool_use","id":"t1","name":"Ls","input":{"path":".<system-reminder>x</system-reminder>"}}]""")]
    [TestCase("[" + Use + "]",
        """[{"type":"tool_use","id":"t1","name":"Ls","input":{"path":"/","path":".","cache_control":{"a":1}}}]""")]
    [TestCase("""[{"type":"tool_use","id":"t1","name":"N","input":[1,1E5,0,null,0.1]}]""",
        """[{"type":"tool_use","id":"t1","name":"N","input":[1.0,100000,-0.0,null,1e-1]}]""")]
    [TestCase("""[{"type":"tool_use","id":"t1","name":"N","input":1e400}]""",
        """[{"type":"tool_use","id":"t1","name":"N","input":-1e999}]""")]
    [TestCase("""[{"type":"document","source":{"type":"text","data":"d"},"title":"one"}]""",
        """[{"type":"document","source":{"data":"d","type":"text","cache_control":{}},"title":"two","citations":{}}]""")]
    [TestCase("""[{"type":"server_tool_use","id":"s","name":"web_search","input":{"a":1,"b":2}}]""",
        """[{"input":{"b":2,"a":1.0},"type":"server_tool_use","name":"web_search","id":"s","cache_control":null}]""")]
    [TestCase("""[{"\u0074ype":"te\u0078t","text":"Plan"}]""", "\"Plan\"")]
    [TestCase("\"Plan\"", "\"Pl\\u0061n\"")]
    public void What_does_not_count_changes_nothing(string one, string other)
    {
        Assert.That(Hashed.Between(other), Is.EqualTo(Hashed.Between(one)));
        Assert.That(Hashed.Hex(Hashed.User(other).LinkHash), Is.EqualTo(Hashed.Hex(Hashed.User(one).LinkHash)));
    }

    [TestCase("\"a b\"", "\"a  b\"")]
    [TestCase("\"ab\"", """[{"type":"text","text":"a"},{"type":"text","text":"b"}]""")]
    [TestCase("""[{"type":"text","text":"a\nb"}]""", """[{"type":"text","text":"a"},{"type":"text","text":"b"}]""")]
    [TestCase("""[{"type":"text","text":"aT"},{"type":"text","text":"b"}]""",
        """[{"type":"text","text":"a"},{"type":"text","text":"Tb"}]""")]
    [TestCase("[" + Use + "]", """[{"type":"tool_use","id":"t2","name":"Ls","input":{"path":"."}}]""")]
    [TestCase("[" + Use + "]", """[{"type":"tool_use","id":"t1","name":"LS","input":{"path":"."}}]""")]
    [TestCase("[" + Use + "]", """[{"type":"tool_use","id":"t1","name":"Ls","input":{"path":".."}}]""")]
    [TestCase("[" + Use + "]", """[{"type":"tool_use","id":"t1","name":"Ls","input":{"path":".\r\n"}}]""")]
    [TestCase("[" + Use + "]", """[{"type":"tool_use","id":"t1","name":"Ls"}]""")]
    [TestCase("""[{"type":"tool_use","id":"t","name":"N","input":1}]""",
        """[{"type":"tool_use","id":"t","name":"N","input":"1"}]""")]
    [TestCase("""[{"type":"tool_use","id":"t","name":"N","input":[[],1]}]""",
        """[{"type":"tool_use","id":"t","name":"N","input":[[1]]}]""")]
    [TestCase("""[{"type":"tool_use","id":"t","name":"N","input":{"a":{},"b":1}}]""",
        """[{"type":"tool_use","id":"t","name":"N","input":{"a":{"b":1}}}]""")]
    [TestCase("[" + Result + "]", """[{"type":"tool_result","tool_use_id":"t1","content":"b.cs"}]""")]
    [TestCase("[" + Result + "]", """[{"type":"tool_result","tool_use_id":"t2","content":"a.cs"}]""")]
    [TestCase("[" + Result + "]", """[{"type":"tool_result","tool_use_id":"t1"},{"type":"text","text":"a.cs"}]""")]
    [TestCase("""[{"type":"image","source":{"type":"base64","data":"A"}}]""",
        """[{"type":"image","source":{"type":"base64","data":"B"}}]""")]
    [TestCase("""[{"type":"image","source":{"type":"url","url":"https://a"}}]""",
        """[{"type":"image","source":{"type":"url","url":"https://b"}}]""")]
    [TestCase("""[{"type":"image","source":{"type":"file","file_id":"a"}}]""",
        """[{"type":"image","source":{"type":"file","file_id":"b"}}]""")]
    [TestCase("""[{"type":"document","source":{"type":"text","data":"a"}}]""",
        """[{"type":"document","source":{"type":"text","data":"b"}}]""")]
    [TestCase("""[{"type":"document","source":{"type":"content","content":[{"type":"text","text":"a"}]}}]""",
        """[{"type":"document","source":{"type":"content","content":[{"type":"text","text":"b"}]}}]""")]
    [TestCase("""[{"type":"tool_use","id":"","name":"a"},{"type":"tool_use","id":"","name":"a"}]""",
        """[{"type":"tool_use","id":"","name":"a"}]""")]
    [TestCase("""[{"type":"tool_use","name":"a"},{"type":"tool_use","name":"a"}]""",
        """[{"type":"tool_use","name":"a"}]""")]
    [TestCase("\"\\ufffd\"", "\"\\ufffd\\ufffd\"")]
    [TestCase("""[{"type":"x","a":1}]""", """[{"type":"x","a":2}]""")]
    [TestCase("""["loose"]""", "\"loose\"")]
    public void What_counts_changes_the_hash(string one, string other)
    {
        Assert.That(Hashed.Between(other), Is.Not.EqualTo(Hashed.Between(one)));
        Assert.That(Hashed.User(other).LinkHash, Is.Not.EqualTo(Hashed.User(one).LinkHash));
    }

    [Test]
    public void Every_byte_of_a_text_counts()
    {
        var text = "Plan a weekend in Lisbon, by train"u8.ToArray();
        var hashes = new HashSet<string?>();
        for (var place = 0; place <= text.Length; place++)
        {
            var changed = text.ToArray();
            if (place < text.Length)
            {
                changed[place] ^= 0x01;
            }

            var hash = Hashed.User($"\"{Encoding.UTF8.GetString(changed).Replace("\"", "\\\"", StringComparison.Ordinal)}\"");
            hashes.Add(Hashed.Hex(hash.LinkHash));
            hashes.Add(hash.CurrentMessageHash);
        }

        Assert.That(hashes, Has.Count.EqualTo(2 * (text.Length + 1)));
    }

    [Test]
    public void Every_letter_of_counted_content_counts()
    {
        // What is in capitals counts, and it counts apart from everything else.
        const string messages = """
            {"role":"user","content":"PLAN"},
            {"role":"assistant","content":[{"type":"thinking","thinking":"x"},{"type":"text","text":"A B"},
            {"type":"tool_use","id":"T1","name":"LS","input":{"PATH":["X",{"Y":"Z"}]},"cache_control":{"type":"x"}},
            {"type":"server_tool_use","id":"S1","name":"W","input":{"Q":"R"}}]},
            {"role":"user","content":[{"type":"tool_result","is_error":true,"tool_use_id":"T1","content":[
            {"type":"text","text":"OK"},{"type":"image","source":{"type":"base64","data":"IMG"}}]},
            {"type":"tool_result","tool_use_id":"T2","content":"STRING"},
            {"type":"image","source":{"type":"url","url":"HTTP"}},{"type":"image","source":{"type":"file","file_id":"F"}},
            {"type":"document","title":"x","source":{"type":"text","data":"DOC"}},
            {"type":"document","source":{"type":"content","content":[{"type":"text","text":"IN"}]}}]}
            """;
        var hashes = new HashSet<string> { Hashed.Hex(Hashed.Messages(messages).LinkHash) };
        var letters = 0;
        for (var place = 0; place < messages.Length; place++)
        {
            if (char.IsAsciiLetterUpper(messages[place]))
            {
                letters++;
                var changed = $"{messages[..place]}é{messages[(place + 1)..]}";
                hashes.Add(Hashed.Hex(Hashed.Messages(changed).LinkHash));
            }
        }

        Assert.That(letters, Is.GreaterThan(40));
        Assert.That(hashes, Has.Count.EqualTo(letters + 1));
    }

    [TestCase("""{"role":"system","content":"The user opened a file."}""")]
    [TestCase("""{"role":"tool","content":"x"}""")]
    [TestCase("""{"content":"x"}""")]
    [TestCase("""{"role":"user"}""")]
    [TestCase("""{"role":"user","content":null}""")]
    [TestCase("""{"role":"user","content":7}""")]
    [TestCase("""{"role":"user","content":{"type":"text","text":"x"}}""")]
    [TestCase("""{"role":"user","content":[]}""")]
    [TestCase("""{"role":"user","content":" \n "}""")]
    [TestCase("""{"role":"assistant","content":[{"type":"thinking","thinking":"x"}]}""")]
    [TestCase("""{"role":"user","content":"<system-reminder>x</system-reminder>"}""")]
    [TestCase("null")]
    [TestCase("7")]
    [TestCase("[]")]
    public void A_message_with_nothing_left_is_skipped(string message)
    {
        var expected = Hashed.Messages("""
            {"role":"user","content":"a"},{"role":"assistant","content":"b"},
            {"role":"user","content":"c"}
            """);

        var hashes = Hashed.Messages($$"""
            {"role":"user","content":"a"},{{message}},{"role":"assistant","content":"b"},
            {{message}},{"role":"user","content":"c"},{{message}}
            """);

        Assert.That(hashes.LinkHash, Is.EqualTo(expected.LinkHash));
        Assert.That(hashes.CountedMessages, Is.EqualTo(3));
        Assert.That(hashes.MessageCount, Is.EqualTo(6));
        Assert.That(hashes.Prefixes.Single().LinkHash, Is.EqualTo(expected.Prefixes.Single().LinkHash));
        Assert.That(hashes.Prefixes.Single().CountedMessages, Is.EqualTo(1));
    }

    [Test]
    public void A_tool_block_that_came_before_is_dropped_and_the_rest_of_its_message_stays()
    {
        var once = Hashed.Messages($$"""
            {"role":"user","content":"a"},{"role":"assistant","content":[{{Use}}]},
            {"role":"user","content":[{{Result}}]},{"role":"assistant","content":"b"},{"role":"user","content":"c"}
            """);
        var twice = Hashed.Messages($$"""
            {"role":"user","content":"a"},{"role":"assistant","content":[{{Use}}]},
            {"role":"user","content":[{{Result}}]},{"role":"assistant","content":[{{Use}},{"type":"text","text":"b"}]},
            {"role":"user","content":[{{Result}}]},{"role":"user","content":[{"type":"text","text":"c"},{{Result}}]}
            """);

        Assert.That(twice.LinkHash, Is.EqualTo(once.LinkHash));
        Assert.That(twice.CountedMessages, Is.EqualTo(5));
    }

    [Test]
    public void An_id_as_use_and_as_result_is_no_repetition()
    {
        var without = Hashed.Messages("""{"role":"user","content":"a"}""");
        var with = Hashed.Messages($$"""{"role":"user","content":[{"type":"text","text":"a"},{{Use}},{{Result}}]}""");

        Assert.That(with.LinkHash, Is.Not.EqualTo(without.LinkHash));
        Assert.That(with.OpeningTextHash, Is.Null);
    }

    [TestCase("""{"role":"user","content":"a"},{"role":"assistant","content":"It is"}""")]
    [TestCase("""{"role":"user","content":"a"},{"role":"assistant","content":"It"},{"role":"assistant","content":"is"}""")]
    [TestCase("""{"role":"user","content":"a"},{"role":"assistant","content":"It"},{"role":"system","content":"is"}""")]
    public void An_answer_that_the_client_began_is_left_off(string messages)
    {
        var hashes = Hashed.Messages(messages);

        Assert.That(hashes.LinkHash, Is.EqualTo(Hashed.User("\"a\"").LinkHash));
        Assert.That(hashes.CountedMessages, Is.EqualTo(1));
        Assert.That(hashes.Prefixes, Is.Empty);
        Assert.That(hashes.OpeningTextHash, Is.EqualTo(Hashed.User("\"a\"").OpeningTextHash));
    }

    [TestCase("""{"messages":[]}""")]
    [TestCase("""{"messages":[{"role":"assistant","content":"a"}]}""")]
    [TestCase("""{"messages":[{"role":"user","content":""}]}""")]
    [TestCase("""{"messages":{"role":"user","content":"a"}}""")]
    [TestCase("""{}""")]
    [TestCase("""[]""")]
    [TestCase("""7""")]
    public void Where_nothing_counts_there_is_no_hash(string body)
    {
        var hashes = Hashed.Body(body);

        Assert.That(hashes.LinkHash, Is.Null);
        Assert.That(hashes.FirstMessageHash, Is.Null);
        Assert.That(hashes.CountedMessages, Is.Zero);
        Assert.That(hashes.Prefixes, Is.Empty);
        Assert.That(hashes.OpeningTextHash, Is.Null);
        Assert.That(hashes.HasMessages, Is.EqualTo(hashes.MessageCount > 0));
    }

    [Test]
    public void Members_come_in_any_order_and_the_last_of_equal_ones_counts()
    {
        var plain = Hashed.Body("""
            {"model":"m","metadata":{"user_id":"me"},"system":"S","messages":[{"role":"user","content":"a"}]}
            """);

        var hashes = Hashed.Body("""
            {"messages":[{"role":"user","content":"x"},{"role":"assistant","content":"y"},{"role":"user","content":"z"}],
             "system":"T","messages":[{"content":"b","role":"assistant","content":[{"text":"c","text":"a","type":"text"}],
             "\u0072ole":"user"}],"system":"S","model":4,"model":"m","metadata":{"user_id":1,"user_id":"me"}}
            """);

        Assert.Multiple(() =>
        {
            Assert.That(hashes.LinkHash, Is.EqualTo(plain.LinkHash));
            Assert.That(hashes.CurrentMessageHash, Is.EqualTo(plain.CurrentMessageHash));
            Assert.That(hashes.SystemHash, Is.EqualTo(plain.SystemHash));
            Assert.That(hashes.StableSystemHash, Is.EqualTo(plain.StableSystemHash));
            Assert.That(hashes.UserIdHash, Is.EqualTo(plain.UserIdHash));
            Assert.That(hashes.Model, Is.EqualTo("m"));
            Assert.That(hashes.MessageCount, Is.EqualTo(1));
        });
    }

    [Test]
    public void Messages_that_a_later_value_replaces_leave_nothing_behind()
    {
        var hashes = Hashed.Body("""{"messages":[{"role":"user","content":"a"}],"messages":null}""");

        Assert.That((hashes.HasMessages, hashes.LinkHash, hashes.CurrentMessageHash), Is.EqualTo((false, null as byte[], null as string)));
        Assert.That(hashes.CompatibleError, Is.Not.Empty);
    }

    [Test]
    public void Where_the_original_rejects_a_message_the_link_hash_is_there()
    {
        var hashes = Hashed.Messages("""{"role":"user","content":"a"},{"role":"user","content":null}""");

        Assert.That(hashes.CurrentMessageHash, Is.Null);
        Assert.That(hashes.CompatibleError, Is.Not.Empty);
        Assert.That(hashes.LinkHash, Is.EqualTo(Hashed.User("\"a\"").LinkHash));
    }

    [Test]
    public void A_user_s_id_is_digested_and_a_missing_one_is_none()
    {
        var expected = SHA256.HashData("session-a"u8)[..16];

        Assert.That(Hashed.Body("""{"metadata":{"user_id":"session-a"}}""").UserIdHash, Is.EqualTo(expected));
        Assert.That(Hashed.Body("""{"metadata":{"user_id":7}}""").UserIdHash, Is.Null);
        Assert.That(Hashed.Body("""{"metadata":{"user_id":""}}""").UserIdHash, Is.Null);
        Assert.That(Hashed.Body("""{"metadata":null}""").UserIdHash, Is.Null);
        Assert.That(Hashed.Body("""{"model":null}""").Model, Is.Null);
    }

    private static void Write(MemoryStream form, string role, byte[] blocks)
    {
        form.Write(Encoding.UTF8.GetBytes(role));
        form.Write(Length(blocks.Length));
        form.Write(blocks);
    }

    private static byte[] Counted(string tag, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return [.. Encoding.UTF8.GetBytes(tag), .. Length(bytes.Length), .. bytes];
    }

    private static byte[] Length(int value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        return bytes;
    }
}
