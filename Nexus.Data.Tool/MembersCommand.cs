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

    private static Option<TrainRole> Role(string name, TrainRole usual) => new(name)
    {
        Description = "What the person may do: owner or member.",
        HelpName = "ROLE",
        DefaultValueFactory = _ => usual,
    };

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
        var role = Role("--role", TrainRole.Member);
        var verb = new Verb("add", "Add a person. Who is a member already keeps the role.") { train, email, role, by };
        verb.Examples = [("members add rail-club bob@example.com --role owner", "A second owner.")];
        verb.SetWork(options, host, async (run, cancellationToken) => await TellAsync(
            run, train, email,
            await run.Get<TrainMembers>().AddAsync(
                run.Result.GetRequiredValue(train), run.Result.GetRequiredValue(email), run.Result.GetValue(role),
                run.Actor(by), cancellationToken),
            "is a member now", "is a member already, and keeps the role"));
        return verb;
    }

    private static Verb Change(GlobalOptions options, ToolHost host)
    {
        var (train, email) = (TrainsCommand.Train(), Email());
        var role = new Argument<TrainRole>("ROLE") { Description = "owner or member." };
        var verb = new Verb("role", "Give a member another role.") { train, email, role };
        verb.Examples = [("members role rail-club bob@example.com member", "The last owner stays one.")];
        verb.SetWork(options, host, async (run, cancellationToken) =>
        {
            var word = JsonOutput.Word(run.Result.GetValue(role));
            return await TellAsync(
                run, train, email,
                await run.Get<TrainMembers>().ChangeRoleAsync(
                    run.Result.GetRequiredValue(train), run.Result.GetRequiredValue(email), run.Result.GetValue(role),
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
        verb.SetWork(options, host, async (run, cancellationToken) => await TellAsync(
            run, train, email,
            await run.Get<TrainMembers>().RemoveAsync(
                run.Result.GetRequiredValue(train), run.Result.GetRequiredValue(email), cancellationToken),
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
