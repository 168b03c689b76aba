using System.CommandLine;
using Nexus.Data.Trains;

namespace Nexus.Data.Tool;

/// <summary><c>nexus-data keys</c>: API keys of trains.</summary>
internal static class KeysCommand
{
    public static Command Create(GlobalOptions options, ToolHost host)
        => new Verb("keys", "Make, list and revoke the API keys of trains.")
        {
            List(options, host),
            Make(options, host),
            Rename(options, host),
            Revoke(options, host),
            Delete(options, host),
            DeleteRevoked(options, host),
            Verify(options, host),
        };

    public static Option<DateTimeOffset?> Expires()
        => TimeOption.Create("--expires", "When it ceases to count by itself; in UTC where it names no zone.");

    public static Option<string?> Name() => new("--name") { Description = "What it is for.", HelpName = "TEXT" };

    /// <summary>Makes keys, all or none, and prints them: this once, and nothing else on standard output. Of a dry run no key
    /// is printed, for it would let nobody in.</summary>
    public static async Task<int> MakeAsync(
        VerbRun run, string trainId, int count, ApiKeyOptions options, CancellationToken cancellationToken)
    {
        var keys = await run.ChangeAsync(
            (db, token) => run.Get<ApiKeyService>().In(db).CreateManyAsync(trainId, count, options, token), cancellationToken);
        if (run.IsJson)
        {
            await run.WriteJsonAsync(
                new { Keys = keys.Select(key => new { Key = run.IsDryRun ? null : key.Key, key.Info }).ToList() });
            return ExitCode.Done;
        }

        if (run.IsDryRun)
        {
            await run.Host.Error.WriteLineAsync($"{count:N0} keys would be made for train {trainId}.");
            return ExitCode.Done;
        }

        foreach (var key in keys)
        {
            await run.Host.Output.WriteLineAsync(key.Key);
        }

        await run.Host.Error.WriteLineAsync("Keep it now: nobody can read it again.");
        return ExitCode.Done;
    }

    private static Argument<Guid> Id() => new("ID") { Description = "The key, by its id: 'keys list' shows it." };

    private static Option<string?> TrainId()
        => new("--train-id") { Description = "Only keys of this train.", HelpName = "SLUG" };

    private static Verb List(GlobalOptions options, ToolHost host)
    {
        var train = TrainId();
        var verb = new Verb("list", "List keys, newest first.") { train };
        verb.Examples = [("keys list --train-id rail-club", "Ends of keys, not keys.")];
        verb.SetWork(options, host, async (run, cancellationToken) => await run.ListAsync(
            "keys", await run.Get<ApiKeyService>().ListAsync(run.Result.GetValue(train), cancellationToken),
            "There are no keys.", ["id", "train", "key", "name", "state", "created", "last used", "expires"],
            key =>
            [
                $"{key.Id}", key.TrainId, key.Preview, key.Name, JsonOutput.Word(key.State), key.CreatedAt.Text(),
                key.LastUsedAt.Text(), key.ExpiresAt.Text(),
            ]));
        return verb;
    }

    private static Verb Make(GlobalOptions options, ToolHost host)
    {
        var (train, name, expires, by) = (TrainsCommand.Train(), Name(), Expires(), TrainsCommand.By());
        var test = GenerateApiKeyCommand.Test();
        var verb = new Verb("create", "Make a key and print it, this once.") { train, name, expires, test, by };
        verb.Examples = [("keys create rail-club --name laptop > key.txt", "The key alone goes to standard output.")];
        verb.SetChange(options, host, (run, cancellationToken) => MakeAsync(
            run, run.Result.GetRequiredValue(train), count: 1,
            new()
            {
                Name = run.Result.GetValue(name),
                CreatedBy = run.Actor(by),
                ExpiresAt = run.Result.GetValue(expires),
                Prefix = GenerateApiKeyCommand.Prefix(run.Result.GetValue(test)),
            },
            cancellationToken));
        return verb;
    }

    private static Verb Rename(GlobalOptions options, ToolHost host)
    {
        var id = Id();
        var name = new Argument<string>("NAME") { Description = "What it is for; '' for nothing." };
        var verb = new Verb("rename", "Say what a key is for.") { id, name };
        verb.Examples = [("keys rename 0198c0de-0000-7000-8000-000000000000 laptop", "The id as 'keys list' shows it.")];
        verb.SetChange(options, host, async (run, cancellationToken) =>
        {
            var key = await run.ChangeAsync(
                (db, token) => run.Get<ApiKeyService>().In(db).RenameAsync(
                    run.Result.GetRequiredValue(id), run.Result.GetRequiredValue(name), token),
                cancellationToken);
            return await run.TellAsync(key, $"{key.Preview} is named {key.Name ?? "nothing"}.");
        });
        return verb;
    }

    private static Verb Revoke(GlobalOptions options, ToolHost host)
    {
        var (id, by) = (Id(), TrainsCommand.By());
        var verb = new Verb("revoke", "Take a key back: it lets nobody in any more.") { id, by };
        verb.Examples = [("keys revoke 0198c0de-0000-7000-8000-000000000000", "It cannot be undone.")];
        verb.SetChange(options, host, async (run, cancellationToken) =>
        {
            var key = run.Result.GetRequiredValue(id);
            var revoked = await run.ChangeAsync(
                (db, token) => run.Get<ApiKeyService>().In(db).RevokeAsync(key, run.Actor(by), token), cancellationToken);
            return await run.TellAsync(
                new { Id = key, Revoked = revoked }, revoked ? $"Key {key} is revoked." : $"Key {key} was revoked already.");
        });
        return verb;
    }

    private static Verb Delete(GlobalOptions options, ToolHost host)
    {
        var id = Id();
        var inProduction = ProductionGuard.Create();
        var verb = new Verb("delete", "Delete a key that was revoked.") { id, inProduction };
        verb.Examples =
        [
            ("keys delete 0198c0de-0000-7000-8000-000000000000", "Only revoked keys can be deleted. Names what goes, and asks."),
        ];
        verb.SetChange(options, host, async (run, cancellationToken) =>
        {
            run.CheckProduction(inProduction);
            var key = run.Result.GetRequiredValue(id);
            if (await run.Get<ApiKeyService>().FindAsync(key, cancellationToken) is { State: ApiKeyState.Revoked } found)
            {
                await run.ConfirmAsync(
                    $"This deletes 1 API key of {run.Target.Place}: {found.Preview} ({found.Name ?? "no name"}) of train "
                    + $"{found.TrainId}, with what is known of its use.",
                    cancellationToken);
            }

            var deletion = await run.ChangeAsync(
                (db, token) => run.Get<ApiKeyService>().In(db).DeleteAsync(key, token), cancellationToken);
            return await run.TellAsync(
                new { Id = key, Deletion = deletion },
                deletion switch
                {
                    ApiKeyDeletion.Deleted => $"Key {key} is deleted.",
                    ApiKeyDeletion.NotRevoked => $"Key {key} is not revoked, and stays: 'nexus-data keys revoke {key}' first.",
                    _ => $"There is no key {key}.",
                },
                deletion == ApiKeyDeletion.Deleted ? ExitCode.Done : ExitCode.CheckFailed);
        });
        return verb;
    }

    private static Verb DeleteRevoked(GlobalOptions options, ToolHost host)
    {
        var train = TrainId();
        var olderThan = TimeOption.CreateLength("--older-than", "Only keys that were revoked so long ago, such as 90d.");
        olderThan.Required = true;
        var inProduction = ProductionGuard.Create();
        var verb = new Verb("delete-revoked", "Delete the keys that were revoked some time ago.")
        {
            olderThan, train, inProduction,
        };
        verb.Examples = [("keys delete-revoked --older-than 90d", "Of all trains. Says how many, and asks.")];
        verb.SetChange(options, host, async (run, cancellationToken) =>
        {
            run.CheckProduction(inProduction);
            var before = run.Host.Time.GetUtcNow() - run.Result.GetRequiredValue(olderThan)!.Value;
            var slug = run.Result.GetValue(train);
            Task<int> DeleteAsync(NexusDbContext db, CancellationToken token)
                => run.Get<ApiKeyService>().In(db).DeleteRevokedAsync(slug, before, token);

            var count = await run.TryAsync(DeleteAsync, cancellationToken);
            if (count > 0)
            {
                await run.ConfirmAsync(
                    $"This deletes {count:N0} API keys of {(slug is null ? "all trains" : $"train {slug}")} of {run.Target.Place} "
                    + $"that were revoked before {before.Text()}.",
                    cancellationToken);
                count = await run.ChangeAsync(DeleteAsync, cancellationToken);
            }

            return await run.TellAsync(new { Deleted = count, RevokedBefore = before }, $"{count:N0} keys are deleted.");
        });
        return verb;
    }

    private static Verb Verify(GlobalOptions options, ToolHost host)
    {
        var verb = new Verb("verify", "Say whom a key speaks for; it is read from standard input.");
        verb.Examples = [("keys verify < key.txt", "Exit code 1 for a key that lets nobody in.")];
        verb.SetWork(options, host, async (run, cancellationToken) =>
        {
            var text = (await run.Host.Input.ReadToEndAsync(cancellationToken)).Trim();
            return await run.Get<ApiKeyService>().VerifyAsync(text, cancellationToken) is { } key
                ? await run.TellAsync(
                    new { Verified = true, Key = key }, $"It speaks for train {key.TrainId} ({key.Name ?? "no name"}, {key.Id}).")
                : await run.TellAsync(
                    new { Verified = false, Key = (VerifiedApiKey?)null },
                    "It lets nobody in: it is not known, or was revoked, has expired, or its train is disabled.",
                    ExitCode.CheckFailed);
        });
        return verb;
    }
}
