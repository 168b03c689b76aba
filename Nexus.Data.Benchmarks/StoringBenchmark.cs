using System.Globalization;
using Nexus.Data.Seeding.Traffic;

namespace Nexus.Data.Benchmarks;

/// <summary>
/// How many requests a second are stored on our indexes, and on those of migration 014, with 100,000 there already? One
/// transaction for each, by EF on eight connections, without the look-up, which the indexes of 014 do not serve; and how
/// much is written ahead.
/// </summary>
public static class StoringBenchmark
{
    private const int Stored = 100_000;
    private const int Rounds = 6;
    private const int Batch = 1_000;
    private const int Writers = 8;

    /// <summary>Measures and prints requests a second and bytes of WAL a request.</summary>
    /// <param name="output">Where the figures go.</param>
    /// <param name="bytes">Bytes of a body on average.</param>
    /// <returns>0.</returns>
    public static async Task<int> RunAsync(TextWriter output, int bytes)
    {
        ArgumentNullException.ThrowIfNull(output);

        await using var server = await BenchDatabase.StartServerAsync();
        var traffic = new TrafficOptions { Seed = 1, Trains = 1, BodyBytes = bytes };
        var ours = await server.CreateDatabaseAsync("ours");
        var unpooled = BenchDatabase.Unpooled(ours);
        await BenchDatabase.MigrateAsync(unpooled);
        await BenchDatabase.FillAsync(unpooled, traffic, Stored);
        await new Conversations.Rebuilding.ConversationRebuilder(new BenchDatabase.Contexts(unpooled))
            .RebuildAsync(new() { Execute = true });
        var theirs = await BenchDatabase.CopyWithIndexesOf014Async(server, ours);

        var (plain, trimmed, plainWal, trimmedWal) =
            (new List<double>(), new List<double>(), new List<double>(), new List<double>());
        var further = new RequestTraffic(new() { Seed = 2, Trains = 1, BodyBytes = bytes })
            .Generate(Batch * (Rounds + 1)).Chunk(Batch).ToList();
        for (var round = 0; round <= Rounds; round++)
        {
            // Each goes first in turn: what one leaves to the server's background work is the other's burden.
            var isOursFirst = round % 2 == 0;
            var first = await StoreAsync(isOursFirst ? ours : theirs, further[round]);
            var second = await StoreAsync(isOursFirst ? theirs : ours, further[round]);
            var (before, after) = isOursFirst ? (second, first) : (first, second);

            // The first round warms up.
            if (round > 0)
            {
                plain.Add(before.Rate);
                plainWal.Add(before.Wal);
                trimmed.Add(after.Rate);
                trimmedWal.Add(after.Wal);
            }
        }

        await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"""
            {Batch * Rounds:N0} requests of {bytes:N0} bytes beside {Stored:N0}, {Writers} connections, medians of {Rounds}
            on the indexes of 014  {BenchDatabase.Median(plain),8:N0} a second, {BenchDatabase.Median(plainWal),8:N0} bytes of WAL a request
            on ours                {BenchDatabase.Median(trimmed),8:N0} a second, {BenchDatabase.Median(trimmedWal),8:N0} bytes of WAL a request
            ratio                  {BenchDatabase.Median(trimmed) / BenchDatabase.Median(plain),8:N2} (goal 1.2), {BenchDatabase.Median(trimmedWal) / BenchDatabase.Median(plainWal):N2} of the WAL
            """));
        return 0;
    }

    private static async Task<(double Rate, double Wal)> StoreAsync(string connection, TrafficRequest[] requests)
    {
        var contexts = new BenchDatabase.Contexts(connection);
        var from = await WalAsync(connection);
        var elapsed = await BenchDatabase.TimeAsync(async () =>
        {
            await Parallel.ForEachAsync(
                requests, new ParallelOptions { MaxDegreeOfParallelism = Writers }, async (item, cancellationToken) =>
                {
                    await using var db = contexts.CreateDbContext();
                    var request = item.ToRequest();
                    request.ConversationId = item.RequestId;
                    new Conversations.LinkSubject(request).FillInHashes();
                    db.Add(request);
                    await db.SaveChangesAsync(cancellationToken);
                });
        });
        return (requests.Length / elapsed * 1_000, (await WalAsync(connection) - from) / requests.Length);
    }

    private static async Task<double> WalAsync(string connection)
        => double.Parse(
            (await BenchDatabase.TextsAsync(connection, "SELECT (pg_current_wal_lsn() - '0/0')::text"))[0],
            CultureInfo.InvariantCulture);
}
