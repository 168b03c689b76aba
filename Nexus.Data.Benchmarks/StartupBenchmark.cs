using System.Diagnostics;
using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Nexus.Data.Trains;
using Npgsql;

namespace Nexus.Data.Benchmarks;

/// <summary>
/// How long does a process take that starts, asks for one row and ends: with the compiled model, with a model that is built from the configurations, and by
/// Npgsql alone? Each process is new, so that nothing is compiled or connected yet.
/// </summary>
public static class StartupBenchmark
{
    private const int Rounds = 21;

    private static readonly string[] _ways = ["npgsql", "built", "compiled"];

    /// <summary>Measures and prints milliseconds, from the beginning of the program to the answer and of the whole process.</summary>
    /// <param name="output">Where the figures go.</param>
    /// <returns>0.</returns>
    public static async Task<int> RunAsync(TextWriter output)
    {
        ArgumentNullException.ThrowIfNull(output);

        await using var server = await BenchDatabase.StartServerAsync();
        var connection = await server.CreateDatabaseAsync("startup");
        await BenchDatabase.MigrateAsync(connection);
        var answers = _ways.ToDictionary(way => way, _ => new List<double>());
        var processes = _ways.ToDictionary(way => way, _ => new List<double>());
        for (var round = -1; round < Rounds; round++)
        {
            foreach (var way in _ways)
            {
                var said = "";
                var whole = await BenchDatabase.TimeAsync(async () => said = await StartAsync(way, connection));

                // The first round brings the programs' files into memory.
                if (round >= 0)
                {
                    answers[way].Add(double.Parse(said, CultureInfo.InvariantCulture));
                    processes[way].Add(whole);
                }
            }
        }

        await output.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture, $"to the first answer, and the whole process: milliseconds, medians of {Rounds} new processes"));
        foreach (var way in _ways)
        {
            var (answer, process) = (BenchDatabase.Median(answers[way]), BenchDatabase.Median(processes[way]));
            await output.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture,
                $"  {way,-9} {answer,6:0} = {answer / BenchDatabase.Median(answers["built"]):0.00} of built   {process,6:0} = {process / BenchDatabase.Median(processes["built"]):0.00}"));
        }

        return 0;
    }

    /// <summary>Asks <c>NEXUS_DATABASE_URL</c> for one row and prints the milliseconds that it took.</summary>
    /// <param name="output">Where the figure goes.</param>
    /// <param name="way">How to ask.</param>
    /// <returns>0.</returns>
    public static async Task<int> OnceAsync(TextWriter output, string way)
    {
        ArgumentNullException.ThrowIfNull(output);

        var watch = Stopwatch.StartNew();
        var connection = Environment.GetEnvironmentVariable("NEXUS_DATABASE_URL")
            ?? throw new InvalidOperationException("NEXUS_DATABASE_URL names no database.");
        switch (way)
        {
            case "npgsql":
                await using (var source = NpgsqlDataSource.Create(connection))
                await using (var command = source.CreateCommand("SELECT id, train_id, name FROM trains WHERE train_id = $1"))
                {
                    command.Parameters.AddWithValue("rail-club");
                    await using var reader = await command.ExecuteReaderAsync();
                    await reader.ReadAsync();
                }

                break;
            case "built":
                await using (var db = new Built(connection))
                {
                    await AskAsync(db);
                }

                break;
            default:
                await using (var db = new BenchDatabase.Contexts(connection).CreateDbContext())
                {
                    await AskAsync(db);
                }

                break;
        }

        await output.WriteAsync(watch.Elapsed.TotalMilliseconds.ToString("0.0", CultureInfo.InvariantCulture));
        return 0;
    }

    private static Task<Train?> AskAsync(DbContext db)
        => db.Set<Train>().AsNoTracking().SingleOrDefaultAsync(train => train.TrainId == "rail-club");

    private static async Task<string> StartAsync(string way, string connection)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!, ["startup-once", way]) { RedirectStandardOutput = true };
        start.Environment["NEXUS_DATABASE_URL"] = connection;
        using var process = Process.Start(start)!;
        var said = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return said;
    }

    /// <summary>The same model without the compiled one, which EF finds by the context's type.</summary>
    private sealed class Built(string connection) : DbContext
    {
        protected override void OnConfiguring(DbContextOptionsBuilder optionsBuilder) => optionsBuilder.UseNexus(connection);

        protected override void OnModelCreating(ModelBuilder modelBuilder) => modelBuilder.ApplyNexusModel();
    }
}
