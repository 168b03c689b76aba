using System.CommandLine;
using Nexus.Data.Credentials;
using Nexus.Data.Persistence;
using Nexus.Data.Trains;
using Spectre.Console;

namespace Nexus.Data.Tool;

/// <summary><c>nexus-data credentials</c>: accounts, their tokens and the keys that protect them.</summary>
internal static class CredentialsCommand
{
    private static readonly Dictionary<string, (string Line, string Purpose)> _examples = new(StringComparer.Ordinal)
    {
        ["list"] = ("credentials list --train-id rail-club", "Ends of tokens, not tokens; and whether they are protected."),
        ["show"] = ("credentials show acc-1", "One account, with why its last refresh failed."),
        ["add"] = ("credentials add acc-1 --name Primary < tokens.json", "Tokens from standard input: arguments are seen by everybody."),
        ["update"] = ("credentials update acc-1 --from tokens.json", "After a new login."),
        ["link"] = ("credentials link acc-1 rail-club", "Several accounts of a train stand in for each other."),
        ["unlink"] = ("credentials unlink acc-1 rail-club", "The account stays, and its other trains."),
        ["refresh"] = ("credentials refresh --all", "Those with less than five minutes left; exit code 1 where one fails."),
        ["protect"] = ("credentials protect", "As the owner of the tables; exit code 1 where clear text is left."),
        ["rotate"] = ("credentials rotate --key-file keys", "With the new key first in the file, and the old ones after it."),
        ["rename"] = ("credentials rename acc-1 Primary", "A train's order of accounts follows their names."),
        ["delete"] = ("credentials delete acc-1", "Names what goes, and asks."),
        ["keygen"] = ("credentials keygen --id 2027 > new", "For a rotation: its line goes first in the file, before the old ones."),
    };

    public static Command Create(GlobalOptions options, ToolHost host)
    {
        var keyFile = new Option<string?>("--key-file")
        {
            Description = $"The keys that protect credentials, in place of {CredentialKeySettings.FileVariable}.",
            HelpName = "FILE",
            Recursive = true,
        };
        var command = new Verb("credentials", "Look after accounts, their tokens, and the keys that protect them.")
        {
            keyFile,
        };
        command.Examples =
        [
            ("credentials keygen > keys", $"A key, where umask is 077; {CredentialKeySettings.FileVariable}=keys names the file from then on."),
            ("credentials add acc-1 --name Primary --from tokens.json", "An account; its tokens are never arguments."),
            ("credentials link acc-1 rail-club", "The train may use it."),
            ("credentials protect", "Encrypts what is in clear and takes the clear text out of the tables' files."),
        ];

        Command Add(Verb verb, Func<ParseResult, Settings, CancellationToken, Task<int>> run)
        {
            verb.Examples = [_examples[verb.Name]];
            verb.SetAction((result, cancellationToken) => run(
                result,
                new(
                    result.GetValue(keyFile) is { } file ? host.With(CredentialKeySettings.FileVariable, file) : host,
                    result.GetValue(options.Connection), result.GetValue(options.Json), result.GetValue(options.Yes)),
                cancellationToken));
            command.Add(verb);
            return verb;
        }

        Argument<string> Account() => new("ACCOUNT") { Description = "The account's identifier, or the credential's." };
        var dryRun = new Option<bool>("--dry-run") { Description = "Count and change nothing." };

        var trainId = new Option<string?>("--train-id") { Description = "Only this train's.", HelpName = "SLUG" };
        Add(new("list", "List the accounts by name.") { trainId },
            (result, settings, token) => ListAsync(settings, result.GetValue(trainId), token));

        var shown = Account();
        Add(new("show", "Show an account, without its tokens.") { shown },
            (result, settings, token) => ShowAsync(settings, result.GetRequiredValue(shown), token));

        var added = new Argument<string>("ACCOUNT") { Description = "The account's identifier, as requests name it." };
        var name = new Option<string>("--name") { Description = "The name that people read.", HelpName = "NAME", Required = true };
        var from = new Option<string?>("--from") { Description = "A file with the tokens, in place of standard input.", HelpName = "FILE" };
        var notMax = new Option<bool>("--not-max") { Description = "The account is on no Max plan." };
        Add(
            new("add", "Add an account: access_token, refresh_token, expires_at or expires_in, and scopes as JSON.")
            {
                added, name, from, notMax,
            },
            (result, settings, token) => AddAsync(
                settings, result.GetRequiredValue(added), result.GetRequiredValue(name), result.GetValue(from),
                !result.GetValue(notMax), token));

        var login = Account();
        var loginFrom = new Option<string?>("--from") { Description = from.Description, HelpName = "FILE" };
        Add(new("update", "Store the tokens of a new login, as JSON as for add.") { login, loginFrom },
            (result, settings, token) => UpdateAsync(settings, result.GetRequiredValue(login), result.GetValue(loginFrom), token));

        var (linked, train) = (Account(), new Argument<string>("TRAIN") { Description = "The train's slug." });
        Add(new("link", "Give an account to a train.") { linked, train },
            (result, settings, token) => LinkAsync(
                settings, result.GetRequiredValue(linked), result.GetRequiredValue(train), link: true, token));

        var (unlinked, trainOf) = (Account(), new Argument<string>("TRAIN") { Description = "The train's slug." });
        Add(new("unlink", "Take an account from a train.") { unlinked, trainOf },
            (result, settings, token) => LinkAsync(
                settings, result.GetRequiredValue(unlinked), result.GetRequiredValue(trainOf), link: false, token));

        var refreshed = new Argument<string?>("ACCOUNT")
        {
            Description = "The account's identifier, or the credential's.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var all = new Option<bool>("--all") { Description = "All accounts whose tokens have less than five minutes left." };
        var force = new Option<bool>("--force") { Description = "Also tokens that are good yet." };
        var refresh = new Verb("refresh", "Exchange tokens that have expired, or soon will.") { refreshed, all, force };
        refresh.Validators.Add(result =>
        {
            if ((result.GetValue(refreshed) is null) != result.GetValue(all))
            {
                result.AddError("refresh takes either an account or --all.");
            }
        });
        Add(refresh, (result, settings, token) => RefreshAsync(
            settings, result.GetValue(refreshed), result.GetValue(force), token));

        Add(new("protect", "Encrypt what is in clear, and take the clear text out of the tables' files.") { dryRun },
            (result, settings, token) => ReprotectAsync(settings, result.GetValue(dryRun), purge: true, token));

        var dryRunOfRotate = new Option<bool>("--dry-run") { Description = dryRun.Description };
        Add(new("rotate", "Encrypt everything by the current key.") { dryRunOfRotate },
            (result, settings, token) => ReprotectAsync(settings, result.GetValue(dryRunOfRotate), purge: false, token));

        var (renamed, newName) = (Account(), new Argument<string>("NAME") { Description = "The new name." });
        Add(new("rename", "Give an account another name. A train's order of accounts follows their names.") { renamed, newName },
            (result, settings, token) => RenameAsync(
                settings, result.GetRequiredValue(renamed), result.GetRequiredValue(newName), token));

        var deleted = Account();
        var inProduction = ProductionGuard.Create();
        Add(new("delete", "Delete an account, its tokens and its links to trains.") { deleted, inProduction },
            (result, settings, token) => DeleteAsync(
                settings, result.GetRequiredValue(deleted), result.GetValue(inProduction), token));

        var keyId = new Option<string?>("--id") { Description = "The key's id, in place of one made up.", HelpName = "ID" };
        Add(new("keygen", "Print a new key, as a line for a key file. Put it first, and keep the others.") { keyId },
            (result, settings, _) => KeygenAsync(settings, result.GetValue(keyId)));
        return command;
    }

    private static async Task<int> ListAsync(Settings settings, string? trainId, CancellationToken cancellationToken)
    {
        await using var target = await settings.OpenAsync(cancellationToken);
        var accounts = trainId is null
            ? await target.Get<CredentialStore>().ListAsync(cancellationToken)
            : await target.Get<TrainAccounts>().ListAsync(trainId, cancellationToken);
        if (settings.Json)
        {
            await JsonOutput.WriteAsync(settings.Host, new { Database = target.Place, Accounts = accounts });
            return ExitCode.Done;
        }

        var table = new Table().Border(settings.Host.IsTerminal ? TableBorder.Rounded : TableBorder.None);
        table.AddColumns("account", "name", "token", "state", "expires", "stored");
        foreach (var account in accounts)
        {
            table.AddRow(
                TerminalText.Line(account.AccountId).EscapeMarkup(), TerminalText.Line(account.AccountName).EscapeMarkup(), TerminalText.Line(Token(account)).EscapeMarkup(),
                State(account), Time(account.ExpiresAt), JsonOutput.Word(account.Protection));
        }

        settings.Host.CreateConsole().Write(table);
        return ExitCode.Done;
    }

    private static async Task<int> ShowAsync(Settings settings, string account, CancellationToken cancellationToken)
    {
        await using var target = await settings.OpenAsync(cancellationToken);
        await ShowAsync(settings, target, await FindAsync(target, account, cancellationToken));
        return ExitCode.Done;
    }

    private static async Task<int> AddAsync(
        Settings settings, string account, string name, string? from, bool isMax, CancellationToken cancellationToken)
    {
        var tokens = await TokenFile.ReadAsync(settings.Host, from, cancellationToken);
        await using var target = await settings.OpenAsync(cancellationToken);
        var added = await target.Get<CredentialStore>().AddAsync(
            new() { AccountId = account, AccountName = name, Tokens = tokens, IsMax = isMax }, cancellationToken);
        await ShowAsync(settings, target, added);
        return ExitCode.Done;
    }

    private static async Task<int> UpdateAsync(
        Settings settings, string account, string? from, CancellationToken cancellationToken)
    {
        var tokens = await TokenFile.ReadAsync(settings.Host, from, cancellationToken);
        await using var target = await settings.OpenAsync(cancellationToken);
        var found = await FindAsync(target, account, cancellationToken);
        await ShowAsync(
            settings, target,
            await target.Get<CredentialStore>().UpdateTokensAsync(found.AccountId, tokens, cancellationToken));
        return ExitCode.Done;
    }

    private static async Task<int> LinkAsync(
        Settings settings, string account, string trainId, bool link, CancellationToken cancellationToken)
    {
        await using var target = await settings.OpenAsync(cancellationToken);
        var found = await FindAsync(target, account, cancellationToken);
        var accounts = target.Get<TrainAccounts>();
        var hasChanged = link
            ? await accounts.LinkAsync(trainId, found.AccountId, cancellationToken)
            : await accounts.UnlinkAsync(trainId, found.AccountId, cancellationToken);
        if (settings.Json)
        {
            await JsonOutput.WriteAsync(
                settings.Host, new { Database = target.Place, found.AccountId, TrainId = trainId, IsLinked = link, HasChanged = hasChanged });
        }
        else
        {
            await settings.Host.Output.WriteLineAsync((link, hasChanged) switch
            {
                (true, true) => $"Train {trainId} may use account {found.AccountId} now.",
                (true, false) => $"Train {trainId} could use account {found.AccountId} already.",
                (false, true) => $"Train {trainId} may use account {found.AccountId} no more.",
                (false, false) => $"Train {trainId} could not use account {found.AccountId}.",
            });
        }

        return ExitCode.Done;
    }

    private static async Task<int> RefreshAsync(
        Settings settings, string? account, bool force, CancellationToken cancellationToken)
    {
        await using var target = await settings.OpenAsync(cancellationToken);
        var accounts = account is not null
            ? [await FindAsync(target, account, cancellationToken)]
            : await target.Get<CredentialStore>().ListAsync(cancellationToken);
        var outcomes = new List<RefreshOutcome>();
        foreach (var one in accounts)
        {
            // Of all, those that soon expire are done too, for the next run may be late.
            var isForced = force || (account is null && one.State != TokenState.Valid);
            outcomes.Add(await RefreshAsync(target, one.AccountId, isForced, cancellationToken));
        }

        if (settings.Json)
        {
            await JsonOutput.WriteAsync(settings.Host, new { Database = target.Place, Accounts = outcomes });
        }
        else
        {
            foreach (var outcome in outcomes)
            {
                await settings.Host.Output.WriteLineAsync(
                    outcome.Failure is { } failure ? TerminalText.Line(failure) : $"{TerminalText.Line(outcome.AccountId)}: {(outcome.IsRefreshed ? "refreshed" : "good yet")}, "
                    + $"expires {Time(outcome.ExpiresAt!.Value)}.");
            }
        }

        return outcomes.Any(outcome => outcome.Failure is not null) ? ExitCode.CheckFailed : ExitCode.Done;
    }

    private static async Task<RefreshOutcome> RefreshAsync(
        TargetDatabase target, string accountId, bool force, CancellationToken cancellationToken)
    {
        try
        {
            var done = await target.Get<AccessTokens>().RefreshAsync(accountId, force, cancellationToken);
            return new(accountId, done.IsRefreshed, done.ExpiresAt, null);
        }
        catch (NexusDataException exception) when (!cancellationToken.IsCancellationRequested)
        {
            return new(accountId, false, null, exception.Message);
        }
    }

    private static async Task<int> ReprotectAsync(
        Settings settings, bool dryRun, bool purge, CancellationToken cancellationToken)
    {
        await using var target = await settings.OpenAsync(cancellationToken);
        using var progress = new ReprotectProgressWriter(settings.Host);
        var rotation = target.Get<SecretRotation>();
        var report = await rotation.ReprotectAsync(new() { DryRun = dryRun }, progress, cancellationToken);
        progress.Clear();

        // Also where nothing was in clear any more: a run before may have been stopped, or not have had the right.
        var purged = purge && !dryRun ? await rotation.PurgeAsync(cancellationToken) : null;
        var exitCode = report.Unreadable.Count > 0 || purged is { IsComplete: false } ? ExitCode.CheckFailed : ExitCode.Done;
        if (settings.Json)
        {
            await JsonOutput.WriteAsync(
                settings.Host, new { Database = target.Place, DryRun = dryRun, Report = report, Purge = purged });
            return exitCode;
        }

        var output = settings.Host.Output;
        await output.WriteLineAsync(
            $"{target.Place}: {report.Secrets:N0} secrets, {report.InClear:N0} in clear, {report.OtherKeys:N0} under another key, "
            + $"{report.Unreadable.Count:N0} unreadable. "
            + (dryRun ? "A dry run: nothing was changed." : $"{report.Rewritten:N0} have the current key now."));
        foreach (var secret in report.Unreadable)
        {
            await output.WriteLineAsync($"  {TerminalText.Line(secret.Reason)}");
        }

        if (purged is not null)
        {
            await output.WriteLineAsync(purged.Remedy is null
                ? "The files of the tables are new. Write-ahead log, backups and standbys keep what they had: "
                  + "'nexus-data credentials refresh --all --force' makes old tokens worthless."
                : $"Old versions of rows may still be in the tables' files. {purged.Remedy}");
        }

        return exitCode;
    }

    private static async Task<int> RenameAsync(
        Settings settings, string account, string name, CancellationToken cancellationToken)
    {
        await using var target = await settings.OpenAsync(cancellationToken);
        var found = await FindAsync(target, account, cancellationToken);
        await ShowAsync(
            settings, target, await target.Get<CredentialStore>().RenameAsync(found.AccountId, name, cancellationToken));
        return ExitCode.Done;
    }

    private static async Task<int> DeleteAsync(
        Settings settings, string account, bool inProduction, CancellationToken cancellationToken)
    {
        await using var target = await settings.OpenAsync(cancellationToken);
        var found = await FindAsync(target, account, cancellationToken);
        ProductionGuard.Check(settings.Host, target, inProduction);
        await settings.Host.Error.WriteLineAsync(
            $"In {target.Place} account {TerminalText.Line(found.AccountId)} ({TerminalText.Line(found.AccountName)}), its tokens and its links to trains would go; "
            + "its requests stay.");
        await Confirmation.AskAsync(settings.Host, target, settings.Yes, cancellationToken);
        var isDeleted = await target.Get<CredentialStore>().DeleteAsync(found.AccountId, cancellationToken);
        if (settings.Json)
        {
            await JsonOutput.WriteAsync(
                settings.Host, new { Database = target.Place, found.AccountId, IsDeleted = isDeleted });
        }
        else
        {
            await settings.Host.Output.WriteLineAsync($"Account {found.AccountId} is gone.");
        }

        return ExitCode.Done;
    }

    private static async Task<int> KeygenAsync(Settings settings, string? id)
    {
        string line;
        try
        {
            line = CredentialKeys.Generate(id);
        }
        catch (ArgumentException)
        {
            throw new ToolException(
                ExitCode.WrongUsage, "--id takes 1 to 32 letters, digits, dots, hyphens and underscores.");
        }

        if (settings.Json)
        {
            await JsonOutput.WriteAsync(settings.Host, new { Id = line[..line.IndexOf(':', StringComparison.Ordinal)], Line = line });
        }
        else
        {
            await settings.Host.Output.WriteLineAsync(line);
        }

        return ExitCode.Done;
    }

    // Who has only the identifier of a row may give that.
    private static async Task<CredentialInfo> FindAsync(
        TargetDatabase target, string account, CancellationToken cancellationToken)
    {
        var store = target.Get<CredentialStore>();
        return await store.FindAsync(account, cancellationToken)
            ?? (Guid.TryParse(account, out var id)
                ? (await store.ListAsync(cancellationToken)).FirstOrDefault(one => one.Id == id)
                : null)
            ?? throw new ToolException(ExitCode.CheckFailed, $"There is no account '{account}' in {target.Place}.");
    }

    private static async Task ShowAsync(Settings settings, TargetDatabase target, CredentialInfo account)
    {
        if (settings.Json)
        {
            await JsonOutput.WriteAsync(settings.Host, new { Database = target.Place, Account = account });
            return;
        }

        var output = settings.Host.Output;
        await output.WriteLineAsync($"Account {TerminalText.Line(account.AccountId)} ({TerminalText.Line(account.AccountName)}), credential {account.Id}");
        await output.WriteLineAsync($"  token    {TerminalText.Line(Token(account))}, {State(account)}, expires {Time(account.ExpiresAt)}");
        await output.WriteLineAsync($"  scopes   {(account.Scopes.Count == 0 ? "none" : TerminalText.Line(string.Join(' ', account.Scopes)))}");
        await output.WriteLineAsync($"  plan     {(account.IsMax ? "Max" : "another")}");
        await output.WriteLineAsync($"  stored   {Stored(account.Protection)}");
        if (account.LastRefreshAt is { } refreshed)
        {
            await output.WriteLineAsync($"  refresh  {Time(refreshed)}");
        }

        if (account.RefreshFailedAt is { } failed)
        {
            await output.WriteLineAsync($"  failed   {Time(failed)}: {TerminalText.Line(account.RefreshFailure)}");
        }
    }

    private static string Token(CredentialInfo account) => account.TokenSuffix is { } suffix ? $"****{suffix}" : "****";

    private static string State(CredentialInfo account) => JsonOutput.Word(account.State);

    private static string Stored(SecretProtection protection) => protection switch
    {
        SecretProtection.Clear => "in clear: run 'nexus-data credentials protect'",
        SecretProtection.OtherKey => "under another key than the current one",
        _ => "under the current key",
    };

    private static string Time(DateTimeOffset time) => $"{time.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC";

    // What every verb below has.
    private sealed record Settings(ToolHost Host, string? Connection, bool Json, bool Yes)
    {
        public Task<TargetDatabase> OpenAsync(CancellationToken cancellationToken)
            => TargetDatabase.OpenReadyAsync(Host, Connection, ConnectionScope.Own, cancellationToken);
    }

    private sealed record RefreshOutcome(string AccountId, bool IsRefreshed, DateTimeOffset? ExpiresAt, string? Failure);
}
