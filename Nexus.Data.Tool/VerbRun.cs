using System.CommandLine;
using Nexus.Data.Persistence;
using Spectre.Console;

namespace Nexus.Data.Tool;

/// <summary>One run of a verb on a database that has our tables.</summary>
/// <param name="Host">Where to print.</param>
/// <param name="Target">The database.</param>
/// <param name="Result">The command line.</param>
/// <param name="IsJson">Whether to print for programs.</param>
/// <param name="IsConfirmed">Whether there are no questions.</param>
internal sealed record VerbRun(ToolHost Host, TargetDatabase Target, ParseResult Result, bool IsJson, bool IsConfirmed)
{
    /// <summary>Who does it, for rows that say so: by option, else by the system.</summary>
    public string Actor(Option<string?> by)
        => Result.GetValue(by) ?? (Host.Environment("USER") is { Length: > 0 } user ? user : "nexus-data");

    public T Get<T>()
        where T : notnull
        => Target.Get<T>();

    /// <summary>Prints an answer: as JSON, or as a sentence.</summary>
    public async Task<int> TellAsync<T>(T answer, string sentence, int exitCode = ExitCode.Done)
    {
        if (IsJson)
        {
            await JsonOutput.WriteAsync(Host, answer);
        }
        else
        {
            await Host.Output.WriteLineAsync(sentence);
        }

        return exitCode;
    }

    /// <summary>Prints a list: as JSON, under a name beside the database, or as a table.</summary>
    public async Task<int> ListAsync<T>(
        string name, IReadOnlyCollection<T> items, string none, string[] columns, Func<T, string?[]> row)
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
            var table = new Table().Border(Host.IsTerminal ? TableBorder.Rounded : TableBorder.None);
            table.AddColumns(columns);
            foreach (var item in items)
            {
                table.AddRow([.. row(item).Select(text => (text ?? "").EscapeMarkup())]);
            }

            Host.CreateConsole().Write(table);
        }

        return ExitCode.Done;
    }

    /// <summary>Prints one thing: as JSON, or a line for each of its values.</summary>
    public async Task<int> ShowAsync<T>(T thing, params (string Name, string? Value)[] lines)
    {
        if (IsJson)
        {
            await JsonOutput.WriteAsync(Host, thing);
            return ExitCode.Done;
        }

        var width = lines.Max(line => line.Name.Length) + 2;
        foreach (var (name, value) in lines.Where(line => !string.IsNullOrEmpty(line.Value)))
        {
            await Host.Output.WriteLineAsync($"{name.PadRight(width)}{value}");
        }

        return ExitCode.Done;
    }
}

/// <summary>Verbs that work on a database that has our tables.</summary>
internal static class VerbRuns
{
    /// <summary>Says what a verb does; the database is opened before and left afterwards.</summary>
    public static void SetWork(
        this Command command, GlobalOptions options, ToolHost host, Func<VerbRun, CancellationToken, Task<int>> work)
        => command.SetAction(async (result, cancellationToken) =>
        {
            await using var target = await TargetDatabase.OpenReadyAsync(
                host, result.GetValue(options.Connection), ConnectionScope.Own, cancellationToken);
            return await work(
                new(host, target, result, result.GetValue(options.Json), result.GetValue(options.Yes)), cancellationToken);
        });

    /// <summary>A time as people read it, in UTC.</summary>
    public static string? Text(this DateTimeOffset? time) => time?.Text();

    /// <inheritdoc cref="Text(DateTimeOffset?)"/>
    public static string Text(this DateTimeOffset time) => $"{time.UtcDateTime:yyyy-MM-dd HH:mm}";
}
