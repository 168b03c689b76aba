namespace Nexus.Data.Tool;

/// <summary>A part of a verb that is done in steps.</summary>
/// <param name="Name">The verb that does it alone.</param>
/// <param name="Purpose">What it does, in a few words that begin with a verb.</param>
/// <param name="Work">Does it, prints there, and gives the exit code.</param>
internal sealed record VerbStep(string Name, string Purpose, Func<ToolHost, CancellationToken, Task<int>> Work)
{
    /// <summary>A step that is another verb's command line.</summary>
    public static VerbStep Of(string purpose, params string[] arguments)
        => new(
            arguments[0], purpose,
            (host, cancellationToken) => NexusDataCommand.ContinueAsync(arguments, host, cancellationToken));

    /// <summary>Does steps one after the other, each announced with its number, and stops at the first that fails.</summary>
    /// <param name="run">The verb that they are parts of.</param>
    /// <param name="steps">The steps.</param>
    /// <param name="cancellationToken">Stops it: the steps before are done.</param>
    /// <returns>The exit code of the last step that was done.</returns>
    public static async Task<int> RunAsync(
        VerbRun run, IReadOnlyList<VerbStep> steps, CancellationToken cancellationToken)
    {
        var announce = run.IsJson ? run.Host.Error : run.Host.Output;
        var results = new List<StepResult>();
        foreach (var step in steps)
        {
            var number = $"Step {results.Count + 1} of {steps.Count}";
            await announce.WriteLineAsync($"{number}{(run.IsDryRun ? " would be to" : ":")} {step.Purpose}.");
            await announce.FlushAsync(cancellationToken);
            using var said = new StringWriter();
            var exitCode = await step.Work(run.IsJson ? run.Host.With(said) : run.Host, cancellationToken);
            results.Add(new(step.Name, exitCode, said.ToString() is { Length: > 0 } json ? JsonOutput.Parsed(json) : null));
            if (exitCode != Tool.ExitCode.Done)
            {
                await run.Host.Error.WriteLineAsync(
                    $"{number} failed. Those before are done, and are not in the way when it is run again.");
                break;
            }
        }

        if (run.IsJson)
        {
            await run.WriteJsonAsync(new { Database = run.Target.Place, Steps = results });
        }

        return results[^1].ExitCode;
    }

    private sealed record StepResult(string Name, int ExitCode, object? Result);
}
