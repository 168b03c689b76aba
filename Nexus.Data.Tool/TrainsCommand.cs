using System.CommandLine;
using Nexus.Data.Trains;

namespace Nexus.Data.Tool;

/// <summary><c>nexus-data trains</c>: makes, changes and lists trains.</summary>
internal static class TrainsCommand
{
    public static Command Create(GlobalOptions options, ToolHost host)
        => new Verb("trains", "Make, change and list trains.")
        {
            List(options, host),
            Show(options, host),
            Make(options, host),
            Update(options, host),
            Switch(options, host, isEnabled: false),
            Switch(options, host, isEnabled: true),
            Delete(options, host),
        };

    public static Argument<string> Train() => new("TRAIN") { Description = "The train, by its slug." };

    public static Option<string?> By()
        => new("--by") { Description = "Who does it; without it $USER or %USERNAME%.", HelpName = "WHO" };

    private static Verb List(GlobalOptions options, ToolHost host)
    {
        var member = new Option<string?>("--member") { Description = "Only trains of this person.", HelpName = "EMAIL" };
        var verb = new Verb("list", "List trains with accounts and members.") { member };
        verb.Examples = [("trains list --member ada@example.com", "The trains of one person.")];
        verb.SetWork(options, host, async (run, cancellationToken) =>
        {
            var trains = run.Get<TrainService>();
            var found = run.Result.GetValue(member) is { } email
                ? await trains.ListForMemberAsync(email, cancellationToken)
                : await trains.ListAsync(cancellationToken);
            return await run.ListAsync(
                "trains", found, "There are no trains.", ["train", "name", "state", "owners", "members", "accounts"],
                train =>
                [
                    train.TrainId, train.Name, State(train),
                    string.Join(", ", train.Members.Where(one => one.Role == TrainRole.Owner).Select(one => one.Email)),
                    $"{train.Members.Count}", string.Join(", ", train.Accounts.Select(account => account.AccountName)),
                ]);
        });
        return verb;
    }

    private static Verb Show(GlobalOptions options, ToolHost host)
    {
        var slug = Train();
        var verb = new Verb("show", "Show a train with accounts and members.") { slug };
        verb.Examples = [("trains show rail-club", "Without secrets: of Slack only whether there is an address.")];
        verb.SetWork(options, host, async (run, cancellationToken)
            => await ShowAsync(run, await FindAsync(run, run.Result.GetRequiredValue(slug), cancellationToken)));
        return verb;
    }

    private static Verb Make(GlobalOptions options, ToolHost host)
    {
        var (slug, by) = (Train(), By());
        var owner = new Option<string>("--owner") { Description = "The first owner.", HelpName = "EMAIL", Required = true };
        var settings = new TrainOptions();
        var verb = new Verb("create", "Make a train and its first owner.") { slug, owner, by };
        settings.AddTo(verb);
        verb.Examples =
        [
            ("trains create rail-club --name 'Rail Club' --owner ada@example.com", "The slug is what requests will name."),
        ];
        verb.SetChange(options, host, async (run, cancellationToken) =>
        {
            var id = run.Result.GetRequiredValue(slug);
            var webhook = await settings.ReadWebhookAsync(run, cancellationToken);
            var train = new NewTrain
            {
                TrainId = id,
                Name = run.Result.GetValue(settings.Name) ?? id,
                Description = run.Result.GetValue(settings.Description),
                SlackEnabled = run.Result.GetValue(settings.SlackEnabled) ?? !string.IsNullOrEmpty(webhook),
                SlackWebhookUrl = webhook,
                SlackChannel = run.Result.GetValue(settings.SlackChannel),
                SlackUsername = run.Result.GetValue(settings.SlackUsername),
                SlackIconEmoji = run.Result.GetValue(settings.SlackIconEmoji),
            };
            return await ShowAsync(run, await run.ChangeAsync(
                (db, token) => run.Get<TrainService>().In(db).CreateAsync(
                    train, run.Result.GetRequiredValue(owner), run.Actor(by), token),
                cancellationToken));
        });
        return verb;
    }

    private static Verb Update(GlobalOptions options, ToolHost host)
    {
        var slug = Train();
        var settings = new TrainOptions();
        var verb = new Verb("update", "Change what is given of a train; an empty text takes a value away.") { slug };
        settings.AddTo(verb);
        verb.Examples =
        [
            ("trains update rail-club --description ''", "Takes the description away."),
            ("trains update rail-club --slack-webhook - < webhook.txt", "The address from standard input; it is a secret."),
        ];
        verb.SetChange(options, host, async (run, cancellationToken) =>
        {
            var webhook = await settings.ReadWebhookAsync(run, cancellationToken);
            return await ShowAsync(run, await run.ChangeAsync(
                (db, token) => run.Get<TrainService>().In(db).UpdateAsync(
                    run.Result.GetRequiredValue(slug), train => settings.Apply(run.Result, webhook, train), token),
                cancellationToken));
        });
        return verb;
    }

    private static Verb Switch(GlobalOptions options, ToolHost host, bool isEnabled)
    {
        var slug = Train();
        var verb = isEnabled
            ? new Verb("enable", "Take a train into use again.") { slug }
            : new Verb("disable", "Take a train out of use: its keys count for nothing; its data stay.") { slug };
        verb.Examples = [($"trains {verb.Name} rail-club", "Doing it twice changes nothing.")];
        verb.SetChange(options, host, async (run, cancellationToken) =>
        {
            var id = run.Result.GetRequiredValue(slug);
            var changed = await run.ChangeAsync(
                (db, token) => isEnabled
                    ? run.Get<TrainService>().In(db).EnableAsync(id, token)
                    : run.Get<TrainService>().In(db).DisableAsync(id, token),
                cancellationToken);
            var state = isEnabled ? "enabled" : "disabled";
            return await run.TellAsync(
                new { TrainId = id, State = state, Changed = changed },
                changed ? $"Train {id} is {state}." : $"Train {id} was {state} already.");
        });
        return verb;
    }

    private static Verb Delete(GlobalOptions options, ToolHost host)
    {
        var slug = Train();
        var inProduction = ProductionGuard.Create();
        var verb = new Verb("delete", "Delete a train with members and keys. Its requests stay.") { slug, inProduction };
        verb.Examples = [("trains delete rail-club", "Names what goes, and asks.")];
        verb.SetChange(options, host, async (run, cancellationToken) =>
        {
            run.CheckProduction(inProduction);
            var train = await FindAsync(run, run.Result.GetRequiredValue(slug), cancellationToken);
            var keys = await run.Get<ApiKeyService>().ListAsync(train.TrainId, cancellationToken);
            await run.ConfirmAsync(
                $"This deletes train {train.TrainId} of {run.Target.Place} with {train.Members.Count} members, {keys.Count} API "
                + $"keys and {train.Accounts.Count} links to accounts.",
                cancellationToken);
            var deleted = await run.ChangeAsync(
                (db, token) => run.Get<TrainService>().In(db).DeleteAsync(train.TrainId, token), cancellationToken);
            return await run.TellAsync(new { train.TrainId, Deleted = deleted }, $"Train {train.TrainId} is deleted.");
        });
        return verb;
    }

    private static async Task<TrainInfo> FindAsync(VerbRun run, string trainId, CancellationToken cancellationToken)
        => await run.Get<TrainService>().FindAsync(trainId, cancellationToken)
           ?? throw new ToolException(ExitCode.CheckFailed, $"There is no train '{trainId}'.");

    private static Task<int> ShowAsync(VerbRun run, TrainInfo train) => run.ShowAsync(
        train,
        [
            ("train", train.TrainId), ("name", train.Name), ("description", train.Description), ("state", State(train)),
            ("Slack", train.Slack switch
            {
                { HasWebhook: false } => "no address",
                { IsEnabled: false } => "off",
                _ => train.Slack.Channel ?? "on",
            }),
            ("created", train.CreatedAt.Text()), ("changed", train.UpdatedAt.Text()),
            .. train.Accounts.Select(account => ("account", (string?)$"{account.AccountName} ({account.AccountId})")),
            .. train.Members.Select(member => (JsonOutput.Word(member.Role), (string?)member.Email)),
        ]);

    private static string State(TrainInfo train)
        => train.DisabledAt is { } time ? $"disabled since {time.Text()}" : "enabled";
}
