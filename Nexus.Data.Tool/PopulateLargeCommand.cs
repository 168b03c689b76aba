using System.CommandLine;
using Nexus.Data.Seeding.Populations;

namespace Nexus.Data.Tool;

/// <summary><c>nexus-data populate-large</c>: as many people, chats and messages as a team has after months.</summary>
internal static class PopulateLargeCommand
{
    private static readonly LargePopulationOptions _usual = new() { Until = DateTimeOffset.UnixEpoch };

    public static Command Create(GlobalOptions options, ToolHost host)
    {
        var users = Number("--users", "People.", _usual.Users);
        var groups = Number("--groups", "Groups, of 3 to 15 people.", _usual.Groups);
        var directChats = Number("--direct-chats", "Chats of two people.", _usual.DirectChats);
        var messages = Number("--messages", "Messages, exactly.", _usual.Messages);
        var days = Number("--days", "Days over which they were written.", _usual.Days);
        var requests = Number("--requests", "Requests of a proxy, exactly, with its trains, accounts and keys.", _usual.Requests);
        var seed = Number("--seed", "Where the random numbers begin; populations of several seeds can live in one database.", _usual.Seed);
        var until = TimeOption.Create("--until", "Before when everything happened; without it today, 00:00 UTC.");
        var command = new Verb("populate-large", "Add many people, chats and messages, and on request a proxy's traffic, the same for the same seed and end.")
        {
            users, groups, directChats, messages, requests, days, seed, until,
        };
        command.Examples =
        [
            ("populate-large", "200 people, 75 groups, 300 direct chats, 25,000 messages over four months."),
            ("populate-large --seed 7 --until 2025-06-01", "Others, and the same ones in every database."),
            ("populate-large --users 2000 --groups 750 --direct-chats 3000 --messages 1000000", "More of it."),
            ("populate-large --requests 100000", "And as many requests of five trains in linked conversations."),
        ];
        command.SetChange(options, host, (run, cancellationToken) => RunAsync(
            run,
            new()
            {
                Users = run.Result.GetValue(users),
                Groups = run.Result.GetValue(groups),
                DirectChats = run.Result.GetValue(directChats),
                Messages = run.Result.GetValue(messages),
                Requests = run.Result.GetValue(requests),
                Days = run.Result.GetValue(days),
                Seed = run.Result.GetValue(seed),
                Until = run.Result.GetValue(until) ?? new(run.Host.Time.GetUtcNow().UtcDateTime.Date, TimeSpan.Zero),
            },
            cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(VerbRun run, LargePopulationOptions options, CancellationToken cancellationToken)
    {
        ProductionGuard.Forbid(run, "people whose password everybody may know");
        using var progress = new PopulationProgressWriter(run.Host);
        var store = run.Populations(options.Requests);
        var report = await run.ChangeAsync((db, token) => store.In(db).CopyAsync(options, progress, token), cancellationToken);
        progress.Dispose();
        await PopulationWriter.WriteAsync(run, report);
        return ExitCode.Done;
    }

    private static Option<int> Number(string name, string description, int usual)
        => new(name) { Description = description, HelpName = "COUNT", DefaultValueFactory = _ => usual };
}
