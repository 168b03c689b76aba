namespace Nexus.Data.Tool;

/// <summary>Asks before something is destroyed.</summary>
internal static class Confirmation
{
    /// <summary>Wants the database's name typed.</summary>
    /// <exception cref="ToolException">It was not.</exception>
    public static Task AskAsync(ToolHost host, TargetDatabase target, bool yes, CancellationToken cancellationToken)
        => AskAsync(host, target.Name, yes, cancellationToken);

    /// <inheritdoc cref="AskAsync(ToolHost, TargetDatabase, bool, CancellationToken)"/>
    public static async Task AskAsync(ToolHost host, string name, bool yes, CancellationToken cancellationToken)
    {
        // Else a bare Enter would do.
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        if (yes)
        {
            return;
        }

        await host.Error.WriteAsync($"Type the database's name, {name}, to go on: ");
        await host.Error.FlushAsync(cancellationToken);

        // The console's reader blocks, and heeds no token: Ctrl-C leaves it behind, and the process ends with it.
        var typed = await Task.Run(host.Input.ReadLine, CancellationToken.None).WaitAsync(cancellationToken);
        if (typed is null)
        {
            await host.Error.WriteLineAsync();
        }

        if (typed?.Trim() != name)
        {
            throw new ToolException(
                ExitCode.Refused, "Not confirmed: nothing was changed. With --yes there is no question.");
        }
    }
}
