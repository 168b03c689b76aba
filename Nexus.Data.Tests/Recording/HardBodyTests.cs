using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Nexus.Data.Conversations;
using Nexus.Data.Recording;

namespace Nexus.Data.Tests.Recording;

/// <summary>Bodies that <c>jsonb</c>, memory or stacks do not like: stored and given back as the same bytes, or refused.</summary>
public sealed class HardBodyTests : RecordingTest
{
    private static readonly Dictionary<string, Func<byte[]>> _bodies = new()
    {
        ["36 MB"] = () => Body(new string('x', 36 << 20)),
        ["10,000 levels"] = () => Encoding.UTF8.GetBytes(
            $$"""{"messages":[{"role":"user","content":"deep"}],"deep":{{new string('[', 10_000)}}{{new string(']', 10_000)}}}"""),
        ["every control character"] = () => Body(string.Concat(Enumerable.Range(0, 32).Select(unit => (char)unit))),
        ["lone surrogates"] = () => """{"messages":[{"role":"user","content":"a\ud800b\udc00c\udfff"}]}"""u8.ToArray(),
        ["duplicate keys"] = () => """{"a":1,"messages":[],"messages":[{"role":"user","content":"x","content":"y"}],"a":2}"""u8.ToArray(),
        ["white space"] = () => " {\r\n \"messages\" : [ { \"role\":\"user\",\t\"content\":\"x\" } ] }\n"u8.ToArray(),
        ["numbers out of range"] = () => """{"messages":[{"role":"user","content":"x"}],"n":1e999999,"m":-0,"k":1.10}"""u8.ToArray(),
        ["no object"] = () => "null"u8.ToArray(),
    };

    private static IEnumerable<string> Names => _bodies.Keys;

    [TestCaseSource(nameof(Names))]
    public async Task It_comes_back_as_the_same_bytes(string name)
    {
        var body = _bodies[name]();
        var services = Services(collection => collection.Configure<RecordingOptions>(options => options.KeepOriginalBody = true));
        var recorder = services.GetRequiredService<RequestRecorder>();
        var call = Calls.WithBody(body);

        var result = await recorder.RecordAsync(call);
        var again = await recorder.RecordAsync(call);
        await recorder.CompleteAsync(call.RequestId, new() { Status = 200, Body = body });

        var row = await ReadAsync(call.RequestId);
        var log = new MemoryStream();
        await services.GetRequiredService<RequestExporter>().ExportAsync(log);
        Assert.Multiple(() =>
        {
            Assert.That(again.Outcome, Is.EqualTo(RecordOutcome.Known));
            Assert.That(result.Linking, Is.EqualTo(name == "no object" ? LinkOutcome.TakesNoPart : LinkOutcome.Linked));
            Assert.That(row.GetBody()!.Value.Span.SequenceEqual(body), "the body");
            Assert.That(row.GetResponseBody()!.Value.Span.SequenceEqual(body), "the answer");

            // Bytes with line ends stand in a line in base 64.
            var hasLineEnds = body.AsSpan().ContainsAny((byte)'\r', (byte)'\n');
            var expected = hasLineEnds ? Encoding.ASCII.GetBytes(Convert.ToBase64String(body)) : body;
            Assert.That(log.ToArray().AsSpan().IndexOf(expected), Is.GreaterThan(0), "the export");
        });
    }

    [TestCase("", "empty")]
    [TestCase("{\"messages\":", "no JSON: it breaks at line 1, byte")]
    [TestCase("hello", "no JSON")]
    [TestCase("{} {}", "no JSON")]
    public async Task It_is_refused_with_the_reason(string body, string reason)
    {
        var recorder = Recorder();

        var exception = Assert.ThrowsAsync<NexusDataException>(() => recorder.RecordAsync(Calls.WithBody(body)));

        Assert.Multiple(() =>
        {
            Assert.That(exception!.Kind, Is.EqualTo(NexusDataErrorKind.Validation));
            Assert.That(exception.Message, Does.Contain(reason));
        });
        Assert.That(await ReadAllAsync(), Is.Empty);
    }

    [Test]
    public async Task Bytes_that_are_not_UTF_8_are_refused()
    {
        var recorder = Recorder();
        byte[] body = [.. "{\"messages\":[\""u8, 0xFF, .. "\"]}"u8];
        var call = Calls.WithBody("""{"messages":[]}""");
        await recorder.RecordAsync(call);

        Assert.Multiple(() =>
        {
            Assert.That(
                Assert.ThrowsAsync<NexusDataException>(() => recorder.RecordAsync(Calls.WithBody(body)))!.Message,
                Does.Contain("not UTF-8"));
            Assert.That(
                Assert.ThrowsAsync<NexusDataException>(
                    () => recorder.CompleteAsync(call.RequestId, new() { Status = 200, Body = body }))!.Message,
                Does.Contain("not UTF-8"));
        });
        Assert.That(await ReadAllAsync(), Has.Count.EqualTo(1));
    }

    [Test]
    public async Task Without_the_bytes_the_same_JSON_value_comes_back()
    {
        var recorder = Recorder();
        var call = Calls.WithBody("""{"z":[1,{"b":null,"a":"é\u00e9"}],"messages":[]}""");

        await recorder.RecordAsync(call);

        Assert.That(JsonNode.DeepEquals(
            JsonNode.Parse((await ReadAsync(call.RequestId)).GetBody()!.Value.Span), JsonNode.Parse(call.Body!.Value.Span)));
    }

    [Test]
    public async Task A_call_without_a_body_is_stored_and_not_linked()
    {
        var recorder = Recorder();
        var call = Calls.WithBody("{}") with { Body = null, Method = "GET", Path = "/v1/models" };

        var result = await recorder.RecordAsync(call);

        Assert.That((result.Linking, result.ConversationId), Is.EqualTo((LinkOutcome.TakesNoPart, default(Guid?))));
        Assert.That((await ReadAsync(call.RequestId)).GetBody(), Is.Null);
    }

    private static byte[] Body(string text)
        => JsonSerializer.SerializeToUtf8Bytes(new { messages = new[] { new { role = "user", content = text } } });
}
