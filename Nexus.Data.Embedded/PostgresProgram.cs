using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using Nexus.Data.Persistence;
using Npgsql;

namespace Nexus.Data.Embedded;

/// <summary>Runs one of PostgreSQL's client programs to its end.</summary>
internal static class PostgresProgram
{
    // What a shell adds to the number of the signal that ended a program.
    private const int Signalled = 128;

    /// <summary>Runs it.</summary>
    /// <param name="program">Its name, without a folder.</param>
    /// <param name="arguments">What it is told; never a password.</param>
    /// <param name="connectionString">The database that it finds in its environment; null for none.</param>
    /// <param name="cancellationToken">Stops the program.</param>
    /// <param name="read">Reads what it writes to its standard output; null where that is nothing.</param>
    /// <exception cref="IOException">It failed: the message ends with what it said.</exception>
    /// <exception cref="PostgresUnavailableException">There is no such program.</exception>
    public static async Task RunAsync(
        string program, string[] arguments, string? connectionString, CancellationToken cancellationToken,
        Func<Stream, Task>? read = null)
    {
        var start = new ProcessStartInfo(PathOf(program), arguments)
        {
            RedirectStandardError = true,
            RedirectStandardOutput = read is not null,
        };
        if (connectionString is not null)
        {
            SetEnvironment(start, new(connectionString));
        }

        using var process = Start(start, program);
        try
        {
            // Read to the end also where what it writes cannot be used: it shall not wait for a reader.
            var said = process.StandardError.ReadToEndAsync(cancellationToken);
            if (read is not null)
            {
                await ReadAsync(process, program, said, read);
            }

            await process.WaitForExitAsync(cancellationToken);
            Judge(process, program, await said);
        }
        catch
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(CancellationToken.None);
            throw;
        }
    }

    /// <summary>The program in the folder of the server's programs, else the one of the path.</summary>
    public static string PathOf(string program)
    {
        var inFolder = PostgresBinaries.Find() is { } found
            ? Path.Combine(found.Folder, program + BinariesLookup.Suffix)
            : null;
        return File.Exists(inFolder) ? inFolder : program;
    }

    private static async Task ReadAsync(Process process, string program, Task<string> said, Func<Stream, Task> read)
    {
        try
        {
            await read(process.StandardOutput.BaseStream);
        }
        catch (EndOfStreamException)
        {
            // What ended in the middle has a reason that says more.
            await process.WaitForExitAsync(CancellationToken.None);
            Judge(process, program, await said);
            throw;
        }
    }

    private static void Judge(Process process, string program, string said)
    {
        if (process.ExitCode == 0)
        {
            return;
        }

        var reason = said.Trim() is { Length: > 0 } words ? words
            : process.ExitCode > Signalled
                ? string.Create(CultureInfo.InvariantCulture, $"it was ended from outside, by signal {process.ExitCode - Signalled}.")
                : string.Create(CultureInfo.InvariantCulture, $"exit code {process.ExitCode}, without a word.");
        throw new IOException($"{program} failed: {reason}");
    }

    public static Process Start(ProcessStartInfo start, string program)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception exception)
        {
            throw new PostgresUnavailableException(
                $"There is no {program}: install PostgreSQL's client programs, or name their folder in "
                + $"{PostgresBinaries.FolderVariable}.", exception);
        }
    }

    /// <summary>Tells a program which server and database it works with, and nothing that its owner's environment says of others.</summary>
    /// <param name="start">The program, whose environment is changed.</param>
    /// <param name="connection">The database.</param>
    /// <exception cref="ArgumentException">No host is named.</exception>
    // Not as arguments, which everybody on the machine can read.
    public static void SetEnvironment(ProcessStartInfo start, NpgsqlConnectionStringBuilder connection)
    {
        if (string.IsNullOrWhiteSpace(connection.Host))
        {
            throw new ArgumentException("The connection string names no host.", nameof(connection));
        }

        // PGSERVICE or PGHOSTADDR would have the last word over what is set here.
        var environment = start.Environment;
        var inherited = environment.Where(variable => variable.Key.StartsWith("PG", StringComparison.OrdinalIgnoreCase))
            .ToDictionary(StringComparer.OrdinalIgnoreCase);
        foreach (var name in inherited.Keys)
        {
            environment.Remove(name);
        }

        var target = ConnectionStrings.Complete(connection, name => inherited.GetValueOrDefault(name));
        environment["PGHOST"] = target.Host;
        environment["PGPORT"] = target.Port.ToString(CultureInfo.InvariantCulture);
        environment["PGDATABASE"] = target.Database;
        environment["PGUSER"] = target.Username;
        environment["PGSSLMODE"] = target.SslMode switch
        {
            SslMode.VerifyCA => "verify-ca",
            SslMode.VerifyFull => "verify-full",
            var mode => mode.ToString().ToLowerInvariant(),
        };

        // What Npgsql takes from the environment, too, where the connection does not say it.
        Set("PGPASSWORD", target.Password);
        Set("PGPASSFILE", target.Passfile);
        Set("PGOPTIONS", target.Options);
        Set("PGSSLROOTCERT", target.RootCertificate);
        Set("PGSSLCERT", target.SslCertificate);
        Set("PGSSLKEY", target.SslKey);

        void Set(string name, string? value)
        {
            if (!string.IsNullOrEmpty(value) || inherited.TryGetValue(name, out value))
            {
                environment[name] = value;
            }
        }
    }
}
