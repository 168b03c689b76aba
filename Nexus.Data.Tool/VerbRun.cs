using System.CommandLine;
using Microsoft.EntityFrameworkCore;
using Nexus.Data.Persistence;

namespace Nexus.Data.Tool;

/// <summary>One run of a verb on a database that has our tables.</summary>
/// <param name="Host">Where to print.</param>
/// <param name="Target">The database.</param>
/// <param name="Result">The command line.</param>
/// <param name="IsJson">Whether to print for programs.</param>
/// <param name="IsConfirmed">Whether there are no questions.</param>
/// <param name="DryRun">Whether to change nothing; null for a verb that never changes anything.</param>
internal sealed record VerbRun(
    ToolHost Host, TargetDatabase Target, ParseResult Result, bool IsJson, bool IsConfirmed, bool? DryRun = null)
{
    public bool IsDryRun => DryRun == true;

    /// <summary>What <c>--connection</c> was given; null without it.</summary>
    public string? Connection { get; init; }

    /// <summary>Who does it, for rows that say so: by option, else by the system.</summary>
    public string Actor(Option<string?> by) => Result.GetValue(by) is { Length: > 0 } name ? name : Host.User;

    public T Get<T>()
        where T : notnull
        => Target.Get<T>();

    /// <summary>Changes something in one transaction; a dry run takes it back.</summary>
    /// <param name="work">Does it in the context that it is given. It may be called again where the connection breaks.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>What the work gave, also where it is taken back.</returns>
    public Task<T> ChangeAsync<T>(
        Func<NexusDbContext, CancellationToken, Task<T>> work, CancellationToken cancellationToken)
        => IsDryRun
            ? TryAsync(work, cancellationToken)
            : Get<IDbContextFactory<NexusDbContext>>().ExecuteInTransactionAsync(work, cancellationToken);

    /// <summary>What a change would give: it is done and taken back.</summary>
    /// <inheritdoc cref="ChangeAsync{T}"/>
    public async Task<T> TryAsync<T>(
        Func<NexusDbContext, CancellationToken, Task<T>> work, CancellationToken cancellationToken)
    {
        await using var db = await Get<IDbContextFactory<NexusDbContext>>().CreateDbContextAsync(cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var answer = await work(db, cancellationToken);
        await transaction.RollbackAsync(CancellationToken.None);
        return answer;
    }

    /// <summary>Refuses in production, unless that was said in words; a dry run destroys nothing there either.</summary>
    public void CheckProduction(Option<bool> inProduction)
    {
        if (!IsDryRun)
        {
            ProductionGuard.Check(Host, Target, Result.GetValue(inProduction));
        }
    }

    /// <summary>Says what is destroyed, and asks; a dry run only says it.</summary>
    public async Task ConfirmAsync(string sentence, CancellationToken cancellationToken)
    {
        await Host.Error.WriteLineAsync(TerminalText.Line(sentence));
        if (!IsDryRun)
        {
            await Confirmation.AskAsync(Host, Target, IsConfirmed, cancellationToken);
        }
    }

    /// <summary>Prints JSON, which says whether it was a dry run where there are dry runs.</summary>
    public async Task WriteJsonAsync<T>(T value)
    {
        if (DryRun is { } isDryRun)
        {
            await JsonOutput.WriteAsync(Host, value, ("dry_run", isDryRun));
        }
        else
        {
            await JsonOutput.WriteAsync(Host, value);
        }
    }

    /// <summary>Prints an answer: as JSON, or as a sentence.</summary>
    public async Task<int> TellAsync<T>(T answer, string sentence, int exitCode = ExitCode.Done)
    {
        if (IsJson)
        {
            await WriteJsonAsync(answer);
        }
        else
        {
            await Host.Output.WriteLineAsync(TerminalText.Line(sentence));
        }

        return exitCode;
    }

    /// <summary>Prints a list: as JSON, under a name beside the database, or as a table.</summary>
    public async Task<int> ListAsync<T>(
        string name, IReadOnlyCollection<T> items, string none, Column[] columns, Func<T, Cell[]> row)
    {
        if (IsJson)
        {
            await JsonOutput.WriteAsync(
                Host, new Dictionary<string, object> { ["database"] = Target.Place, [name] = items });
        }
        else if (items.Count == 0)
        {
            await Host.Output.WriteLineAsync(none);
        }
        else
        {
            TextTable.Write(Host, columns, items.Select(row));
        }

        return ExitCode.Done;
    }

    /// <summary>Prints one thing: as JSON, or a line for each of its values.</summary>
    public async Task<int> ShowAsync<T>(T thing, params (string Name, string? Value)[] lines)
    {
        if (IsJson)
        {
            await WriteJsonAsync(thing);
            return ExitCode.Done;
        }

        var width = lines.Max(line => line.Name.Length) + 2;
        foreach (var (name, value) in lines)
        {
            if (!string.IsNullOrEmpty(value))
            {
                await Host.Output.WriteLineAsync($"{name.PadRight(width)}{TerminalText.Block(value, width)}");
            }
        }

        return ExitCode.Done;
    }
}

/// <summary>Verbs that work on a database that has our tables.</summary>
internal static class VerbRuns
{
    public static Option<bool> DryRun() => new("--dry-run")
    {
        Description = "Do it and take it back: say what would be, and change nothing.",
    };

    /// <summary>Says what a verb does that changes nothing; the database is opened before and left afterwards.</summary>
    public static void SetWork(
        this Command command, GlobalOptions options, ToolHost host, Func<VerbRun, CancellationToken, Task<int>> work)
        => command.SetAction((result, cancellationToken) => RunAsync(
            options, host, result, dryRun: null, work, cancellationToken));

    /// <summary>Says what a verb does that changes something, by <see cref="VerbRun.ChangeAsync"/>, and has it take
    /// <c>--dry-run</c>.</summary>
    public static void SetChange(
        this Command command, GlobalOptions options, ToolHost host, Func<VerbRun, CancellationToken, Task<int>> work)
    {
        var dryRun = DryRun();
        command.Options.Add(dryRun);
        command.SetAction((result, cancellationToken) => RunAsync(
            options, host, result, result.GetValue(dryRun), work, cancellationToken));
    }

    /// <summary>Says what a verb does that takes its database as it is, with our tables or without, and has it take
    /// <c>--dry-run</c>.</summary>
    /// <param name="command">The verb.</param>
    /// <param name="options">The options that every verb has.</param>
    /// <param name="host">Where it prints.</param>
    /// <param name="open">Opens the database, by the value of <c>--connection</c>.</param>
    /// <param name="work">What it does.</param>
    public static void SetWorkOnAny(
        this Command command, GlobalOptions options, ToolHost host,
        Func<string?, CancellationToken, Task<TargetDatabase>> open, Func<VerbRun, CancellationToken, Task<int>> work)
    {
        var dryRun = new Option<bool>("--dry-run") { Description = "Say what would be, and change nothing." };
        command.Options.Add(dryRun);
        command.SetAction((result, cancellationToken) => RunAsync(
            options, host, result, result.GetValue(dryRun), open, work, cancellationToken));
    }

    /// <summary>Opens the database, does the work, and says at the end where it was a dry run.</summary>
    public static Task<int> RunAsync(
        GlobalOptions options, ToolHost host, ParseResult result, bool? dryRun,
        Func<VerbRun, CancellationToken, Task<int>> work, CancellationToken cancellationToken)
        => RunAsync(
            options, host, result, dryRun,
            (connection, token) => TargetDatabase.OpenReadyAsync(host, connection, ConnectionScope.Own, token),
            work, cancellationToken);

    private static async Task<int> RunAsync(
        GlobalOptions options, ToolHost host, ParseResult result, bool? dryRun,
        Func<string?, CancellationToken, Task<TargetDatabase>> open,
        Func<VerbRun, CancellationToken, Task<int>> work, CancellationToken cancellationToken)
    {
        await using var target = await open(result.GetValue(options.Connection), cancellationToken);
        var run = new VerbRun(
            host, target, result, result.GetValue(options.Json), result.GetValue(options.Yes), dryRun)
        {
            Connection = result.GetValue(options.Connection),
        };
        var exitCode = await work(run, cancellationToken);
        if (run.IsDryRun)
        {
            await host.Error.WriteLineAsync($"A dry run: nothing was changed in {target.Place}.");
        }

        return exitCode;
    }

    /// <summary>A time as people read it, in UTC.</summary>
    public static string? Text(this DateTimeOffset? time) => time?.Text();

    /// <inheritdoc cref="Text(DateTimeOffset?)"/>
    public static string Text(this DateTimeOffset time) => $"{time.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z";
}
