using System.Globalization;
using Nexus.Data.Embedded;
using Nexus.Samples.ProxySimulation;

if (args is [Migration.Argument])
{
    await Migration.RunAsync();
    return 0;
}

// dotnet run -c Release --project samples/ProxySimulation -- [SECONDS] [CALLS-A-SECOND]
var seconds = int.Parse(args.ElementAtOrDefault(0) ?? "300", CultureInfo.InvariantCulture);
var rate = int.Parse(args.ElementAtOrDefault(1) ?? "200", CultureInfo.InvariantCulture);

// The server's user has to reach its folder, the queue's nobody else.
var folder = Path.Combine(EmbeddedPostgres.DefaultFolder, $"proxy-simulation-{Environment.ProcessId}");
var spool = Directory.CreateTempSubdirectory("proxy-simulation").FullName;
try
{
    await using var server = await UnsteadyServer.StartAsync(folder);
    var report = await Simulation.RunAsync(server, spool, TimeSpan.FromSeconds(seconds), rate, Console.Out);
    await report.WriteAsync(Console.Out);
    return report.IsGood ? 0 : 1;
}
finally
{
    Directory.Delete(spool, recursive: true);
    if (Directory.Exists(folder))
    {
        Directory.Delete(folder, recursive: true);
    }
}
