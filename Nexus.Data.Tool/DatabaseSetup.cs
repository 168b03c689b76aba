using System.CommandLine;
using Nexus.Data.Operations;
using Nexus.Data.Persistence;
using Npgsql;

namespace Nexus.Data.Tool;

/// <summary>What the verbs take that set a database up.</summary>
internal sealed class SetupOptions
{
    public Option<string?> Prefix { get; } = new("--prefix")
    {
        Description = "What the roles' names begin with, as setup-roles takes it.",
        HelpName = "PREFIX",
    };

    public Option<string?> Passwords { get; } = new("--passwords")
    {
        Description = "A file with lines such as APP_DB_PASSWORD=..., as setup-roles takes it; - reads standard input.",
        HelpName = "FILE",
    };

    public Option<bool> NoPopulate { get; } = new("--no-populate")
    {
        Description = "Roles and tables alone, without people and chats. In production it is needed.",
    };

    public void AddTo(Command command)
    {
        command.Options.Add(Prefix);
        command.Options.Add(Passwords);
        command.Options.Add(NoPopulate);
    }
}

/// <summary>Sets a database up, in steps that are verbs of their own: as its administrator where it is about roles and tables,
/// and as its user where it is about rows.</summary>
internal sealed class DatabaseSetup
{
    private const string StandardInput = "-";

    private readonly VerbRun _run;
    private readonly SetupOptions _options;
    private readonly string? _own;
    private readonly string? _input;

    private DatabaseSetup(VerbRun run, SetupOptions options, string? own, string? input)
    {
        (_run, _options, _own, _input) = (run, options, own, input);
    }

    // Where rows are added and read.
    private string RowsOption => _own ?? _run.Target.Option;

    private bool Populates => !_run.Result.GetValue(_options.NoPopulate);

    /// <summary>Opens the database that is meant for us, by the user of ADMIN_DATABASE_URL where this is set. That variable
    /// alone says nothing of which database to fill.</summary>
    /// <exception cref="ToolException">It names another one.</exception>
    public static async Task<TargetDatabase> OpenAsync(
        ToolHost host, string? connection, CancellationToken cancellationToken)
    {
        // Where it is not set, another program's variable would be read in its place.
        if (connection is not null
            || string.IsNullOrWhiteSpace(host.Environment(ConnectionSettings.AdministratorVariable))
            || ConnectionSettings.Find(connection, ConnectionScope.Administrator, host.Environment) is not { } administrator)
        {
            return await DbHardResetCommand.OpenAsync(host, connection, cancellationToken);
        }

        var own = ConnectionSettings.Find(connection, ConnectionScope.Own, host.Environment);
        if (own is null || Address(own) != Address(administrator))
        {
            throw new ToolException(
                ExitCode.WrongUsage,
                $"{administrator} is not the database that is meant, {own?.ToString() ?? "which without a name is the embedded one"}: "
                + $"name the same one by {ConnectionSettings.OwnVariable}, or the one that is meant by {ConnectionSettings.Option}.");
        }

        await host.Error.WriteLineAsync($"Using {administrator}.");
        return await DbHardResetCommand.OpenAsync(host, administrator.ConnectionString, cancellationToken);
    }

    /// <summary>Prepares it, and refuses what a step would refuse later.</summary>
    /// <param name="run">The verb, with a database of <see cref="OpenAsync"/>.</param>
    /// <param name="options">What it was given.</param>
    /// <param name="cancellationToken">Stops the reading of passwords.</param>
    /// <exception cref="ToolException">It is production, and people would be added.</exception>
    public static async Task<DatabaseSetup> PrepareAsync(
        VerbRun run, SetupOptions options, CancellationToken cancellationToken)
    {
        if (!run.Result.GetValue(options.NoPopulate))
        {
            ProductionGuard.Forbid(
                run, "people whose password everybody may know",
                $" With {options.NoPopulate.Name} roles and tables alone are set up.");
        }

        var own = run.Connection is null
            ? ConnectionSettings.Find(option: null, ConnectionScope.Own, run.Host.Environment)?.ConnectionString
            : null;

        // It ends once, and more than one step wants it.
        var input = run.Result.GetValue(options.Passwords) == StandardInput
            ? await run.Host.Input.ReadToEndAsync(cancellationToken)
            : null;
        return new(run, options, own, input);
    }

    /// <summary>Refuses where the roles could not be set up: before anything is dropped.</summary>
    /// <exception cref="ToolException">The user may not do that.</exception>
    public async Task CheckRolesAsync(CancellationToken cancellationToken)
    {
        using var said = new StringWriter();
        var exitCode = await NexusDataCommand.ContinueAsync(
            [.. Roles(), "--dry-run"], OfRoles(_run.Host.With(said)), cancellationToken);
        if (exitCode != ExitCode.Done)
        {
            throw new ToolException(exitCode, "The roles could not be set up: nothing was changed.");
        }
    }

    /// <summary>The steps.</summary>
    /// <param name="isConfirmed">Whether there are no questions any more. Otherwise the first step may have one, before anything
    /// is changed, and no other.</param>
    public IEnumerable<VerbStep> Steps(bool isConfirmed)
    {
        yield return new("setup-roles", "set up the roles", (host, token) => SetUpRolesAsync(host, isConfirmed, token));
        yield return new("migrate", "bring the tables to the newest version", MigrateAsync);
        if (Populates)
        {
            yield return new("populate", "add a few people and chats", PopulateAsync);
            yield return new("verify-population", "check whether they hang together", VerifyAsync);
        }
    }

    private Task<int> SetUpRolesAsync(ToolHost host, bool isConfirmed, CancellationToken cancellationToken)
        => NexusDataCommand.ContinueAsync(
            [.. Roles(), .. Flags(), .. When(isConfirmed, "--yes")], OfRoles(host), cancellationToken);

    private async Task<int> MigrateAsync(ToolHost host, CancellationToken cancellationToken)
    {
        var before = await StatusAsync(cancellationToken);
        var exitCode = await NexusDataCommand.ContinueAsync(
            ["migrate", "--yes", .. Flags(), ConnectionSettings.Option, _run.Target.Option], host, cancellationToken);
        if (exitCode != ExitCode.Done || before.IsCurrent || _run.IsDryRun)
        {
            return exitCode;
        }

        // What this user has just made is nobody else's yet, and so there is nobody to ask.
        using var said = new StringWriter();
        exitCode = await NexusDataCommand.ContinueAsync([.. Roles(), "--yes"], OfRoles(host.With(said)), cancellationToken);
        if (exitCode != ExitCode.Done)
        {
            await host.Error.WriteAsync(said.ToString());
        }
        else if (!_run.IsJson)
        {
            await host.Output.WriteLineAsync("The roles have their rights on what was made, each of them tried.");
        }

        return exitCode;
    }

    // A dry run cannot where there are no tables yet.
    private async Task<int> PopulateAsync(ToolHost host, CancellationToken cancellationToken)
        => !_run.IsDryRun || (await StatusAsync(cancellationToken)).IsCurrent
            ? await NexusDataCommand.ContinueAsync(
                ["populate", .. Flags(), ConnectionSettings.Option, RowsOption], host, cancellationToken)
            : await TellAsync(host, "Once the tables are there, people and chats would be added.");

    private async Task<int> VerifyAsync(ToolHost host, CancellationToken cancellationToken)
        => _run.IsDryRun
            ? await TellAsync(host, "Once they are there, they would be checked.")
            : await NexusDataCommand.ContinueAsync(
                ["verify-population", .. Flags(), ConnectionSettings.Option, RowsOption], host, cancellationToken);

    private async Task<int> TellAsync(ToolHost host, string sentence)
    {
        if (!_run.IsJson)
        {
            await host.Output.WriteLineAsync(sentence);
        }

        return ExitCode.Done;
    }

    private Task<DatabaseStatus> StatusAsync(CancellationToken cancellationToken)
        => _run.Get<DatabaseStatusReader>().ReadAsync(cancellationToken);

    private string[] Roles()
        =>
        [
            "setup-roles", ConnectionSettings.Option, _run.Target.Option,
            .. _run.Result.GetValue(_options.Prefix) is { } prefix ? ["--prefix", prefix] : Array.Empty<string>(),
            .. _run.Result.GetValue(_options.Passwords) is { } passwords ? ["--passwords", passwords] : Array.Empty<string>(),
        ];

    // Where services connect as the application's role by our own variable, its password is that role's.
    private ToolHost OfRoles(ToolHost host)
    {
        var known = _own is not null && string.IsNullOrWhiteSpace(host.Environment(ConnectionSettings.ApplicationVariable))
            ? host.With(ConnectionSettings.ApplicationVariable, _own)
            : host;
        return _input is null ? known : known with { Input = new StringReader(_input) };
    }

    private string[] Flags() => [.. When(_run.IsJson, "--json"), .. When(_run.IsDryRun, "--dry-run")];

    private static string[] When(bool isSo, string flag) => isSo ? [flag] : [];

    private static (string? Host, int Port, string? Database) Address(ConfiguredConnection connection)
    {
        var builder = new NpgsqlConnectionStringBuilder(connection.ConnectionString);
        return (builder.Host?.ToLowerInvariant(), builder.Port, builder.Database ?? builder.Username);
    }
}
