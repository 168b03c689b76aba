using System.CommandLine;
using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Nexus.Data.Seeding.Bench;

namespace Nexus.Data.Tool;

/// <summary><c>nexus-data bench</c>: times what chats are asked for, and looks whether their indexes serve.</summary>
internal static class BenchCommand
{
    private const int LongestLimit = 3_600_000;

    private static readonly BenchOptions _usual = new();

    public static Command Create(GlobalOptions options, ToolHost host)
    {
        var iterations = Count("--iterations", "How often each query is timed.", _usual.Iterations);
        var warmUp = Count("--warm-up", "How often each is asked before, untimed.", _usual.WarmUp);
        var timeline = Limit("--timeline-limit", "timelines and searches in them", _usual.TimelineLimit);
        var lookUp = Limit("--look-up-limit", "look-ups of people", _usual.LookUpLimit);
        var membership = Limit("--membership-limit", "questions who is in which chat", _usual.MembershipLimit);
        var chart = ChartFile.Option();
        var command = new Verb("bench", "Time what chats are asked for, against limits, and check that indexes serve. Changes no row.")
        {
            iterations, warmUp, timeline, lookUp, membership, chart,
        };
        command.Examples =
        [
            ("bench", "Exit code 0: 95 of 100 queries kept to their limits, and indexes serve them; 1: one did not."),
            ("bench --chart bench.svg --json", "The figures for a program, and a chart beside them."),
            ("bench --iterations 2000 --timeline-limit 2", "More of them, against a limit of 2 milliseconds."),
        ];
        command.SetWork(options, host, (run, cancellationToken) => RunAsync(
            run,
            new()
            {
                Iterations = run.Result.GetValue(iterations),
                WarmUp = run.Result.GetValue(warmUp),
                TimelineLimit = TimeSpan.FromMilliseconds(run.Result.GetValue(timeline)),
                LookUpLimit = TimeSpan.FromMilliseconds(run.Result.GetValue(lookUp)),
                MembershipLimit = TimeSpan.FromMilliseconds(run.Result.GetValue(membership)),
            },
            run.Result.GetValue(chart), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(VerbRun run, BenchOptions options, string? chart, CancellationToken cancellationToken)
    {
        using var progress = new BenchProgressWriter(run.Host);
        var report = await new QueryBench(run.Get<IDbContextFactory<NexusDbContext>>()).RunAsync(options, progress, cancellationToken);
        progress.Dispose();
        if (chart is not null)
        {
            await ChartFile.WriteAsync(
                chart, BenchChart.Of($"Queries on {report.Messages:N0} messages, {options.Iterations:N0} times each", report), cancellationToken);
        }

        if (report.Messages < BenchReport.FewMessages)
        {
            await run.Host.Error.WriteLineAsync(
                $"There are {report.Messages:N0} messages: times of so few say little. 'nexus-data populate-large' makes more.");
        }

        await (run.IsJson
            ? run.WriteJsonAsync(new { Database = run.Target.Place, report.IsPassed, Report = report, Chart = chart })
            : WriteAsync(run, report, chart));
        return report.IsPassed ? ExitCode.Done : ExitCode.CheckFailed;
    }

    private static async Task WriteAsync(VerbRun run, BenchReport report, string? chart)
    {
        TextTable.Write(
            run.Host,
            [
                "query", "what is asked", Number("rows"), Number("p50 ms"), Number("p95 ms"), Number("max ms"), Number("limit"), Number("pages"), "index", "",
            ],
            report.Results.Select<BenchResult, Cell[]>(result =>
            [
                result.Name, result.Purpose, $"{result.Rows:N0}", $"{result.P50:0.00}", new($"{result.P95:0.00}", result.IsInTime ? null : "red"),
                $"{result.Max:0.00}", result.Limit?.ToString("0.####", CultureInfo.InvariantCulture), $"{result.Pages:N0}",
                Index(result), result.IsPassed ? new("ok", "green") : new("failed", "red"),
            ]));
        await run.Host.Output.WriteLineAsync();
        foreach (var result in report.Results.Where(result => !result.IsInTime))
        {
            await run.Host.Output.WriteLineAsync($"{result.Name}: 95 of 100 took up to {result.P95:0.00} ms, and may take {result.Limit:0.####} ms.");
        }

        foreach (var result in report.Results.Where(result => result.Plan == BenchPlan.Missing))
        {
            await run.Host.Output.WriteLineAsync(
                $"{result.Name}: {Wanted(result)} does not serve it: it is not there, or not valid. 'nexus-data doctor' says more.");
        }

        if (chart is not null)
        {
            await run.Host.Output.WriteLineAsync(TerminalText.Line($"The chart is in {Path.GetFullPath(chart)}."));
        }

        await run.Host.Output.WriteLineAsync(TerminalText.Line(
            $"{report.Users:N0} people, {report.Chats:N0} chats, {report.Messages:N0} messages, {report.ChatMessages:N0} of them in the chat that was asked for, in {run.Target.Place}."));
    }

    private static string? Index(BenchResult result) => result.Plan switch
    {
        BenchPlan.Used => string.Join(", ", result.WantedIndexes.Intersect(result.Indexes)),
        BenchPlan.Spared => $"{Wanted(result)}, spared",
        BenchPlan.Missing => $"no {Wanted(result)}",
        _ => null,
    };

    private static string Wanted(BenchResult result) => string.Join(" or ", result.WantedIndexes);

    private static Column Number(string name) => new(name, IsNumber: true);

    private static Option<int> Count(string name, string description, int usual)
        => new(name) { Description = description, HelpName = "COUNT", DefaultValueFactory = _ => usual };

    private static Option<double> Limit(string name, string what, TimeSpan usual)
    {
        var option = new Option<double>(name)
        {
            Description = $"Milliseconds that 95 of 100 {what} may take.",
            HelpName = "MS",
            DefaultValueFactory = _ => usual.TotalMilliseconds,
        };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<double>() is not (> 0 and <= LongestLimit))
            {
                result.AddError($"{name} takes milliseconds above 0, {LongestLimit} at most.");
            }
        });
        return option;
    }
}
