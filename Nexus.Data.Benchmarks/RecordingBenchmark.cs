using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Nexus.Data.Conversations;
using Nexus.Data.Recording;
using Nexus.Data.Seeding.Traffic;
using NpgsqlTypes;

namespace Nexus.Data.Benchmarks;

/// <summary>
/// How many calls with their answers a second go through the recorder (eight callers, two transactions a call) and through
/// the queue (to the last one's commit), beside a raw COPY of the same bodies in one transaction; and the same, without
/// linking, on our indexes and on those of migration 014, which do not serve the look-ups of linking?
/// </summary>
public static class RecordingBenchmark
{
    private const int Stored = 20_000;
    private const int Rounds = 5;
    private const int Batch = 1_000;
    private const int Callers = 8;

    /// <summary>Measures and prints calls a second.</summary>
    /// <param name="output">Where the figures go.</param>
    /// <param name="bytes">Bytes of a body on average.</param>
    /// <returns>0.</returns>
    public static async Task<int> RunAsync(TextWriter output, int bytes)
    {
        ArgumentNullException.ThrowIfNull(output);

        await using var server = await BenchDatabase.StartServerAsync();
        var ours = await server.CreateDatabaseAsync("ours");
        var unpooled = BenchDatabase.Unpooled(ours);
        await BenchDatabase.MigrateAsync(unpooled);
        await BenchDatabase.FillAsync(unpooled, new() { Seed = 1, Trains = 5, BodyBytes = bytes }, Stored);
        await new Conversations.Rebuilding.ConversationRebuilder(new BenchDatabase.Contexts(unpooled))
            .RebuildAsync(new() { Execute = true });
        var theirs = await BenchDatabase.CopyWithIndexesOf014Async(server, ours);
        var raw = await server.CreateDatabaseAsync("raw");
        await BenchDatabase.ExecuteAsync(
            raw, "CREATE TABLE raw (request_id uuid, train_id text, at timestamptz, body jsonb, response_body jsonb)");

        (string Name, Func<TrafficRequest[], Task> Work)[] subjects =
        [
            ("raw COPY of the bodies", requests => CopyAsync(raw, requests)),
            ("recorder", requests => RecordAsync(ours, requests, links: true)),
            ("queue", requests => EnqueueAsync(ours, requests, links: true)),
            ("recorder without linking, our indexes", requests => RecordAsync(ours, requests, links: false)),
            ("recorder without linking, indexes of 014", requests => RecordAsync(theirs, requests, links: false)),
            ("queue without linking, our indexes", requests => EnqueueAsync(ours, requests, links: false)),
            ("queue without linking, indexes of 014", requests => EnqueueAsync(theirs, requests, links: false)),
        ];
        var rates = subjects.ToDictionary(subject => subject.Name, _ => new List<double>());
        var further = new RequestTraffic(new() { Seed = 2, Trains = 5, BodyBytes = bytes })
            .Generate(Batch * (Rounds + 1) * subjects.Length).Chunk(Batch).GetEnumerator();
        for (var round = 0; round <= Rounds; round++)
        {
            foreach (var (name, work) in subjects)
            {
                further.MoveNext();
                var requests = further.Current;
                var milliseconds = await BenchDatabase.TimeAsync(() => work(requests));

                // The first round warms up.
                if (round > 0)
                {
                    rates[name].Add(requests.Length / milliseconds * 1_000);
                }
            }
        }

        await output.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"{Batch:N0} calls of {bytes:N0} bytes a round beside {Stored:N0}, medians of {Rounds} rounds"));
        var baseline = BenchDatabase.Median(rates[subjects[0].Name]);
        foreach (var (name, _) in subjects)
        {
            var rate = BenchDatabase.Median(rates[name]);
            await output.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture, $"{name,-42} {rate,8:N0} a second, {rate / baseline:N3} of the raw COPY"));
        }

        return 0;
    }

    private static async Task CopyAsync(string connection, TrafficRequest[] requests)
    {
        await using var npgsql = await BenchDatabase.OpenAsync(connection);
        await using var rows = await npgsql.BeginBinaryImportAsync(
            "COPY raw (request_id, train_id, at, body, response_body) FROM STDIN (FORMAT binary)");
        foreach (var request in requests)
        {
            await rows.StartRowAsync();
            await rows.WriteAsync(request.RequestId, NpgsqlDbType.Uuid);
            await rows.WriteAsync(request.TrainId, NpgsqlDbType.Text);
            await rows.WriteAsync(request.Timestamp.UtcDateTime, NpgsqlDbType.TimestampTz);
            await rows.WriteAsync(request.Body, NpgsqlDbType.Jsonb);
            await Persistence.BinaryCopy.WriteOrNullAsync(rows, request.ResponseBody, NpgsqlDbType.Jsonb);
        }

        await rows.CompleteAsync();
    }

    private static async Task RecordAsync(string connection, TrafficRequest[] requests, bool links)
    {
        await using var services = Services(connection, links, folder: null);
        var recorder = services.GetRequiredService<RequestRecorder>();
        await Parallel.ForEachAsync(
            requests, new ParallelOptions { MaxDegreeOfParallelism = Callers }, async (request, cancellationToken) =>
            {
                await recorder.RecordAsync(request.ToRecordedRequest(), cancellationToken);
                if (request.ToRecordedResponse() is { } response)
                {
                    await recorder.CompleteAsync(request.RequestId, response, cancellationToken);
                }
            });
    }

    private static async Task EnqueueAsync(string connection, TrafficRequest[] requests, bool links)
    {
        var folder = Directory.CreateTempSubdirectory("nexus-spool").FullName;
        try
        {
            await using var services = Services(connection, links, folder);
            var queue = services.GetRequiredService<RequestIngestQueue>();
            await queue.StartAsync(CancellationToken.None);
            foreach (var request in requests)
            {
                await queue.EnqueueAsync(request.ToRecordedRequest());
                if (request.ToRecordedResponse() is { } response)
                {
                    await queue.EnqueueAnswerAsync(request.TrainId, request.RequestId, response);
                }
            }

            await queue.StopAsync(CancellationToken.None);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static ServiceProvider Services(string connection, bool links, string? folder)
    {
        var services = new ServiceCollection().AddNexusData(connection);
        if (!links)
        {
            var linking = new LinkingOptions();
            linking.ExcludedRequestTypes.UnionWith(
                [RequestTypes.Inference, RequestTypes.QueryEvaluation, RequestTypes.Quota, RequestTypes.TokenCount]);
            services.AddSingleton(linking);
        }

        if (folder is not null)
        {
            services.AddNexusRequestIngest(options => (options.SpoolFolder, options.SweepSeconds) = (folder, 0));
        }

        return services.BuildServiceProvider();
    }
}
