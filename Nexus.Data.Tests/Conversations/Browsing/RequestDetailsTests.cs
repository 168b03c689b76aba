using System.Text;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Nexus.Data.Conversations.Browsing;
using Nexus.Data.Recording;
using Nexus.Data.Requests;
using Nexus.Data.Tests.Recording;

namespace Nexus.Data.Tests.Conversations.Browsing;

/// <summary>One request, and what is new in it.</summary>
public sealed class RequestDetailsTests : BrowsingTest
{
    [Test]
    public async Task A_request_shows_all_that_is_stored_of_it()
    {
        var recorder = Service<RequestRecorder>();
        var call = Calls.Of(Bodies.Request(0, "hello"));
        await recorder.RecordAsync(call);
        await recorder.CompleteAsync(call.RequestId, Calls.Answer(
            """{"type":"message","role":"assistant","content":[{"type":"text","text":"hi"}],"usage":{"input_tokens":7,"output_tokens":2}}"""));

        var details = (await Queries.GetRequestAsync(call.RequestId))!;

        Assert.That(details.Request.RequestId, Is.EqualTo(call.RequestId));
        Assert.That((details.Request.InputTokens, details.Request.BranchId, details.Method), Is.EqualTo((7, "main", "POST")));
        Assert.That(details.ConversationId, Is.Not.Null);
        Assert.That((details.BodyIsGone, details.ChunkCount), Is.EqualTo((false, 0)));
        Assert.That(JsonNode.DeepEquals(JsonNode.Parse(details.Body!.Value.Span), JsonNode.Parse(call.Body!.Value.Span)));
        Assert.That(Encoding.UTF8.GetString(details.ResponseBody!.Value.Span), Does.Contain("\"hi\""));
        Assert.That(details.UsageData, Does.Contain("7"));
        Assert.That(Lines(details), Is.EqualTo("0 user hello"));
        Assert.That(await Queries.GetRequestAsync(Guid.NewGuid()), Is.Null);
    }

    [Test]
    public async Task New_is_what_follows_on_the_parents_answer()
    {
        var root = Bodies.Request(0, "first").Answered("done");
        var next = await StoreAsync(root, Body("""
            {"role":"user","content":[{"type":"text","text":"first\r\n<system-reminder>x</system-reminder>","cache_control":{"type":"ephemeral"}}]},
            {"content":[{"type":"thinking","thinking":"hm"},{"text":"done","type":"text"}],"role":"assistant"},
            {"role":"user","content":[{"type":"text","text":"<system-reminder>only</system-reminder>"}]},
            {"role":"user","content":"and now?"}
            """));

        var details = (await Queries.GetRequestAsync(next))!;

        Assert.That(Lines(details), Is.EqualTo("3 user and now?"));
        Assert.That(Encoding.UTF8.GetString(details.NewMessages[0].Content.Span), Is.EqualTo("\"and now?\""));
    }

    [Test]
    public async Task An_answer_that_comes_back_in_pieces_is_not_new()
    {
        var root = Bodies.WithBody(0, JsonNode.Parse(Json("""{"role":"user","content":"first"}"""))!);
        root.SetResponseBody("""
            {"type":"message","role":"assistant","content":[{"type":"text","text":"I look."},
             {"type":"tool_use","id":"t1","name":"Read","input":{"path":"a","lines":2}}]}
            """u8.ToArray());
        var next = await StoreAsync(root, Body("""
            {"role":"user","content":"first"},
            {"role":"assistant","content":"I look."},
            {"role":"assistant","content":[{"type":"tool_use","id":"t1","name":"Read","input":{"lines":2.0,"path":"a"}}]},
            {"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":"found"},{"type":"text","text":"go on"}]}
            """));

        Assert.That(Lines((await Queries.GetRequestAsync(next))!), Is.EqualTo("3 user go on"));
    }

    [Test]
    public async Task An_answer_that_was_changed_is_new()
    {
        var root = Bodies.Request(0, "first").Answered("done");
        var next = await StoreAsync(root, Bodies.Request(1, "first", "not done", "why?"));

        Assert.That(Lines((await Queries.GetRequestAsync(next))!), Is.EqualTo("1 assistant not done|2 user why?"));
    }

    [Test]
    public async Task An_answer_that_the_client_began_is_not_new()
    {
        var root = Bodies.Request(0, "first", "{").Answered("\"a\":1}");
        var next = await StoreAsync(root, Bodies.Request(1, "first", "{\"a\":1}", "thanks"));

        Assert.That(Lines((await Queries.GetRequestAsync(next))!), Is.EqualTo("2 user thanks"));
    }

    [Test]
    public async Task What_other_roles_say_is_new_once()
    {
        var root = Body("""{"role":"user","content":"first"},{"role":"system","content":"be kind"}""");
        var next = await StoreAsync(root.Answered("done"), Body("""
            {"role":"user","content":"first"},{"role":"system","content":"be kind"},{"role":"assistant","content":"done"},
            {"role":"system","content":"be brief"},{"role":"user","content":"next"}
            """));

        Assert.That(Lines((await Queries.GetRequestAsync(next))!), Is.EqualTo("3 system be brief|4 user next"));
    }

    [Test]
    public async Task Of_a_parent_that_has_other_messages_all_are_new()
    {
        var root = Bodies.Request(0, "do it all").AskingFor("do a part");
        var next = await StoreAsync(root, Bodies.Request(1, "do a part"));

        Assert.That(Lines((await Queries.GetRequestAsync(next))!), Is.EqualTo("0 user do a part"));
    }

    [Test]
    public async Task A_pruned_body_has_no_messages_and_says_so()
    {
        var root = Bodies.Request(0, "first").Answered("done");
        var next = await StoreAsync(root, Bodies.Request(1, "first", "done", "next"));
        await AdministerAsync($"UPDATE api_requests SET body = NULL, body_original = NULL WHERE request_id = '{root.RequestId}'");

        var (pruned, child) = ((await Queries.GetRequestAsync(root.RequestId))!, (await Queries.GetRequestAsync(next))!);

        Assert.That((pruned.BodyIsGone, pruned.Body, pruned.NewMessages.Count), Is.EqualTo((true, default(ReadOnlyMemory<byte>?), 0)));
        Assert.That((child.BodyIsGone, child.NewMessages.Count), Is.EqualTo((false, 3)));
    }

    [TestCase("{}")]
    [TestCase("[]")]
    [TestCase("null")]
    [TestCase("\"text\"")]
    [TestCase("""{"messages":null}""")]
    [TestCase("""{"messages":{"role":"user"}}""")]
    [TestCase("""{"messages":[]}""")]
    [TestCase("""{"messages":[1,null,"a",[],{},{"role":7},{"role":"user"},{"role":"user","content":5},{"role":"user","content":[1,null,{}]}]}""")]
    [TestCase("""{"messages":[{"role":"us\ud800er","content":"\ud800 \u0000"}],"tools":[1,{"name":2},{"name":"\udc00"}],"system":[1,{"text":3}]}""")]
    [TestCase("""{"messages":[{"role":"user","content":"a"}],"messages":[{"role":"user","content":"b","content":"c"}]}""")]
    public async Task A_body_of_any_shape_is_shown(string json)
    {
        var root = Raw(0, json);
        var next = Raw(1, json);
        await InsertAsync(root, next);
        await AdministerAsync($"UPDATE api_requests SET parent_request_id = '{root.RequestId}' WHERE request_id = '{next.RequestId}'");

        var (first, second) = ((await Queries.GetRequestAsync(root.RequestId))!, (await Queries.GetRequestAsync(next.RequestId))!);
        var diff = (await Queries.DiffAsync(root.RequestId, next.RequestId))!;

        Assert.That((second.NewMessages.Count, diff.OnlyFirst.Count, diff.OnlySecond.Count), Is.EqualTo((0, 0, 0)));
        Assert.That(diff.CommonMessages, Is.EqualTo(first.NewMessages.Count));
        Assert.That((diff.IsSameSystem, diff.Parameters.Count, diff.ToolsChanged.Count), Is.EqualTo((true, 0, 0)));
    }

    [Test]
    public async Task Depth_and_length_do_no_harm()
    {
        var deep = Raw(0, $$"""{"messages":[{"role":"user","content":[{{new string('[', 5_000)}}{{new string(']', 5_000)}}]}]}""");
        var texts = string.Join(',', Enumerable.Range(0, 5_000).Select(i => $$"""{"role":"user","content":"{{i}}"}"""));
        var large = Raw(1, $$"""{"messages":[{{texts}}]}""");
        await InsertAsync(deep, large);

        Assert.That((await Queries.GetRequestAsync(deep.RequestId))!.NewMessages, Has.Count.EqualTo(1));
        Assert.That((await Queries.GetRequestAsync(large.RequestId))!.NewMessages, Has.Count.EqualTo(5_000));
        Assert.That((await Queries.DiffAsync(deep.RequestId, large.RequestId))!.OnlySecond, Has.Count.EqualTo(5_000));
    }

    [Test]
    public async Task Every_new_message_of_a_long_conversation_is_its_last()
    {
        var requests = new List<ApiRequest>();
        for (var turn = 1; turn <= 12; turn++)
        {
            string[] messages = [.. Enumerable.Range(0, (2 * turn) - 1).Select(i => i % 2 == 0 ? $"question {i / 2}" : $"answer {i / 2}")];
            requests.Add(Bodies.Request(turn, messages).Answered($"answer {turn - 1}"));
        }

        await RecordAsync(requests);

        Assert.That(
            await Task.WhenAll(requests.Select(async request => Lines((await Queries.GetRequestAsync(request.RequestId))!))),
            Is.EqualTo(Enumerable.Range(0, 12).Select(turn => $"{2 * turn} user question {turn}")));
    }

    [Test]
    public async Task A_diff_names_what_each_of_two_requests_has_alone()
    {
        var first = Parse(0, """
            {"model":"m1","max_tokens":10,"temperature":1,"stream":true,"system":"You help.\nToday's date: 2025-01-01\nBe kind.",
             "tools":[{"name":"Read","input_schema":{"a":1,"b":2}},{"name":"Old"},{"name":"Same","x":{"p":1,"q":2}}],
             "messages":[{"role":"user","content":"one"},{"role":"assistant","content":"two"},{"role":"user","content":"left"}]}
            """);
        var second = Parse(1, """
            {"temperature":1.0,"max_tokens":20,"model":"m1","thinking":{"type":"enabled"},"system":[{"type":"text","text":"You hinder."}],
             "tools":[{"name":"New"},{"x":{"q":2,"p":1},"name":"Same","cache_control":{}},{"name":"Read","input_schema":{"a":2}}],
             "messages":[{"role":"user","content":[{"type":"text","text":"one"}]},{"role":"assistant","content":"two"},
                         {"role":"user","content":"right"},{"role":"assistant","content":"more"}],"stream":true}
            """);
        await InsertAsync(first, second);

        var diff = (await Queries.DiffAsync(first.RequestId, second.RequestId))!;

        Assert.That((diff.FirstRequestId, diff.SecondRequestId, diff.CommonMessages), Is.EqualTo((first.RequestId, second.RequestId, 2)));
        Assert.That(Lines(diff.OnlyFirst), Is.EqualTo("2 user left"));
        Assert.That(Lines(diff.OnlySecond), Is.EqualTo("2 user right|3 assistant more"));
        Assert.That((diff.IsSameSystem, diff.SecondSystem), Is.EqualTo((false, "You hinder.")));
        Assert.That(diff.FirstSystem, Does.StartWith("You help.\n"));
        Assert.That(
            (diff.ToolsAdded.Single(), diff.ToolsRemoved.Single(), diff.ToolsChanged.Single()), Is.EqualTo(("New", "Old", "Read")));
        Assert.That(
            string.Join('|', diff.Parameters.Select(parameter => $"{parameter.Name} {parameter.First} {parameter.Second}")),
            Is.EqualTo("""max_tokens 10 20|thinking  {"type": "enabled"}"""));
    }

    [Test]
    public async Task What_changes_from_turn_to_turn_makes_no_other_system_prompt()
    {
        var first = Parse(0, """{"messages":[],"system":"Be kind.\nToday's date: 2025-01-01"}""");
        var second = Parse(1, """{"messages":[],"system":"Be kind.\nToday's date: 2025-01-02"}""");
        await InsertAsync(first, second);

        var diff = (await Queries.DiffAsync(first.RequestId, second.RequestId))!;

        Assert.That(diff.IsSameSystem, Is.True);
        Assert.That(diff.FirstSystem, Is.Not.EqualTo(diff.SecondSystem));
    }

    [Test]
    public async Task A_diff_with_what_is_not_there_is_none()
    {
        var request = Bodies.Request(0, "first");
        await InsertAsync(request);

        Assert.That(await Queries.DiffAsync(request.RequestId, Guid.NewGuid()), Is.Null);
        Assert.That(await Queries.DiffAsync(Guid.NewGuid(), request.RequestId), Is.Null);
    }

    private static string Json(string messages) => $$"""{"model":"test-model","system":"You help.","messages":[{{messages}}]}""";

    private static ApiRequest Body(string messages) => Bodies.WithBody(1, JsonNode.Parse(Json(messages))!);

    private static ApiRequest Parse(double minute, string json) => Bodies.WithBody(minute, JsonNode.Parse(json)!);

    private static ApiRequest Raw(double minute, string json)
    {
        var request = new ApiRequest
        {
            RequestId = Guid.CreateVersion7(),
            TrainId = Bodies.Train,
            Timestamp = Bodies.Noon.AddMinutes(minute),
            Method = "POST",
            Path = "/v1/messages",
        };
        request.SetBody(Encoding.UTF8.GetBytes(json));
        return request;
    }

    private static string Lines(RequestDetails details) => Lines(details.NewMessages);

    private static string Lines(IEnumerable<HistoryMessage> messages)
        => string.Join('|', messages.Select(message => $"{message.Index} {message.Role} {message.Text}"));

    // Two that are recorded and linked; the second goes on from the first, or is its sub-task.
    private async Task<Guid> StoreAsync(ApiRequest root, ApiRequest next)
    {
        await RecordAsync([root, next]);
        await using var db = OpenContext();
        var stored = await db.Requests.SingleAsync(request => request.RequestId == next.RequestId);
        Assert.That(stored.ParentRequestId, Is.EqualTo(root.RequestId), "The test needs a parent.");
        return next.RequestId;
    }

    private async Task RecordAsync(IReadOnlyList<ApiRequest> requests)
    {
        var recorder = Service<RequestRecorder>();
        foreach (var request in requests)
        {
            await recorder.RecordAsync(Calls.Of(request));
            if (request.GetResponseBody() is not null)
            {
                await recorder.CompleteAsync(request.RequestId, Calls.AnswerOf(request));
            }
        }
    }

    private async Task InsertAsync(params ApiRequest[] requests)
    {
        await using var db = OpenContext();
        db.AddRange(requests);
        await db.SaveChangesAsync();
    }
}
