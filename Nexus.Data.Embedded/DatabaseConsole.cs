using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Nexus.Data.Embedded;

/// <summary>PostgreSQL's own <c>psql</c> on a database, without a password among its arguments.</summary>
public static class DatabaseConsole
{
    /// <summary>Hands the terminal over to <c>psql</c> until it ends. Ctrl-C is its affair meanwhile.</summary>
    /// <param name="connectionString">The database, as Npgsql understands it.</param>
    /// <returns>Its exit code: 0 when it was left, 2 when the connection was lost.</returns>
    /// <exception cref="PostgresUnavailableException">There is no <c>psql</c>.</exception>
    public static async Task<int> OpenAsync(string connectionString)
    {
        var start = new ProcessStartInfo(PostgresProgram.PathOf("psql"));
        PostgresProgram.SetEnvironment(start, new(connectionString));

        // The terminal sends it to both.
        using var interrupts = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => signal.Cancel = true);
        using var process = PostgresProgram.Start(start, "psql");
        await process.WaitForExitAsync(CancellationToken.None);
        return process.ExitCode;
    }

    /// <summary>Runs statements and prints what comes of them as <c>psql</c> does; the first error ends it.</summary>
    /// <param name="connectionString">The database, as Npgsql understands it.</param>
    /// <param name="sql">The statements.</param>
    /// <param name="output">Where answers go.</param>
    /// <param name="error">Where the server's messages go.</param>
    /// <param name="cancellationToken">Stops the program.</param>
    /// <returns>Its exit code: 0 when all was done, 2 when there was no connection or it was lost, another one after an error.</returns>
    /// <exception cref="PostgresUnavailableException">There is no <c>psql</c>.</exception>
    public static async Task<int> RunAsync(
        string connectionString, string sql, Stream output, TextWriter error, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(error);

        // On its standard input: what it is told as an argument, everybody on the machine can read.
        var start = new ProcessStartInfo(
            PostgresProgram.PathOf("psql"), ["--no-psqlrc", "--no-password", "--set=ON_ERROR_STOP=1", "--file=-"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        PostgresProgram.SetEnvironment(start, new(connectionString));
        using var process = PostgresProgram.Start(start, "psql");
        try
        {
            var said = process.StandardError.ReadToEndAsync(cancellationToken);
            var answers = process.StandardOutput.BaseStream.CopyToAsync(output, cancellationToken);
            await TellAsync(process, sql, cancellationToken);
            await answers;
            await error.WriteAsync((await said).AsMemory(), cancellationToken);
            await process.WaitForExitAsync(cancellationToken);
            return process.ExitCode;
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(CancellationToken.None);
            throw;
        }
    }

    private static async Task TellAsync(Process process, string sql, CancellationToken cancellationToken)
    {
        try
        {
            await process.StandardInput.WriteAsync(sql.AsMemory(), cancellationToken);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It has ended by itself, and says why.
        }
    }
}
