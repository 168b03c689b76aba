using System.CommandLine;
using Nexus.Data.Seeding.Populations;

namespace Nexus.Data.Tool;

/// <summary><c>nexus-data populate</c>: a few people and their conversations, always the same.</summary>
internal static class PopulateCommand
{
    public static Command Create(GlobalOptions options, ToolHost host)
    {
        var users = new Option<string?>("--users") { Description = "JSON file of people, in place of ours.", HelpName = "FILE" };
        var conversations = new Option<string?>("--conversations")
        {
            Description = "JSON file of their conversations, in place of ours.",
            HelpName = "FILE",
        };
        var at = TimeOption.Create(
            "--at", "The time that the rows' own times count from; without it that of the rows that are there, else now.");
        var requests = new Option<int>("--requests")
        {
            Description = "Requests of a proxy, exactly, with its trains, accounts and keys.",
            HelpName = "COUNT",
            DefaultValueFactory = _ => 0,
        };
        var command = new Verb(
            "populate",
            "Add a few people, chats and messages to work with, and on request a proxy's traffic, always the same; what is there of them is put right.")
        {
            users, conversations, at, requests,
        };
        command.Examples =
        [
            ("populate", "5 people, 4 chats, 16 messages. Done twice, the rows are the same; those of others stay."),
            ("populate --requests 1000", "And the trains, keys and linked conversations of a thousand requests."),
            ("populate --dry-run", "What would be added and put right."),
            ("populate --users people.json --conversations talks.json", "Yours instead (docs/seeding.md says how they are written)."),
        ];
        command.SetChange(options, host, (run, cancellationToken) => RunAsync(
            run, run.Result.GetValue(users), run.Result.GetValue(conversations),
            new() { At = run.Result.GetValue(at), Requests = run.Result.GetValue(requests) }, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(
        VerbRun run, string? users, string? conversations, SmallPopulationOptions options, CancellationToken cancellationToken)
    {
        ProductionGuard.Forbid(run, "people whose password everybody may know");
        var population = SmallPopulation.Read(users, conversations);
        using var progress = new PopulationProgressWriter(run.Host);
        var store = run.Populations(options.Requests);
        var report = await run.ChangeAsync((db, token) => store.In(db).PutAsync(population, options, progress, token), cancellationToken);
        progress.Dispose();
        await PopulationWriter.WriteAsync(run, report);
        return ExitCode.Done;
    }
}
