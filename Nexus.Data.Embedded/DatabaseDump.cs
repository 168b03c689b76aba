using System.ComponentModel;
using System.Diagnostics;
using Npgsql;

namespace Nexus.Data.Embedded;

/// <summary>Writes a database to a file with <c>pg_dump</c>, in its custom format, which <c>pg_restore</c> reads.</summary>
public static class DatabaseDump
{
    /// <summary>The command that does the same, for people; the password is not in it.</summary>
    /// <param name="connectionString">The database, as Npgsql understands it.</param>
    /// <param name="file">The file to write.</param>
    public static string Command(string connectionString, string file)
    {
        var connection = new NpgsqlConnectionStringBuilder(connectionString);
        return string.Join(' ', [
            "pg_dump", "--format=custom", $"--file={file}", $"--host={connection.Host}", $"--port={connection.Port}",
            $"--username={connection.Username}", $"--dbname={connection.Database}",
        ]);
    }

    /// <summary>Writes the database to a file that only its owner can read. The file is there when it is whole: it is
    /// written under another name and read once before.</summary>
    /// <param name="connectionString">The database, as Npgsql understands it.</param>
    /// <param name="file">The file, which must not be there yet.</param>
    /// <param name="cancellationToken">Stops the program and removes what it has written.</param>
    /// <exception cref="IOException">The file is there already, or <c>pg_dump</c> failed: the message ends with what it
    /// said.</exception>
    /// <exception cref="PostgresUnavailableException">There is no <c>pg_dump</c>.</exception>
    public static async Task WriteAsync(
        string connectionString, string file, CancellationToken cancellationToken = default)
    {
        if (File.Exists(file))
        {
            throw new IOException($"{file} is there already: name another file for the backup.");
        }

        var partial = file + ".partial";
        try
        {
            await using (new FileStream(partial, OnlyForOwner()))
            {
            }

            await RunAsync("pg_dump", ["--format=custom", "--no-password", $"--file={partial}"], connectionString, cancellationToken);
            await RunAsync(
                "pg_restore", [$"--file={(OperatingSystem.IsWindows() ? "NUL" : "/dev/null")}", partial], null, cancellationToken);
            File.Move(partial, file);
        }
        finally
        {
            File.Delete(partial);
        }
    }

    private static FileStreamOptions OnlyForOwner()
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return options;
    }

    private static async Task RunAsync(
        string program, string[] arguments, string? connectionString, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(PathOf(program), arguments) { RedirectStandardError = true };
        if (connectionString is not null)
        {
            SetEnvironment(start, new(connectionString));
        }

        using var process = Start(start, program);
        try
        {
            var said = process.StandardError.ReadToEndAsync(cancellationToken);
            await process.WaitForExitAsync(cancellationToken);
            if (process.ExitCode != 0)
            {
                throw new IOException($"{program} failed: {(await said).Trim()}");
            }
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(CancellationToken.None);
            throw;
        }
    }

    private static Process Start(ProcessStartInfo start, string program)
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

    internal static string PathOf(string program)
    {
        var inFolder = PostgresBinaries.Find() is { } found
            ? Path.Combine(found.Folder, program + BinariesLookup.Suffix)
            : null;
        return File.Exists(inFolder) ? inFolder : program;
    }

    // Not as arguments, which everybody on the machine can read.
    private static void SetEnvironment(ProcessStartInfo start, NpgsqlConnectionStringBuilder connection)
    {
        Set("PGHOST", connection.Host);
        Set("PGPORT", connection.Port.ToString(System.Globalization.CultureInfo.InvariantCulture));
        Set("PGDATABASE", connection.Database);
        Set("PGUSER", connection.Username);
        Set("PGPASSWORD", connection.Password);
        Set("PGPASSFILE", connection.Passfile);
        Set("PGSSLMODE", connection.SslMode switch
        {
            SslMode.VerifyCA => "verify-ca",
            SslMode.VerifyFull => "verify-full",
            var mode => mode.ToString().ToLowerInvariant(),
        });
        Set("PGSSLROOTCERT", connection.RootCertificate);
        Set("PGSSLCERT", connection.SslCertificate);
        Set("PGSSLKEY", connection.SslKey);

        void Set(string name, string? value)
        {
            if (!string.IsNullOrEmpty(value))
            {
                start.Environment[name] = value;
            }
        }
    }
}
