using System.Text;
using Nexus.Data.Recording;

namespace Nexus.Data.Tests.Recording;

public sealed class RequestTypesTests
{
    private const string Hello = """{"role":"user","content":"hello"}""";
    private const string System = """{"role":"system","content":"s"}""";

    [TestCase("", RequestTypes.QueryEvaluation)]
    [TestCase(""" "system":"", """, RequestTypes.QueryEvaluation)]
    [TestCase(""" "system":"You are", """, RequestTypes.QueryEvaluation)]
    [TestCase(""" "system":[], """, RequestTypes.QueryEvaluation)]
    [TestCase(""" "system":[{"type":"text","text":"a"}], """, RequestTypes.QueryEvaluation)]
    [TestCase(""" "system":[{"type":"text","text":"a"},{"type":"text","text":"[{}]"}], """, RequestTypes.Inference)]
    [TestCase(""" "system":{"a":1,"b":2}, """, RequestTypes.QueryEvaluation)]
    [TestCase(""" "system":[1,2],"system":null, """, RequestTypes.QueryEvaluation)]
    public void A_turn_of_a_session_has_two_system_prompts(string system, string expected) =>
        Assert.That(Of($$"""{{{system}} "messages":[{{Hello}}]}"""), Is.EqualTo(expected));

    [TestCase("\"a\"", System, RequestTypes.Inference)]
    [TestCase("null", System, RequestTypes.QueryEvaluation)]
    [TestCase("null", System + "," + System, RequestTypes.Inference)]
    public void Messages_of_the_system_count_as_prompts(string system, string messages, string expected) =>
        Assert.That(Of($$"""{"messages":[{{Hello}},{{messages}}],"system":{{system}}}"""), Is.EqualTo(expected));

    [TestCase("\"quota\"")]
    [TestCase("\" QUOTA\\n\\ufeff\"")]
    [TestCase("\"qu\\u006fta\"")]
    [TestCase("""[{"type":"text","text":"Quota"}]""")]
    [TestCase("""[{"type":"text","text":""},{"type":"image","text":"x"},{"type":"text","text":"quota "},{"type":"text"}]""")]
    public void A_last_word_of_quota_asks_for_it(string content) =>
        Assert.That(
            Of($$"""
                {"system":["a","b"],
                "messages":[{{Hello}},{"role":"user","content":{{content}}},{"role":"assistant","content":"no"}]}
                """),
            Is.EqualTo(RequestTypes.Quota));

    [TestCase("\"quota?\"")]
    [TestCase("\"quota\\u0085\"")]
    [TestCase("""[{"type":"text","text":"quo"},{"type":"text","text":"ta"}]""")]
    [TestCase("""["quota"]""")]
    [TestCase("null")]
    public void Other_words_do_not_ask_for_quota(string content) =>
        Assert.That(
            Of($$"""{"messages":[{"role":"user","content":"quota"},{"role":"user","content":{{content}}}]}"""),
            Is.EqualTo(RequestTypes.QueryEvaluation));

    [TestCase("/v1/messages/count_tokens", true)]
    [TestCase("/v1/messages/count_tokens?beta=true", true)]
    [TestCase("/v1/messages/count_tokens/", true)]
    [TestCase("/v1/messages?x=/count_tokens", false)]
    [TestCase("/v1/count_tokens/messages", false)]
    public void A_path_that_ends_so_counts_tokens(string path, bool counts)
    {
        var expected = counts ? RequestTypes.TokenCount : null;

        Assert.That(RequestTypes.Of(path, "{}"u8), Is.EqualTo(expected));
    }

    [TestCase("")]
    [TestCase("{")]
    [TestCase("null")]
    [TestCase("[1]")]
    [TestCase("{}")]
    [TestCase("""{"messages":{}}""")]
    [TestCase("""{"messages":[]}""")]
    [TestCase("""{"messages":[{"role":"user","content":"quota"}]} x""")]
    public void Without_messages_there_is_no_type(string body) => Assert.That(Of(body), Is.Null);

    [Test]
    public void Messages_of_any_shape_are_taken() =>
        Assert.That(Of("""{"messages":[1,null,[],{"role":7},{"role":"user"}]}"""), Is.EqualTo(RequestTypes.QueryEvaluation));

    private static string? Of(string body) => RequestTypes.Of("/v1/messages", Encoding.UTF8.GetBytes(body));
}
