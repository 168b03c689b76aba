using System.CommandLine;
using Nexus.Data.Usage;

namespace Nexus.Data.Tool;

/// <summary><c>nexus-data usage</c>: what requests used and cost.</summary>
internal static class UsageCommand
{
    public static Command Create(GlobalOptions options, ToolHost host)
    {
        var command = Window("usage", "Say what requests used and cost: in the last five hours, or as a verb below it says.", options, host);
        command.Subcommands.Add(Window("window", "What was used in a window of time.", options, host));
        command.Subcommands.Add(Daily(options, host));
        command.Subcommands.Add(Hourly(options, host));
        command.Subcommands.Add(Limit(options, host));
        command.Subcommands.Add(Accounts(options, host));
        command.Subcommands.Add(Totals(options, host));
        command.Subcommands.Add(Weekly(options, host));
        command.Subcommands.Add(PricesCommand.Create(options, host));
        return command;
    }

    private static Verb Window(string name, string description, GlobalOptions options, ToolHost host)
    {
        var usage = new UsageOptions();
        var verb = new Verb(name, description) { usage.Window, usage.Until };
        usage.AddFilter(verb);
        var line = name == "usage" ? name : $"usage {name}";
        verb.Examples =
        [
            (line, "The last five hours of all accounts."),
            ($"{line} --account acc-1 --window 7d", "A week of one account."),
        ];
        verb.SetWork(options, host, async (run, cancellationToken) =>
        {
            var answer = await run.Get<UsageQueries>().WindowAsync(
                usage.Filter(run.Result), run.Result.GetValue(usage.Window), run.Result.GetValue(usage.Until), cancellationToken);
            var tokens = answer.Usage.Tokens;
            await run.ShowAsync(
                answer,
                ("from", answer.From.Text()), ("until", answer.Until.Text()),
                ("requests", $"{answer.Usage.Requests:N0}, {answer.Usage.Failed:N0} of them failed"),
                ("tokens", $"{tokens.WithoutCache:N0}: {tokens.Input:N0} input, {tokens.Output:N0} output"),
                ("cache", $"{tokens.CacheCreation:N0} tokens into it, {tokens.CacheRead:N0} from it"),
                ("tool calls", $"{answer.Usage.ToolCalls:N0}"),
                ("mean time", answer.Usage.MeanDurationMs is { } mean ? $"{mean:N0} ms" : null),
                ("cost", $"{answer.Usage.Cost.Amount:N6}"));
            await UsageWriter.WriteUnpricedAsync(run, [answer.Usage]);
            return ExitCode.Done;
        });
        return verb;
    }

    private static Verb Daily(GlobalOptions options, ToolHost host)
    {
        var usage = new UsageOptions();
        var (from, to) = (UsageOptions.Day("--from", "The first day; without it 30 days are told."),
            UsageOptions.Day("--to", "The last day; today without it."));
        var verb = new Verb("daily", "What was used day by day.") { from, to, usage.TimeZone, usage.By, usage.Chart };
        usage.AddFilter(verb);
        verb.Examples =
        [
            ("usage daily --time-zone Europe/Berlin --by model", "Thirty days as people in Berlin have them."),
            ("usage daily --from 2025-09-01 --to 2025-09-30 --chart september.svg", "A month, and a chart of it by model."),
        ];
        verb.SetWork(options, host, async (run, cancellationToken) =>
        {
            var zone = run.Result.GetValue(usage.TimeZone)!;
            var last = run.Result.GetValue(to) ?? Today(run, zone);
            var first = run.Result.GetValue(from) ?? last.AddDays(-29);
            var groups = usage.Groups(run.Result);
            var queries = run.Get<UsageQueries>();
            var days = await queries.DailyAsync(usage.Filter(run.Result), first, last, zone, groups, cancellationToken);
            if (run.Result.GetValue(usage.Chart) is { } chart)
            {
                var models = await queries.DailyAsync(
                    usage.Filter(run.Result), first, last, zone, UsageGroups.Model, cancellationToken);
                await ChartFile.WriteAsync(
                    chart,
                    UsageChart.Days(
                        $"Tokens a day by model, {first:yyyy-MM-dd} to {last:yyyy-MM-dd} ({zone})",
                        [.. Enumerable.Range(0, last.DayNumber - first.DayNumber + 1).Select(first.AddDays)], models),
                    cancellationToken);
            }

            await run.ListAsync(
                "days", days, "There are no requests.", ["day", .. UsageWriter.Keys(groups), .. UsageWriter.Sums],
                day => [$"{day.Day:yyyy-MM-dd}", .. UsageWriter.Cells(groups, day.Key), .. UsageWriter.Cells(day.Usage)]);
            await UsageWriter.WriteUnpricedAsync(run, days.Select(day => day.Usage));
            return ExitCode.Done;
        });
        return verb;
    }

    private static Verb Hourly(GlobalOptions options, ToolHost host)
    {
        var usage = new UsageOptions();
        var days = UsageOptions.Number("--days", "How many days back", 1, 30);
        var verb = new Verb("hourly", "What was used hour by hour, in UTC.") { days, usage.Until, usage.By };
        usage.AddFilter(verb);
        verb.Examples = [("usage hourly --days 7 --by train,model", "A week of every train and model.")];
        verb.SetWork(options, host, async (run, cancellationToken) =>
        {
            var until = run.Result.GetValue(usage.Until) ?? run.Host.Time.GetUtcNow();
            var groups = usage.Groups(run.Result);
            var hours = await run.Get<UsageQueries>().HourlyAsync(
                usage.Filter(run.Result), until.AddDays(-run.Result.GetValue(days)), until, groups, cancellationToken);
            await run.ListAsync(
                "hours", hours, "There are no requests.", ["hour", .. UsageWriter.Keys(groups), .. UsageWriter.Sums],
                hour => [hour.Hour.Text(), .. UsageWriter.Cells(groups, hour.Key), .. UsageWriter.Cells(hour.Usage)]);
            await UsageWriter.WriteUnpricedAsync(run, hours.Select(hour => hour.Usage));
            return ExitCode.Done;
        });
        return verb;
    }

    private static Verb Limit(GlobalOptions options, ToolHost host)
    {
        var usage = new UsageOptions();
        var interval = TimeOption.CreateLength("--interval", "How far the points are apart; 5m without it.");
        var verb = new Verb("limit", "How a limit of output tokens was used up in a sliding window.")
        {
            usage.Limit, usage.Window, interval, usage.Until, usage.Chart,
        };
        usage.AddFilter(verb);
        verb.Examples =
        [
            ("usage limit --account acc-1 --limit 140000 --chart limit.svg", "The last five hours of an account, and a chart."),
        ];
        verb.SetWork(options, host, async (run, cancellationToken) =>
        {
            var series = await run.Get<UsageQueries>().TimeSeriesAsync(
                usage.Filter(run.Result), run.Result.GetValue(usage.Limit), run.Result.GetValue(usage.Window),
                run.Result.GetValue(interval), run.Result.GetValue(usage.Until), cancellationToken);
            if (run.Result.GetValue(usage.Chart) is { } chart)
            {
                var whose = run.Result.GetValue(usage.Account) is { Length: > 0 } account ? $" of {account}" : "";
                await ChartFile.WriteAsync(
                    chart, UsageChart.Limit($"Output tokens{whose} against the limit, until {series.Until.Text()}", series),
                    cancellationToken);
            }

            if (run.IsJson)
            {
                await run.WriteJsonAsync(series);
                return ExitCode.Done;
            }

            return await run.ListAsync(
                "points", series.Points, "There are no points.",
                ["time", new("output", IsNumber: true), new("left", IsNumber: true), new("used", IsNumber: true)],
                point =>
                [
                    point.Time.Text(), $"{point.OutputTokens:N0}", $"{point.Remaining:N0}", UsageWriter.Percent(point.PercentUsed),
                ]);
        });
        return verb;
    }

    private static Verb Accounts(GlobalOptions options, ToolHost host)
    {
        var usage = new UsageOptions();
        var verb = new Verb("accounts", "How much of a limit the accounts have used.") { usage.Limit, usage.Window, usage.Until };
        verb.Examples = [("usage accounts --limit 140000", "The accounts of the last five hours, most output tokens first.")];
        verb.SetWork(options, host, async (run, cancellationToken) =>
        {
            var accounts = await run.Get<UsageQueries>().AccountsAsync(
                run.Result.GetValue(usage.Limit), run.Result.GetValue(usage.Window), run.Result.GetValue(usage.Until),
                cancellationToken);
            await run.ListAsync(
                "accounts", accounts, "No account had a request.",
                ["account", new("used", IsNumber: true), new("left", IsNumber: true), .. UsageWriter.Sums, "last request", "trains"],
                account =>
                [
                    account.AccountId, UsageWriter.Percent(account.Now.PercentUsed), $"{account.Now.Remaining:N0}",
                    .. UsageWriter.Cells(account.Usage), account.LastRequestAt.Text(),
                    string.Join(", ", account.Trains.Select(train => train.TrainId)),
                ]);
            await UsageWriter.WriteUnpricedAsync(run, accounts.Select(account => account.Usage));
            return ExitCode.Done;
        });
        return verb;
    }

    private static Verb Totals(GlobalOptions options, ToolHost host)
    {
        var usage = new UsageOptions();
        var since = TimeOption.Create("--since", "From when on; all there is without it.");
        var verb = new Verb("totals", "What was used in all, by train, model and type.") { since, usage.Until };
        usage.AddFilter(verb);
        verb.Examples = [("usage totals --since 2025-09-01 --until 2025-10-01", "A month.")];
        verb.SetWork(options, host, async (run, cancellationToken) =>
        {
            var totals = await run.Get<UsageQueries>().TotalsAsync(
                usage.Filter(run.Result), run.Result.GetValue(since), run.Result.GetValue(usage.Until), cancellationToken);
            if (run.IsJson)
            {
                await run.WriteJsonAsync(totals);
                return ExitCode.Done;
            }

            TextTable.Write(
                run.Host, ["of", "name", .. UsageWriter.Sums],
                [
                    ["all", "", .. UsageWriter.Cells(totals.Usage)], .. Parts("train", totals.Trains), .. Parts("model", totals.Models),
                    .. Parts("type", totals.RequestTypes),
                ]);
            await run.Host.Output.WriteLineAsync(
                $"{totals.ActiveAccounts:N0} accounts{(totals.NewConversations is { } count ? $", {count:N0} new conversations" : "")}.");
            await UsageWriter.WriteUnpricedAsync(run, [totals.Usage]);
            return ExitCode.Done;
        });
        return verb;
    }

    private static Verb Weekly(GlobalOptions options, ToolHost host)
    {
        var usage = new UsageOptions();
        var weeks = UsageOptions.Number("--weeks", "How many weeks", 12, 52);
        var verb = new Verb("weekly", "How many conversations began in each week.") { weeks, usage.TrainId, usage.TimeZone };
        verb.Examples = [("usage weekly --weeks 52 --train-id rail-club", "A year of one train.")];
        verb.SetWork(options, host, async (run, cancellationToken) => await run.ListAsync(
            "weeks",
            await run.Get<UsageQueries>().WeeklyConversationsAsync(
                run.Result.GetValue(weeks), run.Result.GetValue(usage.TrainId), run.Result.GetValue(usage.TimeZone)!,
                cancellationToken: cancellationToken),
            "There are none.", ["week", "from", new("conversations", IsNumber: true)],
            week => [$"{week.Year}-W{week.Week:00}", $"{week.Monday:yyyy-MM-dd}", $"{week.Conversations:N0}"]));
        return verb;
    }

    private static IEnumerable<Cell[]> Parts(string of, IEnumerable<UsagePart> parts)
        => parts.Select(part => (Cell[])[of, part.Name.Length == 0 ? "(none)" : part.Name, .. UsageWriter.Cells(part.Usage)]);

    private static DateOnly Today(VerbRun run, string zone)
        => TimeZoneInfo.TryFindSystemTimeZoneById(zone, out var info)
            ? DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(run.Host.Time.GetUtcNow(), info).DateTime)
            : throw new ToolException(ExitCode.WrongUsage, $"There is no time zone '{zone}': give one such as UTC or Europe/Berlin.");
}
