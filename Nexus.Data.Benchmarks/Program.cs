using System.Globalization;
using Nexus.Data.Benchmarks;
using Nexus.Data.Seeding.Traffic;

return args switch
{
    ["hashing"] => HashingBenchmark.Run(Console.Out),
    ["linking"] => await LinkingBenchmark.RunAsync(Console.Out, 10_000, 1_000_000),
    ["linking", var size] => await LinkingBenchmark.RunAsync(Console.Out, Number(size)),
    ["rebuild"] => await RebuildBenchmark.RunAsync(Console.Out, 100_000, 10_000),
    ["rebuild", var size, var bytes] => await RebuildBenchmark.RunAsync(Console.Out, Number(size), Number(bytes)),
    ["rebuild-memory"] => await RebuildBenchmark.MemoryAsync(
        Console.Out, (10_000, 1_500), (10_000, 10_000), (10_000, 60_000), (100_000, 10_000), (1_000_000, 1_500)),
    ["rebuild-once"] => await RebuildBenchmark.OnceAsync(Console.Out),
    ["keys"] => await ApiKeyBenchmark.RunAsync(Console.Out, 1_000_000, 70),
    ["keys", var size, var seconds] => await ApiKeyBenchmark.RunAsync(Console.Out, Number(size), Number(seconds)),
    ["recording"] => await RecordingBenchmark.RunAsync(Console.Out, 10_000),
    ["storing"] => await StoringBenchmark.RunAsync(Console.Out, 10_000),
    ["dashboards"] => await DashboardBenchmark.RunAsync(Console.Out, (10_000, 10_000), (100_000, 10_000), (1_000_000, 1_000)),
    ["dashboards", var size, var bytes] => await DashboardBenchmark.RunAsync(Console.Out, (Number(size), Number(bytes))),
    ["chats"] => await ChatBenchmark.RunAsync(Console.Out, 25_000, 1_000_000),
    ["chats", var size] => await ChatBenchmark.RunAsync(Console.Out, Number(size)),
    ["hot-paths"] => await HotPathBenchmark.RunAsync(Console.Out),
    ["startup"] => await StartupBenchmark.RunAsync(Console.Out),
    ["startup-once", var way] => await StartupBenchmark.OnceAsync(Console.Out, way),
    ["populating"] => await PopulatingBenchmark.RunAsync(Console.Out, (25_000, 7), (1_000_000, 3)),
    ["populating", var size] => await PopulatingBenchmark.RunAsync(Console.Out, (Number(size), 7)),
    ["bulk"] => await BulkMessagesBenchmark.RunAsync(Console.Out, (25_000, 7), (1_000_000, 3)),
    ["bulk", var size] => await BulkMessagesBenchmark.RunAsync(Console.Out, (Number(size), 7)),
    ["resetting"] => await ResettingBenchmark.RunAsync(Console.Out),
    ["migrating"] => await MigratingBenchmark.RunAsync(Console.Out, 1_000_000, 1_500),
    ["migrating", var size, var bytes] => await MigratingBenchmark.RunAsync(Console.Out, Number(size), Number(bytes)),
    ["traffic", var count, var bytes, var file] => Traffic(Number(count), Number(bytes), file),
    _ => Usage(),
};

// A request log to measure imports with.
static int Traffic(int count, int bytes, string file)
{
    using var log = File.Create(file);
    Console.WriteLine($"{new RequestTraffic(new() { Seed = 1, BodyBytes = bytes }).ToLines(count, log)} bytes");
    return 0;
}

static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

static int Usage()
{
    Console.Error.WriteLine("usage: dotnet run -c Release --project Nexus.Data.Benchmarks -- hashing | linking [requests] | keys [COUNT SECONDS] | rebuild [COUNT BODY-BYTES] | rebuild-memory | recording | storing | dashboards [COUNT BODY-BYTES] | chats [COUNT] | populating [COUNT] | bulk [COUNT] | hot-paths | startup | resetting | migrating [COUNT BODY-BYTES] | traffic COUNT BODY-BYTES FILE");
    return 2;
}
