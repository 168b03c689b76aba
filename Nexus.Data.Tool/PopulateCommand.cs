using System.CommandLine;
using Microsoft.EntityFrameworkCore;
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
        var command = new Verb(
            "populate", "Add a few people, chats and messages to work with, always the same; what is there of them is put right.")
        {
            users, conversations, at,
        };
        command.Examples =
        [
            ("populate", "5 people, 4 chats, 16 messages. Done twice, the rows are the same; those of others stay."),
            ("populate --dry-run", "What would be added and put right."),
            ("populate --users people.json --conversations talks.json", "Yours instead (docs/seeding.md says how they are written)."),
        ];
        command.SetChange(options, host, (run, cancellationToken) => RunAsync(
            run, run.Result.GetValue(users), run.Result.GetValue(conversations), run.Result.GetValue(at), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(
        VerbRun run, string? users, string? conversations, DateTimeOffset? at, CancellationToken cancellationToken)
    {
        ProductionGuard.Forbid(run, "people whose password everybody may know");
        var population = SmallPopulation.Read(users, conversations);
        var store = new PopulationStore(run.Get<IDbContextFactory<NexusDbContext>>(), run.Host.Time);
        var report = await run.ChangeAsync((db, token) => store.In(db).PutAsync(population, at, token), cancellationToken);
        await PopulationWriter.WriteAsync(run, report);
        return ExitCode.Done;
    }
}
