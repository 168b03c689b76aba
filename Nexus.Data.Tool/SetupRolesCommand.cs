using System.CommandLine;
using System.Text.RegularExpressions;
using Nexus.Data.Operations.Roles;
using Nexus.Data.Persistence;

namespace Nexus.Data.Tool;

/// <summary><c>nexus-data setup-roles</c>: the roles of a database, and what each of them may do.</summary>
internal static partial class SetupRolesCommand
{
    private const string StandardInput = "-";

    public static Command Create(GlobalOptions options, ToolHost host)
    {
        var prefix = new Option<string>("--prefix")
        {
            Description = "What the roles' names begin with.",
            DefaultValueFactory = _ => RoleSetupOptions.DefaultPrefix,
        };
        var passwords = new Option<string?>("--passwords")
        {
            Description = "A file with lines such as APP_DB_PASSWORD=..., to which passwords that are made are added; "
                + "- reads standard input.",
            HelpName = "FILE",
        };
        var dryRun = new Option<bool>("--dry-run") { Description = "List the changes and make none." };
        var command = new Verb(
            "setup-roles", "Set up the roles for migrations, application, readers and backups, and try their rights.")
        {
            prefix,
            passwords,
            dryRun,
        };
        command.Examples =
        [
            ("setup-roles --dry-run", "What is missing or has drifted, as SQL."),
            ("setup-roles --passwords roles.env", "Sets it right; passwords of new roles are made and added to the file."),
            ("setup-roles --connection postgresql://postgres@db.example.org/nexus",
                "As that user, else as the one of ADMIN_DATABASE_URL; passwords of MIGRATION_DB_PASSWORD, APP_DB_PASSWORD, "
                + "READ_DB_PASSWORD and BACKUP_DB_PASSWORD."),
        ];
        command.SetAction((result, cancellationToken) => RunAsync(
            host, result.GetValue(options.Connection), result.GetValue(prefix)!, result.GetValue(passwords),
            result.GetValue(dryRun), result.GetValue(options.Yes), result.GetValue(options.Json), cancellationToken));
        return command;
    }

    internal static async Task<int> RunAsync(
        ToolHost host, string? connection, string prefix, string? passwords, bool dryRun, bool yes, bool json,
        CancellationToken cancellationToken)
    {
        await using var target = await TargetDatabase.OpenAsync(
            host, connection, ConnectionScope.Administrator, cancellationToken: cancellationToken);
        var setup = target.Get<RoleSetup>();
        var options = new RoleSetupOptions { Prefix = prefix };
        options = new()
        {
            Prefix = prefix,
            Passwords = await GivenAsync(host, passwords, options.NameOf(NexusRole.App), cancellationToken),
        };
        var plan = await setup.PlanAsync(options, cancellationToken);
        if (dryRun)
        {
            await WriteAsync(host, target, plan, json);
            return plan.Obstacles.Count == 0 ? ExitCode.Done : ExitCode.Refused;
        }

        if (!json)
        {
            await WriteHandoversAsync(host.Output, plan, "is handed over");
        }

        string? file = null;
        if (plan.Obstacles.Count == 0)
        {
            await ConfirmAsync(host, target, plan, yes, cancellationToken);
            if (plan.WithoutPassword.Count > 0)
            {
                file = passwords is null or StandardInput ? DefaultFile(host, target, prefix) : passwords;
                options = await WithPasswordsAsync(options, plan.WithoutPassword, file, cancellationToken);
                plan = await setup.PlanAsync(options, cancellationToken);
            }
        }

        await setup.ApplyAsync(plan, cancellationToken);
        var proofs = await setup.ProveAsync(options, cancellationToken);
        if (json)
        {
            await JsonOutput.WriteAsync(host, new
            {
                Database = target.Place,
                DryRun = false,
                Plan = plan,
                PasswordsFile = file,
                Proofs = proofs,
            });
        }
        else
        {
            await WriteAsync(host, target, plan, file, proofs);
        }

        return proofs.All(proof => proof.IsProven) ? ExitCode.Done : ExitCode.CheckFailed;
    }

    // What the option names comes before what the environment says.
    private static async Task<IReadOnlyDictionary<NexusRole, string>> GivenAsync(
        ToolHost host, string? file, string applicationRole, CancellationToken cancellationToken)
    {
        var given = new Dictionary<NexusRole, string>(RolePasswordFile.Find(host.Environment, applicationRole));
        var text = file == StandardInput ? await host.Input.ReadToEndAsync(cancellationToken)
            : file is not null && File.Exists(file) ? await File.ReadAllTextAsync(file, cancellationToken)
            : "";
        foreach (var (role, password) in RolePasswordFile.Parse(text))
        {
            given[role] = password;
        }

        return given;
    }

    // Kept before they are set: a run that breaks off leaves no role whose password nobody knows, and the next one goes on
    // with what is in the file.
    private static async Task<RoleSetupOptions> WithPasswordsAsync(
        RoleSetupOptions options, IReadOnlyList<NexusRole> roles, string file, CancellationToken cancellationToken)
    {
        var kept = File.Exists(file)
            ? RolePasswordFile.Parse(await File.ReadAllTextAsync(file, cancellationToken))
            : new Dictionary<NexusRole, string>();
        var made = roles.Where(role => !kept.ContainsKey(role)).ToDictionary(role => role, _ => RolePassword.Generate());
        if (made.Count > 0)
        {
            await RolePasswordFile.AddAsync(file, made, cancellationToken);
        }

        var passwords = new Dictionary<NexusRole, string>(options.Passwords);
        foreach (var role in roles)
        {
            passwords[role] = kept.GetValueOrDefault(role) ?? made[role];
        }

        return new() { Prefix = options.Prefix, Passwords = passwords };
    }

    private static string DefaultFile(ToolHost host, TargetDatabase target, string prefix)
    {
        var folder = host.EmbeddedFolder ?? Environment.GetFolderPath(
            Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify);
        if (folder.Length == 0)
        {
            throw new ToolException(
                ExitCode.WrongUsage, "There is no home folder for the passwords that are to be made: name a file by --passwords.");
        }

        // Each server and database has its own.
        var name = NoFileName().Replace($"{prefix}-roles-{target.Place}", "-").Trim('-');
        return Path.Combine(host.EmbeddedFolder is null ? Path.Combine(folder, "nexus-data") : folder, name + ".env");
    }

    private static async Task ConfirmAsync(
        ToolHost host, TargetDatabase target, RolePlan plan, bool yes, CancellationToken cancellationToken)
    {
        var losers = plan.Handovers.Where(handover => handover.TakesRights).Select(handover => handover.From)
            .Distinct(StringComparer.Ordinal).ToList();
        if (losers.Count > 0)
        {
            await host.Error.WriteLineAsync(
                $"{string.Join(", ", losers)} would no longer own these things of {target.Place}, and a program that connects "
                + "as such a user could no longer use them:");
            foreach (var handover in plan.Handovers.Where(handover => handover.TakesRights))
            {
                await host.Error.WriteLineAsync($"  {handover.Thing}");
            }

            await Confirmation.AskAsync(host, target, yes, cancellationToken);
        }
    }

    // A dry run.
    private static async Task WriteAsync(ToolHost host, TargetDatabase target, RolePlan plan, bool json)
    {
        if (json)
        {
            await JsonOutput.WriteAsync(host, new { Database = target.Place, DryRun = true, Plan = plan });
            return;
        }

        await WriteHandoversAsync(host.Output, plan, "would be handed over");
        foreach (var change in plan.Changes)
        {
            await host.Output.WriteLineAsync($"would run {change.Statement};");
        }

        foreach (var role in plan.WithoutPassword)
        {
            await host.Output.WriteLineAsync(
                $"would make a password for the {JsonOutput.Word(role)} role, for {RolePasswordFile.VariableOf(role)} is not set");
        }

        foreach (var obstacle in plan.Obstacles)
        {
            await host.Error.WriteLineAsync($"This user may not: {obstacle}.");
        }

        await host.Output.WriteLineAsync(
            plan.IsEmpty ? $"Nothing to change: the roles of {target.Place} are as they should be."
                : $"{plan.Changes.Count} changes to {target.Place}.");
    }

    private static async Task WriteHandoversAsync(TextWriter output, RolePlan plan, string words)
    {
        foreach (var handover in plan.Handovers)
        {
            await output.WriteLineAsync($"{handover.Thing} {words} from {handover.From}");
        }
    }

    private static async Task WriteAsync(
        ToolHost host, TargetDatabase target, RolePlan plan, string? file, IReadOnlyList<RoleProof> proofs)
    {
        foreach (var change in plan.Changes)
        {
            await host.Output.WriteLineAsync($"ran {change.Statement};");
        }

        await host.Output.WriteLineAsync(
            plan.IsEmpty ? $"Nothing to change: the roles of {target.Place} are as they should be."
                : $"{plan.Changes.Count} changes to {target.Place}.");
        if (file is not null)
        {
            await host.Output.WriteLineAsync($"Passwords that were made are in {file}, which you alone can read.");
        }

        await host.Output.WriteLineAsync("Tried, and taken back:");
        foreach (var group in proofs.GroupBy(proof => (proof.Role, proof.IsGranted, proof.Action))
            .OrderBy(group => group.Key.Role, StringComparer.Ordinal).ThenByDescending(group => group.Key.IsGranted))
        {
            var expected = group.Key.IsGranted ? "may" : "may not";
            var proven = group.Count(proof => proof.IsProven);
            var result = proven == group.Count() ? "proven" : "WRONG";
            await host.Output.WriteLineAsync(
                $"  {group.Key.Role,-20} {expected,-7} {group.Key.Action,-30} {proven,4} of {group.Count(),4} {result}");
        }

        foreach (var proof in proofs.Where(proof => !proof.IsProven))
        {
            var expected = proof.IsGranted ? "should be let" : "should be refused";
            await host.Error.WriteLineAsync(
                $"{proof.Role} {expected}: {proof.Action} {proof.Thing}: {proof.Answer ?? "it was let"}");
        }
    }

    [GeneratedRegex(@"[^\w.]+")]
    private static partial Regex NoFileName();
}
