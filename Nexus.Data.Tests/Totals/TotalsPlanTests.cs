using Nexus.Data.Requests;
using Nexus.Data.Tests.Fixtures;

namespace Nexus.Data.Tests.Totals;

/// <summary>What the server reads to keep totals true.</summary>
public sealed class TotalsPlanTests : ServiceTest
{
    // As after the first rebuild of an adopted database, until the server looks at the table by itself.
    [Test]
    public async Task What_is_written_is_found_by_its_key_also_where_no_conversation_was_known_to_the_statistics()
    {
        await AdministerAsync(
            """
            ALTER TABLE api_requests SET (autovacuum_enabled = false);
            INSERT INTO api_requests (request_id, train_id, "timestamp", method, path, headers)
            SELECT gen_random_uuid(), 'train-1', '2025-03-01 12:00+00', 'POST', '/v1/messages', '{}' FROM generate_series(1, 20000);
            ANALYZE api_requests;
            UPDATE api_requests SET conversation_id = gen_random_uuid(), branch_id = 'main'
            """);

        var plans = await QueryPlans.OfAsync(await AdministratorAsync(), async db =>
        {
            var request = new ApiRequest
            {
                RequestId = Guid.NewGuid(),
                TrainId = "train-1",
                Timestamp = DateTimeOffset.UnixEpoch,
                Method = "POST",
                Path = "/v1/messages",
                ConversationId = Guid.NewGuid(),
            };
            db.Add(request);
            await db.SaveChangesAsync();
            request.OutputTokens = 7;
            await db.SaveChangesAsync();
        });

        await TestContext.Out.WriteLineAsync($"{plans.Statements} statements, {plans.Buffers} pages");
        Assert.That(plans.Indexes, Does.Contain("api_requests_pkey"), plans.All);
        Assert.That(plans.Indexes, Does.Not.Contain("idx_requests_conversation"), plans.All);
        Assert.That(plans.Buffers, Is.LessThan(500), plans.All);
    }
}
