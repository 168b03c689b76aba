using System.Text;
using Microsoft.EntityFrameworkCore;
using Nexus.Data.Conversations.Hashing;
using Nexus.Data.Requests;
using Nexus.Data.Seeding.Traffic;
using Nexus.Data.Tests.Conversations;
using Nexus.Data.Tests.Fixtures;

namespace Nexus.Data.Tests.Requests;

/// <summary>What comes in as JSON, what jsonb holds of it, and what comes out again.</summary>
public sealed class StoredJsonTests : DatabaseTest
{
    [TestCase("""{"a":"x\u0000y"}""", """{"a":"x\ufffdy"}""")]
    [TestCase("""{"a\u0000":1}""", """{"a\ufffd":1}""")]
    [TestCase("""["\ud83d","\udc00x","\ud83d\ud83d\ude80"]""", """["\ufffd","\ufffdx","\ufffd\ud83d\ude80"]""")]
    [TestCase("""["\\u0000","\\\u0000"]""", """["\\u0000","\\\ufffd"]""")]
    [TestCase("[1e200000]", """["[number out of range: 1e200000]"]""")]
    [TestCase("[1e-20000,-0.5e-16383]", """["[number out of range: 1e-20000]","[number out of range: -0.5e-16383]"]""")]
    [TestCase("""{"a": 1e131072, "b" : [ 2 ]}""", """{"a": "[number out of range: 1e131072]", "b" : [ 2 ]}""")]
    public void What_jsonb_cannot_hold_is_replaced_and_the_bytes_are_kept(string json, string expected)
    {
        var stored = StoredJson.Of(Encoding.UTF8.GetBytes(json), "body");

        Assert.Multiple(() =>
        {
            Assert.That(Encoding.UTF8.GetString(stored.Json), Is.EqualTo(expected));
            Assert.That(Encoding.UTF8.GetString(stored.Original!), Is.EqualTo(json));
        });
    }

    [TestCase("""{"a":"\ud83d\ude80","b":"\\u0000"}""")]
    [TestCase("[1e131071,1e-16383,0,0e200000,-0.0,1E5,1.50]")]
    [TestCase("null")]
    public void What_jsonb_can_hold_stays_as_it_is(string json)
        => Assert.That(StoredJson.Of(Encoding.UTF8.GetBytes(json), "body").IsAltered, Is.False);

    [TestCase("{", "breaks at line 1, byte 2")]
    [TestCase("", "no JSON")]
    [TestCase("[1,]", "breaks at line 1")]
    [TestCase("{} {}", "breaks at line 1, byte 4")]
    public void What_is_no_JSON_is_refused_with_the_place(string json, string reason)
        => Assert.That(
            () => StoredJson.Of(Encoding.UTF8.GetBytes(json), "body"),
            Throws.TypeOf<NexusDataException>().With.Message.Contains(reason)
                .And.Property(nameof(NexusDataException.Kind)).EqualTo(NexusDataErrorKind.Validation));

    [Test]
    public void What_is_not_UTF_8_is_refused()
        => Assert.That(
            () => StoredJson.Of(new byte[] { (byte)'"', 0xff, (byte)'"' }, "body"),
            Throws.TypeOf<NexusDataException>().With.Message.Contains("UTF-8"));

    [TestCase(5_000, false)]
    [TestCase(6_000, false)]
    [TestCase(20_000, true)]
    [TestCase(1_000_000, true)]
    public async Task A_server_takes_what_is_nested_as_deep_as_we_store(int levels, bool isAltered)
    {
        var json = Encoding.UTF8.GetBytes(
            "{\"messages\":" + new string('[', levels - 1) + new string(']', levels - 1) + "}");
        var stored = StoredJson.Of(json, "body");

        await RoundTripAsync(stored);

        Assert.That(stored.IsAltered, Is.EqualTo(isAltered));
    }

    [Test]
    public async Task Every_alteration_is_taken_by_the_server()
    {
        var json = Encoding.UTF8.GetBytes(
            "{\"a\\u0000\":\"\\ud83d\",\"n\":[1e131071,1e131072,1e-16383,1e-16384,0e99999999999," + new string('9', 400)
            + ",0." + new string('1', 16_383) + ",0." + new string('1', 16_384) + "," + new string('9', 131_072) + ","
            + new string('9', 131_073) + "]}");

        await RoundTripAsync(StoredJson.Of(json, "body"));
    }

    [Test]
    public async Task The_link_hash_is_the_same_of_a_body_as_it_came_as_jsonb_gives_it_back_and_copied_into_the_next_turn()
    {
        var traffic = new RequestTraffic(new() { Seed = 5, ToolRate = 0.6 }).Generate(TestScale.Of(500, 5_000)).ToList();
        await using var db = Server.Open(ConnectionString);
        await using var command = db.Database.GetDbConnection().CreateCommand();
        await db.Database.OpenConnectionAsync();
        command.CommandText = "SELECT $1::jsonb::text";
        var parameter = new Npgsql.NpgsqlParameter<string>();
        command.Parameters.Add(parameter);
        var copied = 0;
        foreach (var item in traffic)
        {
            var came = RequestHasher.Hash(item.Body);
            parameter.Value = Encoding.UTF8.GetString(item.Body);
            var back = RequestHasher.Hash(Encoding.UTF8.GetBytes((string)(await command.ExecuteScalarAsync())!));

            Assert.That(back.LinkHash, Is.EqualTo(came.LinkHash), item.RequestId.ToString());
            Assert.That(back.StableSystemHash, Is.EqualTo(came.StableSystemHash), item.RequestId.ToString());
            Assert.That(
                back.Prefixes.Select(prefix => prefix.LinkHash), Is.EqualTo(came.Prefixes.Select(prefix => prefix.LinkHash)));

            if (item.ParentId is { } parent && traffic.Find(other => other.RequestId == parent) is { } above
                && item.RetryOf is null && RequestHasher.Hash(above.Body) is { LinkHash: { } prefix }
                && came.Prefixes.Any(beginning => beginning.LinkHash.AsSpan().SequenceEqual(prefix)))
            {
                copied++;
            }
        }

        Assert.That(copied, Is.GreaterThan(traffic.Count / 2));
    }

    [Test]
    public async Task A_body_comes_back_as_the_bytes_that_came_where_it_was_altered_else_as_the_same_value()
    {
        var altered = """{"messages":[{"role":"user","content":"a\u0000b"}]}"""u8.ToArray();
        var plain = """{"z":1,"messages":[{"role":"user","content":"a"}]}"""u8.ToArray();
        var (first, second) = (Bodies.Request(0, "x"), Bodies.Request(1, "y"));
        first.SetBody(altered);
        second.SetBody(plain);
        await using (var db = Server.Open(ConnectionString))
        {
            db.AddRange(first, second);
            await db.SaveChangesAsync();
        }

        await using var fresh = Server.Open(ConnectionString);
        var stored = await fresh.Requests.OrderBy(request => request.Timestamp).ToListAsync();
        Assert.Multiple(() =>
        {
            Assert.That(stored[0].IsAltered, Is.True);
            Assert.That(stored[0].GetBody()!.Value.ToArray(), Is.EqualTo(altered));
            Assert.That(stored[1].IsAltered, Is.False);
            Assert.That(
                System.Text.Json.Nodes.JsonNode.DeepEquals(
                    System.Text.Json.Nodes.JsonNode.Parse(stored[1].GetBody()!.Value.Span),
                    System.Text.Json.Nodes.JsonNode.Parse(plain)));
            Assert.That(stored[0].GetResponseBody(), Is.Null);
        });
    }

    private async Task RoundTripAsync(StoredJson stored)
    {
        var request = Bodies.Request(0, "x");
        request.SetBody(stored.Original ?? stored.Json);
        await using (var db = Server.Open(ConnectionString))
        {
            db.Add(request);
            await db.SaveChangesAsync();
        }

        await using var fresh = Server.Open(ConnectionString);
        var read = await fresh.Requests.AsNoTracking().SingleAsync();
        Assert.That(read.Body, Is.Not.Null);
    }
}
