using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Nexus.Data.Conversations.Browsing;
using Nexus.Data.Conversations.Rebuilding;
using Nexus.Data.Recording;
using Nexus.Data.Seeding.Traffic;
using Nexus.Data.Trains;
using Npgsql;

namespace Nexus.Data.Benchmarks;

/// <summary>
/// What do the services add to their statements where they are called for every request: time, and bytes that are allocated? Each call by the service and
/// its very statements, in its transactions, by Npgsql alone, prepared. What writes does so in two copies of one database.
/// </summary>
public static class HotPathBenchmark
{
    private const int Stored = 20_000;
    private const int WarmUp = 1_000;
    private const int Calls = 4_000;
    private const int Arguments = 500;

    /// <summary>Measures and prints medians and 99th percentiles in microseconds, bytes, and their ratios.</summary>
    /// <param name="output">Where the figures go.</param>
    /// <returns>0.</returns>
    public static async Task<int> RunAsync(TextWriter output)
    {
        ArgumentNullException.ThrowIfNull(output);

        await using var server = await BenchDatabase.StartServerAsync();
        var connection = BenchDatabase.Unpooled(await server.CreateDatabaseAsync("hot"));
        await BenchDatabase.MigrateAsync(connection);
        await BenchDatabase.FillAsync(connection, new() { Seed = 1, Trains = 5, BodyBytes = 2_000 }, Stored);
        await new ConversationRebuilder(new BenchDatabase.Contexts(connection)).RebuildAsync(new() { Execute = true });
        var requests = new RequestTraffic(new() { Seed = 2, Trains = 5, BodyBytes = 2_000 }).Generate(WarmUp + Calls).ToList();

        // Nobody is connected: copies can be made.
        string[] copies = ["hot_watched", "hot_ours", "hot_plain"];
        foreach (var copy in copies)
        {
            await BenchDatabase.ExecuteAsync(server.ConnectionString, $"CREATE DATABASE {copy} TEMPLATE hot");
        }

        await output.WriteLineAsync("one caller, microseconds: the service, its statements by Npgsql alone, prepared; bytes that a call allocates");
        await ReadAsync(output, Pooled(connection, "hot"));
        await WriteAsync(output, requests, [.. copies.Select(copy => Pooled(connection, copy))]);
        return 0;
    }

    private static async Task ReadAsync(TextWriter output, string connection)
    {
        await using var services = new ServiceCollection().AddNexusData(connection).BuildServiceProvider();
        var contexts = services.GetRequiredService<IDbContextFactory<NexusDbContext>>();
        await using var db = await contexts.CreateDbContextAsync();
        var ids = await db.Requests.OrderBy(request => request.RequestId).Select(request => request.RequestId).Take(Arguments).ToListAsync();
        var slug = await db.Requests.Select(request => request.TrainId).FirstAsync();
        await services.GetRequiredService<TrainService>().CreateAsync(new() { TrainId = slug, Name = slug }, "a@example.org");
        var keys = await services.GetRequiredService<ApiKeyService>().CreateManyAsync(slug, 20);

        await CompareAsync("an API key", n => keys[n % keys.Count].Key, (scope, key) => scope.Keys.VerifyAsync(key));
        await CompareAsync("a request with its parent", n => ids[n % ids.Count], (scope, id) => scope.Conversations.GetRequestAsync(id));
        await CompareAsync("the newest conversations", _ => slug, (scope, train) => scope.Conversations.ListAsync(new() { TrainId = train }));

        Scope In(NexusDbContext? caller)
        {
            var (verifier, conversations) = (services.GetRequiredService<ApiKeyService>(), services.GetRequiredService<ConversationQueries>());
            return caller is null ? new(verifier, conversations) : new(verifier.In(caller), conversations.In(caller));
        }

        async Task CompareAsync<T>(string name, Func<int, T> argument, Func<Scope, T, Task> ask)
        {
            var sent = new List<SentCommands>();
            for (var n = 0; n < Arguments; n++)
            {
                sent.Add(await SentCommands.OfAsync(connection, caller => ask(In(caller), argument(n))));
            }

            await using var source = NpgsqlDataSource.Create(connection);
            var service = In(null);
            var measured = await SideBySide.MeasureAsync(
                WarmUp, Calls, n => ask(service, argument(n % Arguments)), n => sent[n % Arguments].RunAsync(source));
            await output.WriteLineAsync(measured.Describe(name));
        }
    }

    // What a call sends hangs on what is stored: it is watched in a database of its own, in the same order.
    private static async Task WriteAsync(TextWriter output, List<TrafficRequest> requests, string[] connections)
    {
        var watched = new SentCommands();
        await using var services = new ServiceCollection().AddSingleton(watched.Watch(connections[0])).AddNexusData(connections[0]).BuildServiceProvider();
        var (calls, answers) = (new List<SentCommands>(), new List<SentCommands>());
        foreach (var request in requests)
        {
            var recorder = services.GetRequiredService<RequestRecorder>();
            await recorder.RecordAsync(request.ToRecordedRequest());
            calls.Add(watched.Take());
            if (request.ToRecordedResponse() is { } response)
            {
                await recorder.CompleteAsync(request.RequestId, response);
            }

            answers.Add(watched.Take());
        }

        await using var ours = new ServiceCollection().AddNexusData(connections[1]).BuildServiceProvider();
        await using var source = NpgsqlDataSource.Create(connections[2]);
        var service = ours.GetRequiredService<RequestRecorder>();
        var recorded = new SideBySide.Series();
        var completed = new SideBySide.Series();
        for (var n = 0; n < requests.Count; n++)
        {
            var request = requests[n];
            await recorded.CallAsync(n, n >= WarmUp, _ => service.RecordAsync(request.ToRecordedRequest()), _ => calls[n].RunAsync(source));
            if (request.ToRecordedResponse() is { } response)
            {
                await completed.CallAsync(n, n >= WarmUp, _ => service.CompleteAsync(request.RequestId, response), _ => answers[n].RunAsync(source));
            }
        }

        await output.WriteLineAsync(recorded.ToFigures().Describe("recording a call"));
        await output.WriteLineAsync(completed.ToFigures().Describe("its answer"));
    }

    private static string Pooled(string connection, string database)
        => new NpgsqlConnectionStringBuilder(connection) { Pooling = true, Database = database }.ConnectionString;

    private sealed record Scope(ApiKeyService Keys, ConversationQueries Conversations);
}
