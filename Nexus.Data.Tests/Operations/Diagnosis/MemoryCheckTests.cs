using Nexus.Data.Operations.Diagnosis;

namespace Nexus.Data.Tests.Operations.Diagnosis;

[Category("ServerVersions")]
public sealed class MemoryCheckTests : CheckTest
{
    // No test fills a server's memory, so the server is said to have less, and to find less in it.
    private static readonly MemoryCheck _small = new() { SharedBuffers = 8192, EnoughPages = 1, WantedPart = 2 };

    [Test]
    public async Task Indexes_that_are_larger_than_the_memory_and_are_read_past_it_are_a_warning()
    {
        await AdministerUntilAsync(
            """
            INSERT INTO model_prices (model, valid_from, input_price, output_price, cache_creation_price, cache_read_price)
            SELECT 'model ' || n, '2026-01-01', 1, 1, 1, 1 FROM generate_series(1, 5000) n;
            SET enable_seqscan = off;
            SELECT count(*) FROM model_prices WHERE model = 'model 7'
            """,
            "pg_stat_user_indexes WHERE indexrelname = 'model_prices_pkey' AND idx_scan > 0");

        var well = await RunAsync(new MemoryCheck());
        var result = await RunAsync(_small);

        Assert.That(well.Status, Is.EqualTo(CheckStatus.Ok));
        Assert.That(well.Details[0], Does.Match(@"^Of the indexes \d+ kB are in use; shared_buffers has \d+ MB, effective_cache_size says \d+ [MG]B\.$"));
        Assert.That(
            well.Details[1],
            Does.Match(@"^model_prices: indexes \d+ kB, in use \d+ kB, [\d.]+ ?% of [\d,]+ pages found in memory; rows \d+ kB, [\d.]+ ?% of [\d,]+ pages\.$"));
        Assert.That(result.Status, Is.EqualTo(CheckStatus.Warning));
        Assert.That(
            result.Finding,
            Does.StartWith("The indexes in use of model_prices have outgrown the server's memory: shared_buffers has 8192 bytes"));
        Assert.That(result.Details, Is.EqualTo([well.Details[1]]));
        Assert.That(result.Remedy, Does.Contain("Raise shared_buffers").And.Contain("'nexus-data prune'").And.Contain("--payload-only"));

        foreach (var enough in new[]
        {
            new MemoryCheck { SharedBuffers = 1L << 40, EnoughPages = 1, WantedPart = 2 },
            new MemoryCheck { SharedBuffers = 8192, EnoughPages = 1, WantedPart = 0 },
            new MemoryCheck { SharedBuffers = 8192, WantedPart = 2 },
        })
        {
            Assert.That((await RunAsync(enough)).Status, Is.EqualTo(CheckStatus.Ok));
        }
    }

    [Test]
    public async Task An_index_that_nobody_uses_needs_no_memory()
    {
        await AdministerUntilAsync(
            """
            INSERT INTO model_prices (model, valid_from, input_price, output_price, cache_creation_price, cache_read_price)
            SELECT 'model ' || n, '2026-01-01', 1, 1, 1, 1 FROM generate_series(1, 5000) n
            """,
            "pg_statio_user_indexes WHERE indexrelname = 'model_prices_pkey' AND idx_blks_hit > 0");

        Assert.That((await RunAsync(_small)).Status, Is.EqualTo(CheckStatus.Ok));
    }
}
