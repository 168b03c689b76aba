using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;

namespace Nexus.Samples.ProxySimulation;

/// <summary>Migrates in a process of its own, as operators do before a proxy starts: what it takes is gone then.</summary>
internal static class Migration
{
    public const string Argument = "migrate";

    private const string Variable = "NEXUS_DATABASE_URL";

    public static async Task StartAsync(string connectionString)
    {
        var host = Environment.ProcessPath!;
        string[] command = Path.GetFileNameWithoutExtension(host) == "dotnet"
            ? ["exec", typeof(Migration).Assembly.Location, Argument]
            : [Argument];
        var start = new ProcessStartInfo(host, command);
        start.Environment[Variable] = connectionString;
        using var process = Process.Start(start)!;
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"The migration ended with exit code {process.ExitCode}.");
        }
    }

    public static async Task RunAsync()
    {
        await using var services = new ServiceCollection()
            .AddNexusData(Environment.GetEnvironmentVariable(Variable)!).BuildServiceProvider();
        await services.MigrateNexusDataAsync();
    }
}
