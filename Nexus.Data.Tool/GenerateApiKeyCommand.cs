using System.CommandLine;
using Nexus.Data.Trains;

namespace Nexus.Data.Tool;

/// <summary><c>nexus-data generate-api-key</c>: prints API keys, and stores them where a train is named.</summary>
internal static class GenerateApiKeyCommand
{
    public static Command Create(GlobalOptions options, ToolHost host)
    {
        var count = new Option<int>("--count", "-n")
        {
            Description = "How many, 1 to 10,000.",
            HelpName = "COUNT",
            DefaultValueFactory = _ => 1,
        };
        count.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var text }] && (!int.TryParse(text, out var number) || number is < 1 or > 10_000))
            {
                result.AddError("--count takes a number from 1 to 10000.");
            }
        });
        var prefix = new Option<string?>("--prefix", "-p")
        {
            Description = "What they begin with; without it cnp_live.",
            HelpName = "TEXT",
        };
        var train = new Option<string?>("--train-id")
        {
            Description = "Store them for this train. Without it nothing is stored, and no database is needed.",
            HelpName = "SLUG",
        };
        var (test, name, expires, by) = (Test(), KeysCommand.Name(), KeysCommand.Expires(), TrainsCommand.By());
        var dryRun = VerbRuns.DryRun();
        var verb = new Verb("generate-api-key", "Print API keys; with --train-id they are stored, as hashes.")
        {
            count,
            prefix,
            test,
            train,
            name,
            expires,
            by,
            dryRun,
        };
        verb.Examples =
        [
            ("generate-api-key -n 3 --test", "Three keys that begin with cnp_test, for a place of your own."),
            ("generate-api-key --train-id rail-club --name laptop", "One that is verified from now on."),
        ];
        verb.Validators.Add(result =>
        {
            if (result.GetValue(test) && result.GetValue(prefix) is not null)
            {
                result.AddError("--test and --prefix cannot be given together.");
            }
            else if (result.GetValue(train) is null
                && (result.GetValue(name) is not null || result.GetResult(expires) is not null || result.GetValue(dryRun)))
            {
                result.AddError("--name, --expires and --dry-run are for keys that are stored: name a train by --train-id.");
            }
        });
        verb.SetAction((result, cancellationToken) =>
        {
            var chosen = result.GetValue(prefix) ?? Prefix(result.GetValue(test));
            return result.GetValue(train) is { } trainId
                ? VerbRuns.RunAsync(
                    options, host, result, result.GetValue(dryRun),
                    (run, token) => KeysCommand.MakeAsync(
                        run, trainId, result.GetValue(count),
                        new()
                        {
                            Prefix = chosen,
                            Name = result.GetValue(name),
                            ExpiresAt = result.GetValue(expires),
                            CreatedBy = run.Actor(by),
                        },
                        token),
                    cancellationToken)
                : PrintAsync(host, chosen, result.GetValue(count), result.GetValue(options.Json));
        });
        return verb;
    }

    public static Option<bool> Test() => new("--test") { Description = "Begin them with cnp_test." };

    public static string Prefix(bool isTest) => isTest ? "cnp_test" : "cnp_live";

    private static async Task<int> PrintAsync(ToolHost host, string prefix, int count, bool json)
    {
        var keys = Enumerable.Range(0, count).Select(_ => ApiKeyService.Generate(prefix)).ToList();
        if (json)
        {
            await JsonOutput.WriteAsync(host, new { Keys = keys.Select(key => new { Key = key }).ToList() });
            return ExitCode.Done;
        }

        foreach (var key in keys)
        {
            await host.Output.WriteLineAsync(key);
        }

        return ExitCode.Done;
    }
}
