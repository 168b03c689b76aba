using Microsoft.EntityFrameworkCore;
using Nexus.Data.Analyses;
using Nexus.Data.Tests.Fixtures;
using Npgsql;

namespace Nexus.Data.Tests.Analyses;

public sealed class AuditLogTests : ServiceTest
{
    [Test]
    public async Task An_entry_is_read_back_as_it_was_added_the_newest_first()
    {
        var log = Service<AuditLog>();
        var conversation = Guid.NewGuid();
        var time = new DateTimeOffset(2025, 1, 2, 3, 4, 5, TimeSpan.Zero);

        var first = await log.AppendAsync(Entry(conversation, "a", """{"n":  1}""", time));
        var second = await log.AppendAsync(Entry(conversation, "b"));

        var entries = await log.ListAsync();
        Assert.That(entries.Select(entry => entry.Id), Is.EqualTo(new[] { second, first }));
        Assert.That(
            (entries[1].EventType, entries[1].Outcome, entries[1].BranchId, entries[1].TrainId, entries[1].RequestId,
                entries[1].UserContext, entries[1].Metadata, entries[1].Timestamp),
            Is.EqualTo(("ANALYSIS_REQUEST", "SUCCESS", "main", "a", "call \ufffd", "{}", """{"n": 1}""", time)));
        Assert.That(entries[0].Timestamp, Is.EqualTo(DateTimeOffset.UtcNow).Within(TimeSpan.FromMinutes(1)));
    }

    [Test]
    public async Task Lists_are_narrowed_down_and_paged_by_number()
    {
        var log = Service<AuditLog>();
        var (one, two) = (Guid.NewGuid(), Guid.NewGuid());
        var ids = new List<int>();
        foreach (var (conversation, train) in new[] { (one, "a"), (one, "a"), (two, "a"), (two, "b") })
        {
            ids.Add(await log.AppendAsync(Entry(conversation, train)));
        }

        async Task<IEnumerable<int>> IdsAsync(AuditFilter filter, int? before = null, int pageSize = 10)
            => (await log.ListAsync(filter, before, pageSize)).Select(entry => entry.Id);

        Assert.Multiple(async () =>
        {
            Assert.That(await IdsAsync(new() { ConversationId = one }), Is.EqualTo(new[] { ids[1], ids[0] }));
            Assert.That(await IdsAsync(new() { ConversationId = one, BranchId = "other" }), Is.Empty);
            Assert.That(await IdsAsync(new() { TrainId = "a" }, before: ids[2], pageSize: 1), Is.EqualTo(new[] { ids[1] }));
            Assert.That(await IdsAsync(new() { EventType = AuditEvents.Request, TrainId = "b" }), Is.EqualTo(new[] { ids[3] }));
            Assert.That(await IdsAsync(new() { EventType = AuditEvents.Retry }), Is.Empty);
        });
    }

    [TestCase("UPDATE analysis_audit_log SET outcome = 'FAILURE'")]
    [TestCase("DELETE FROM analysis_audit_log")]
    [TestCase("TRUNCATE analysis_audit_log")]
    public async Task The_applications_role_can_change_no_entry(string sql)
    {
        await Service<AuditLog>().AppendAsync(Entry(Guid.NewGuid(), "a"));
        await using var db = OpenContext();

        Assert.That(
            () => db.Database.ExecuteSqlRawAsync(sql),
            Throws.InstanceOf<PostgresException>().With.Property(nameof(PostgresException.SqlState)).EqualTo("42501"));
    }

    [Test]
    public async Task A_callers_transaction_takes_its_entries_along_and_saves_nothing_else()
    {
        var log = Service<AuditLog>();
        await using (var db = OpenContext())
        {
            await using var transaction = await db.Database.BeginTransactionAsync();
            db.Add(new ConversationAnalysis { ConversationId = Guid.NewGuid() });
            await log.In(db).AppendAsync(Entry(Guid.NewGuid(), "a"));
            await transaction.RollbackAsync();
        }

        await using (var db = OpenContext())
        {
            db.Add(new ConversationAnalysis { ConversationId = Guid.NewGuid() });
            await log.In(db).AppendAsync(Entry(Guid.NewGuid(), "b"));
        }

        await using var read = OpenContext();
        Assert.That((await log.ListAsync()).Select(entry => entry.TrainId), Is.EqualTo((string[])["b"]));
        Assert.That(await read.Analyses.AnyAsync(), Is.False);
    }

    [Test]
    public void An_entry_that_no_column_holds_is_refused_by_the_name_of_what_is_wrong()
    {
        var log = Service<AuditLog>();

        Assert.That(
            () => log.AppendAsync(Entry(Guid.NewGuid(), new string('x', 256))),
            Throws.ArgumentException.With.Message.Contains("TrainId"));
        Assert.That(
            () => log.AppendAsync(Entry(Guid.NewGuid(), "a", "{")),
            Throws.InstanceOf<NexusDataException>().With.Message.Contains("metadata"));
    }

    private static AuditLogEntry Entry(Guid conversation, string train, string? metadata = null, DateTimeOffset time = default)
        => new()
        {
            EventType = AuditEvents.Request,
            Outcome = AuditOutcomes.Success,
            ConversationId = conversation,
            BranchId = "main",
            TrainId = train,
            RequestId = "call \0",
            Metadata = metadata,
            Timestamp = time,
        };
}
