using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Nexus.Data.Conversations;
using Nexus.Data.Recording;
using Nexus.Data.Requests;
using Nexus.Data.Seeding.Traffic;
using Nexus.Data.Tests.Conversations;
using Nexus.Data.Tests.Fixtures;

namespace Nexus.Data.Tests.Recording;

public sealed class RequestExporterTests : DatabaseTest
{
    private static readonly Guid _streamed = Guid.Parse("00000000-0000-0000-0000-000000004711");

    [Test]
    public async Task Exported_imported_and_exported_again_the_log_has_the_same_bytes()
    {
        await ImportGoldenAsync();
        await ImportTrafficAsync(300);
        await StoreStreamedAsync();
        var elsewhere = await Server.CloneAsync();
        try
        {
            var log = await ExportAsync(ConnectionString);
            using var input = new MemoryStream(log);
            var report = await new RequestImporter(new Contexts(elsewhere)).ImportAsync(input);
            var again = await ExportAsync(elsewhere);
            input.Position = 0;
            var second = await new RequestImporter(new Contexts(elsewhere)).ImportAsync(input);
            var third = await ExportAsync(elsewhere);

            Assert.Multiple(() =>
            {
                Assert.That((report.Stored, report.Rejected), Is.EqualTo((426L, 0L)));
                Assert.That(Encoding.UTF8.GetString(again), Is.EqualTo(Encoding.UTF8.GetString(log)));
                Assert.That((second.Stored, second.Known), Is.EqualTo((0L, 426L)));
                Assert.That(third.AsSpan().SequenceEqual(log), Is.True);
            });
        }
        finally
        {
            await Server.DropAsync(elsewhere);
        }
    }

    [Test]
    public async Task A_line_carries_the_events_of_its_answer_in_their_order()
    {
        await StoreStreamedAsync();

        var line = JsonDocument.Parse(await ExportAsync(ConnectionString)).RootElement;

        var chunks = line.GetProperty("streaming_chunks").EnumerateArray().ToList();
        Assert.That(
            chunks.Select(chunk => (
                chunk.GetProperty("chunk_index").GetInt32(), chunk.GetProperty("data").GetString(),
                chunk.GetProperty("token_count").GetInt32())),
            Is.EqualTo(new[] { (0, "{\"type\": \"ping\"}\n", 0), (1, "ü \"quoted\"", 7) }));
        Assert.That(chunks[1].GetProperty("timestamp").GetDateTimeOffset(), Is.EqualTo(Time(2).AddTicks(10)));
    }

    [TestCase("""{"chunk_index": 0}""", "streaming_chunks is no array")]
    [TestCase("[1]", "no JSON object")]
    [TestCase("""[{"timestamp": "2025-01-01T00:00Z", "data": "a"}]""", "chunk_index of an event is missing")]
    [TestCase("""[{"chunk_index": 0, "timestamp": "2025-01-01T00:00", "data": "a"}]""", "has no zone")]
    [TestCase("""[{"chunk_index": 0, "timestamp": "2025-01-01T00:00Z"}]""", "data of an event is missing")]
    [TestCase("""[{"chunk_index": 0, "timestamp": "2025-01-01T00:00Z", "data": {}}]""", "data is no text")]
    [TestCase(
        """
        [{"chunk_index": 0, "timestamp": "2025-01-01T00:00Z", "data": "a"}, {"chunk_index": 0, "timestamp": "2025-01-01T00:00Z", "data": "b"}]
        """,
        "one chunk_index twice")]
    public void Wrong_events_are_refused_with_their_line(string events, string reason)
    {
        var line = $$"""{"request_id": "{{_streamed}}", "train_id": "t", "timestamp": "2025-01-01T00:00Z", "streaming_chunks": {{events}}}""";

        Assert.That(
            () => RequestLogLine.Read(Encoding.UTF8.GetBytes(line)),
            Throws.TypeOf<NexusDataException>().With.Message.Contains(reason));
    }

    [Test]
    public async Task A_train_a_conversation_and_a_time_each_leave_out_the_others()
    {
        await ImportGoldenAsync();
        await using var db = OpenContext();
        var rows = await db.Requests.AsNoTracking().OrderBy(row => row.Timestamp).ThenBy(row => row.RequestId)
            .Select(row => new { row.RequestId, row.TrainId, row.ConversationId, row.Timestamp }).ToListAsync();
        var train = rows[^1].TrainId;
        var conversation = rows.GroupBy(row => row.ConversationId).MaxBy(group => group.Count())!.Key;
        var since = rows[rows.Count / 2].Timestamp;

        Assert.That(
            await IdsAsync(new() { TrainId = train }),
            Is.EqualTo(rows.Where(row => row.TrainId == train).Select(row => row.RequestId)));
        Assert.That(
            await IdsAsync(new() { ConversationId = conversation }),
            Is.EqualTo(rows.Where(row => row.ConversationId == conversation).Select(row => row.RequestId)));
        Assert.That(
            await IdsAsync(new() { Since = since }),
            Is.EqualTo(rows.Where(row => row.Timestamp >= since).Select(row => row.RequestId)));
        Assert.That(
            await IdsAsync(new() { Since = since, TrainId = train, ConversationId = conversation }),
            Is.EqualTo(rows.Where(row => row.Timestamp >= since && row.TrainId == train && row.ConversationId == conversation)
                .Select(row => row.RequestId)));
        Assert.That(await IdsAsync(new()), Is.EqualTo(rows.Select(row => row.RequestId)));
    }

    [Test]
    public async Task An_import_skips_what_it_was_not_asked_for()
    {
        var all = GoldenLog.Lines.Select(line => RequestLogLine.Read(line)).ToList();
        var train = all[^1].TrainId;
        var since = all[all.Count / 2].Timestamp;
        var asked = all.Where(row => row.TrainId == train && row.Timestamp >= since).ToList();
        await using var log = File.OpenRead(GoldenLog.PathOf("request-log.jsonl"));

        var report = await new RequestImporter(new Contexts(ConnectionString)).ImportAsync(
            log, new() { TrainId = train, Since = since });

        await using var db = OpenContext();
        Assert.That((report.Lines, report.Stored, report.Skipped), Is.EqualTo((125L, (long)asked.Count, 125L - asked.Count)));
        Assert.That(await db.Requests.Select(row => row.RequestId).ToListAsync(), Is.EquivalentTo(asked.Select(row => row.RequestId)));
        Assert.That(report.Skipped, Is.GreaterThan(0));
        Assert.That(asked, Is.Not.Empty);
    }

    [Test]
    public async Task Memory_does_not_grow_with_the_rows_even_where_EF_would_hold_them_all()
    {
        await using (var administrator = Server.Open(await AdministratorAsync()))
        {
            // A text that does not compress, so that it weighs as much on its way as in memory.
            await administrator.Database.ExecuteSqlRawAsync(
                """
                INSERT INTO api_requests (request_id, train_id, "timestamp", method, path, headers, body)
                SELECT gen_random_uuid(), 'train-' || i % 3, now() - i * interval '1 second', 'POST', '/v1/messages', '{{}}',
                       to_jsonb((SELECT string_agg(md5(i || ' ' || n), '') FROM generate_series(1, 1000) n))
                FROM generate_series(1, 2000) i
                """);
        }

        var builder = new DbContextOptionsBuilder<NexusDbContext>();
        builder.UseNexus(ConnectionString, npgsql => npgsql.EnableRetryOnFailure());
        await using var log = new LiveMemory();
        var before = GC.GetTotalMemory(forceFullCollection: true);

        var report = await new RequestExporter(new Factory(builder.Options)).ExportAsync(log);

        Assert.That(report.Requests, Is.EqualTo(2_000));
        Assert.That(report.Bytes, Is.GreaterThan(64_000_000));
        Assert.That(log.Most - before, Is.LessThan(8_000_000));
    }

    private static DateTimeOffset Time(int minute) => new(2025, 1, 1, 0, minute, 0, TimeSpan.Zero);

    private async Task StoreStreamedAsync()
    {
        await using var db = OpenContext();
        var request = new ApiRequest
        {
            RequestId = _streamed,
            TrainId = "streams",
            Timestamp = Time(1),
            Method = "POST",
            Path = "/v1/messages",
            ResponseStreaming = true,
        };
        request.SetBody("""{"messages": [{"role": "user", "content": "hi \u0000"}]}"""u8.ToArray());
        await using var transaction = await db.Database.BeginTransactionAsync();
        db.Add(request);
        await new ConversationLinker(db).LinkAsync(request);
        db.Add(new StreamingChunk
        {
            RequestId = _streamed,
            ChunkIndex = 1,
            Timestamp = Time(2).AddTicks(10),
            Data = "ü \"quoted\"",
            TokenCount = 7,
        });
        db.Add(new StreamingChunk
        {
            RequestId = _streamed,
            ChunkIndex = 0,
            Timestamp = Time(1),
            Data = "{\"type\": \"ping\"}\n",
        });
        await db.SaveChangesAsync();
        await transaction.CommitAsync();
    }

    private async Task ImportGoldenAsync()
    {
        await using var log = File.OpenRead(GoldenLog.PathOf("request-log.jsonl"));
        await new RequestImporter(new Contexts(ConnectionString)).ImportAsync(log);
    }

    private async Task ImportTrafficAsync(int count)
    {
        using var log = new MemoryStream();
        new RequestTraffic(new() { Seed = 5, BodyBytes = 2_000 }).ToLines(count, log);
        log.Position = 0;
        await new RequestImporter(new Contexts(ConnectionString)).ImportAsync(log);
    }

    private static async Task<byte[]> ExportAsync(string connectionString, ExportOptions? options = null)
    {
        using var log = new MemoryStream();
        await new RequestExporter(new Contexts(connectionString)).ExportAsync(log, options);
        return log.ToArray();
    }

    private async Task<List<Guid>> IdsAsync(ExportOptions options)
        => [.. Encoding.UTF8.GetString(await ExportAsync(ConnectionString, options))
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonDocument.Parse(line).RootElement.GetProperty("request_id").GetGuid())];

    private sealed class Factory(DbContextOptions<NexusDbContext> options) : IDbContextFactory<NexusDbContext>
    {
        public NexusDbContext CreateDbContext() => new(options);
    }

    // Throws away what it is given, and looks now and then at what is held meanwhile.
    private sealed class LiveMemory : MemoryStream
    {
        private int _writes;

        public long Most { get; private set; }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (++_writes % 250 == 0)
            {
                Most = Math.Max(Most, GC.GetTotalMemory(forceFullCollection: true));
            }

            return default;
        }
    }
}
