using System.CommandLine;
using Nexus.Data.Trains;

namespace Nexus.Data.Tool;

/// <summary><c>nexus-data members</c>: who belongs to a train.</summary>
internal static class MembersCommand
{
    public static Command Create(GlobalOptions options, ToolHost host)
        => new Verb("members", "Add, remove and list the members of a train.")
        {
            List(options, host),
            Add(options, host),
            Change(options, host),
            Remove(options, host),
        };

    private static Argument<string> Email() => new("EMAIL") { Description = "The person; compared without case." };

    private static Verb List(GlobalOptions options, ToolHost host)
    {
        var train = TrainsCommand.Train();
        var verb = new Verb("list", "List the members, owners first.") { train };
        verb.Examples = [("members list rail-club --json", "For a program.")];
        verb.SetWork(options, host, async (run, cancellationToken) => await run.ListAsync(
            "members", await run.Get<TrainMembers>().ListAsync(run.Result.GetRequiredValue(train), cancellationToken),
            "Nobody belongs to it.", ["member", "role", "added", "by"],
            member => [member.Email, JsonOutput.Word(member.Role), member.AddedAt.Text(), member.AddedBy]));
        return verb;
    }

    private static Verb Add(GlobalOptions options, ToolHost host)
    {
        var (train, email, by) = (TrainsCommand.Train(), Email(), TrainsCommand.By());
        var role = new Option<string>("--role")
        {
            Description = "What the person may do: owner or member.",
            HelpName = "ROLE",
            DefaultValueFactory = _ => JsonOutput.Word(TrainRole.Member),
        };
        role.AcceptOnlyFromAmong(JsonOutput.Words<TrainRole>());
        var verb = new Verb("add", "Add a person. Who is a member already keeps the role.") { train, email, role, by };
        verb.Examples = [("members add rail-club bob@example.com --role owner", "A second owner.")];
        verb.SetChange(options, host, async (run, cancellationToken) => await TellAsync(
            run, train, email,
            await run.ChangeAsync(
                (db, token) => run.Get<TrainMembers>().In(db).AddAsync(
                    run.Result.GetRequiredValue(train), run.Result.GetRequiredValue(email),
                    JsonOutput.Value<TrainRole>(run.Result.GetRequiredValue(role)), run.Actor(by), token),
                cancellationToken),
            "is a member now", "is a member already, and keeps the role"));
        return verb;
    }

    private static Verb Change(GlobalOptions options, ToolHost host)
    {
        var (train, email) = (TrainsCommand.Train(), Email());
        var role = new Argument<string>("ROLE") { Description = "owner or member." };
        role.AcceptOnlyFromAmong(JsonOutput.Words<TrainRole>());
        var verb = new Verb("role", "Give a member another role.") { train, email, role };
        verb.Examples = [("members role rail-club bob@example.com member", "The last owner stays one.")];
        verb.SetChange(options, host, async (run, cancellationToken) =>
        {
            var word = run.Result.GetRequiredValue(role);
            return await TellAsync(
                run, train, email,
                await run.ChangeAsync(
                    (db, token) => run.Get<TrainMembers>().In(db).ChangeRoleAsync(
                        run.Result.GetRequiredValue(train), run.Result.GetRequiredValue(email),
                        JsonOutput.Value<TrainRole>(word), token),
                    cancellationToken),
                $"is {word} now", $"is {word} already");
        });
        return verb;
    }

    private static Verb Remove(GlobalOptions options, ToolHost host)
    {
        var (train, email) = (TrainsCommand.Train(), Email());
        var verb = new Verb("remove", "Remove a person.") { train, email };
        verb.Examples = [("members remove rail-club bob@example.com", "The last owner stays.")];
        verb.SetChange(options, host, async (run, cancellationToken) => await TellAsync(
            run, train, email,
            await run.ChangeAsync(
                (db, token) => run.Get<TrainMembers>().In(db).RemoveAsync(
                    run.Result.GetRequiredValue(train), run.Result.GetRequiredValue(email), token),
                cancellationToken),
            "is removed", "is no member"));
        return verb;
    }

    private static Task<int> TellAsync(
        VerbRun run, Argument<string> train, Argument<string> email, MemberChange change, string done, string unchanged)
    {
        var (slug, person) = (run.Result.GetRequiredValue(train), run.Result.GetRequiredValue(email));
        var words = change switch
        {
            MemberChange.Done => done,
            MemberChange.Unchanged => unchanged,
            MemberChange.NotAMember => "is no member",
            _ => "is the last owner, and stays: make somebody else an owner first",
        };
        return run.TellAsync(
            new { TrainId = slug, Email = person, Change = change }, $"{person} {words} ({slug}).",
            change is MemberChange.Done or MemberChange.Unchanged ? ExitCode.Done : ExitCode.CheckFailed);
    }
}
