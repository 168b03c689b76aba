using System.Text;
using Nexus.Data.Conversations.Hashing;

namespace Nexus.Data.Tests.Conversations.Hashing;

public sealed class JavaScriptJsonTests
{
    [TestCase("""{"b":1,"a":2}""", """{"b":1,"a":2}""")]
    [TestCase("""{"b":1,"10":2,"2":3,"a":4,"01":5,"-1":6}""", """{"2":3,"10":2,"b":1,"a":4,"01":5,"-1":6}""")]
    [TestCase("""{"4294967295":1,"4294967294":2,"0":3}""", """{"0":3,"4294967294":2,"4294967295":1}""")]
    [TestCase("""{"99999999999":1,"b":2,"1":3}""", """{"1":3,"99999999999":1,"b":2}""")]
    [TestCase("""{"a":1,"b":2,"a":3}""", """{"a":3,"b":2}""")]
    [TestCase("""{"a":1,"\u0061":3}""", """{"a":3}""")]
    [TestCase("""{"1":1,"a":0,"1":3}""", """{"1":3,"a":0}""")]
    [TestCase("""{"\ud83d":1,"\ud83e":2,"\ud83d":3}""", """{"\ud83d":3,"\ud83e":2}""")]
    [TestCase("""{"__proto__":{"a":1},"constructor":2}""", """{"__proto__":{"a":1},"constructor":2}""")]
    [TestCase(""" [ 1 , [ ] , { } , null , true , false ] """, """[1,[],{},null,true,false]""")]
    [TestCase(""" "\/\u002f\u003c\u00E9" """, "\"//<é\"")]
    [TestCase(""" "\u0000\u001F\u0008\u000c\u000A\u000d\u0009\u0022\u005C\u007f" """,
        "\"\\u0000\\u001f\\b\\f\\n\\r\\t\\\"\\\\\u007f\"")]
    [TestCase(""" "\uD83D\uDE80 \uD83D\u0041 \uDE80\uD83D \uD83D\uD83D\uDE80" """,
        "\"🚀 \\ud83dA \\ude80\\ud83d \\ud83d🚀\"")]
    [TestCase(""" "\u2028\u2029\uFFFF" """, "\"\u2028\u2029\uFFFF\"")]
    public void A_value_prints_as_JSON_stringify_prints_it(string json, string expected)
    {
        using var tape = Load(json);
        using var writer = new JavaScriptJson(tape);
        using var output = new PooledBuffer();

        writer.Write(0, output);

        Assert.That(Encoding.UTF8.GetString(output.Written), Is.EqualTo(expected));
    }

    [Test]
    public void Many_names_keep_the_order_that_few_keep()
    {
        var names = Enumerable.Range(0, 1000).Select(index => $"n{index * 7919 % 1000}").ToArray();
        var json = "{" + string.Join(',', names.Append("n0").Append("5").Select(name => $"\"{name}\":\"{name}\"")) + "}";
        using var tape = Load(json);
        using var writer = new JavaScriptJson(tape);
        using var output = new PooledBuffer();

        writer.Write(0, output);

        var expected = "{" + string.Join(',', names.Prepend("5").Select(name => $"\"{name}\":\"{name}\"")) + "}";
        Assert.That(Encoding.UTF8.GetString(output.Written), Is.EqualTo(expected));
    }

    [TestCase("\"a\\nb\"", "a\nb")]
    [TestCase("1.50", "1.5")]
    [TestCase("1e400", "Infinity")]
    [TestCase("-1e400", "-Infinity")]
    [TestCase("null", "null")]
    [TestCase("true", "true")]
    [TestCase("{\"a\":1}", "[object Object]")]
    [TestCase("[]", "")]
    [TestCase("[1,[2,[],null,[[\"x\"]]],{},false]", "1,2,,,x,[object Object],false")]
    [TestCase("[[],[]]", ",")]
    [TestCase("[null]", "")]
    [TestCase("[[null,null],null]", ",,")]
    public void A_value_in_a_template_prints_as_in_JavaScript(string json, string expected)
    {
        using var tape = Load(json);
        using var output = new PooledBuffer();

        JavaScriptJson.AppendText(tape, 0, output);

        Assert.That(Encoding.UTF8.GetString(output.Written), Is.EqualTo(expected));
    }

    private static JsonTape Load(string json)
    {
        var tape = new JsonTape(Encoding.UTF8.GetBytes(json));
        tape.Load();
        return tape;
    }
}
