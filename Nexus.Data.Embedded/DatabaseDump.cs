using Nexus.Data.Persistence;

namespace Nexus.Data.Embedded;

/// <summary>Writes a database to a file with <c>pg_dump</c>, in its custom format, and reads it back with <c>pg_restore</c>.</summary>
public static class DatabaseDump
{
    /// <summary>The command that does the same, for people; the password is not in it.</summary>
    /// <param name="connectionString">The database, as Npgsql understands it.</param>
    /// <param name="file">The file to write.</param>
    public static string Command(string connectionString, string file)
    {
        var connection = ConnectionStrings.Complete(new(connectionString), Environment.GetEnvironmentVariable);
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
    public static Task WriteAsync(string connectionString, string file, CancellationToken cancellationToken = default)
        => WriteAsync(connectionString, file, snapshot: null, cancellationToken);

    /// <summary>The same, as of an instant that a transaction has exported.</summary>
    /// <param name="connectionString">The database, as Npgsql understands it.</param>
    /// <param name="file">The file, which must not be there yet.</param>
    /// <param name="snapshot">What <c>pg_export_snapshot()</c> gave in a transaction that is still open; null for the instant in
    /// which it begins.</param>
    /// <param name="cancellationToken">Stops the program and removes what it has written.</param>
    /// <inheritdoc cref="WriteAsync(string, string, CancellationToken)"/>
    public static async Task WriteAsync(
        string connectionString, string file, string? snapshot, CancellationToken cancellationToken = default)
    {
        using var unfinished = UnfinishedFile.Claim(file);
        await RunAsync(connectionString, unfinished.Path, snapshot, cancellationToken);
        await CheckAsync(unfinished.Path, cancellationToken);
        unfinished.Commit();
    }

    /// <summary>Writes the commands that make the tables, and no rows: for people to read, and the same each time to compare.</summary>
    /// <param name="connectionString">The database, as Npgsql understands it.</param>
    /// <param name="output">Where they go.</param>
    /// <param name="cancellationToken">Stops the program.</param>
    /// <exception cref="IOException"><c>pg_dump</c> failed: the message ends with what it said.</exception>
    /// <exception cref="PostgresUnavailableException">There is no <c>pg_dump</c>.</exception>
    public static Task WriteSchemaAsync(string connectionString, Stream output, CancellationToken cancellationToken = default)
        => PostgresProgram.RunAsync(
            "pg_dump", ["--schema-only", "--no-owner", "--no-privileges", "--no-password"], connectionString, cancellationToken,
            said => CopyLinesAsync(said, output, cancellationToken));

    /// <summary>Whether a file is in the custom format: others are read as SQL.</summary>
    /// <param name="file">The file.</param>
    public static bool IsCustom(string file)
    {
        using var stream = File.OpenRead(file);
        Span<byte> beginning = stackalloc byte[ArchiveHeader.Beginning.Length];
        return stream.ReadAtLeast(beginning, beginning.Length, throwOnEndOfStream: false) == beginning.Length
            && beginning.SequenceEqual(ArchiveHeader.Beginning);
    }

    /// <summary>Reads which tables a file in the custom format makes, without a database.</summary>
    /// <param name="file">The file.</param>
    /// <param name="cancellationToken">Stops the program.</param>
    /// <returns>Their names with their schemas, as SQL writes them.</returns>
    /// <exception cref="IOException">It is damaged: the message ends with what <c>pg_restore</c> said.</exception>
    /// <exception cref="PostgresUnavailableException">There is no <c>pg_restore</c>.</exception>
    public static async Task<IReadOnlySet<string>> ReadTablesAsync(string file, CancellationToken cancellationToken = default)
    {
        const string makes = "CREATE TABLE ";
        const string makesUnlogged = "CREATE UNLOGGED TABLE ";
        var tables = new HashSet<string>(StringComparer.Ordinal);
        await PostgresProgram.RunAsync(
            "pg_restore", ["--file=-", "--section=pre-data", file], null, cancellationToken,
            async said =>
            {
                using var reader = new StreamReader(said);
                while (await reader.ReadLineAsync(cancellationToken) is { } line)
                {
                    var begins = line.StartsWith(makes, StringComparison.Ordinal) ? makes
                        : line.StartsWith(makesUnlogged, StringComparison.Ordinal) ? makesUnlogged : null;
                    if (begins is not null && line.EndsWith(" (", StringComparison.Ordinal))
                    {
                        tables.Add(line[begins.Length..^2]);
                    }
                }
            });
        return tables;
    }

    /// <summary>Reads a file in the custom format from its beginning to its end, without a database.</summary>
    /// <param name="file">The file.</param>
    /// <param name="cancellationToken">Stops the program.</param>
    /// <exception cref="IOException">It is damaged: the message ends with what <c>pg_restore</c> said.</exception>
    /// <exception cref="PostgresUnavailableException">There is no <c>pg_restore</c>.</exception>
    public static Task CheckAsync(string file, CancellationToken cancellationToken = default)
        => PostgresProgram.RunAsync("pg_restore", [$"--file={(OperatingSystem.IsWindows() ? "NUL" : "/dev/null")}", file], null, cancellationToken);

    /// <summary>Puts what a file holds into a database, in one transaction: all of it, or nothing. Who owns what, and who may do
    /// what, is not taken from the file.</summary>
    /// <param name="connectionString">The database, as Npgsql understands it.</param>
    /// <param name="file">A file in the custom format, or one with SQL as <c>pg_dump</c> writes it.</param>
    /// <param name="replaces">Whether what is there under the same names is dropped first, in the same transaction; of a file in the
    /// custom format alone.</param>
    /// <param name="cancellationToken">Stops the program, and takes back what it did.</param>
    /// <exception cref="IOException">It failed, and nothing was changed: the message ends with what the program said.</exception>
    /// <exception cref="PostgresUnavailableException">There is no <c>pg_restore</c> or <c>psql</c>.</exception>
    public static Task RestoreAsync(
        string connectionString, string file, bool replaces, CancellationToken cancellationToken = default)
    {
        var database = ConnectionStrings.Complete(new(connectionString), Environment.GetEnvironmentVariable).Database!;
        return IsCustom(file)
            ? PostgresProgram.RunAsync(
                "pg_restore",
                [
                    "--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", "--no-password",
                    .. replaces ? ["--clean", "--if-exists"] : Array.Empty<string>(), $"--dbname={Literal(database)}", file,
                ],
                connectionString, cancellationToken)
            : replaces
                ? throw new IOException($"{file} is SQL, which cannot replace what is there: restore it into an empty database.")
                : PostgresProgram.RunAsync(
                    "psql",
                    ["--no-psqlrc", "--quiet", "--no-password", "--single-transaction", "--set=ON_ERROR_STOP=1", $"--file={file}"],
                    connectionString, cancellationToken, said => said.CopyToAsync(Stream.Null, cancellationToken));
    }

    /// <summary>Has <c>pg_dump</c> write a file, whatever is there.</summary>
    internal static Task RunAsync(string connectionString, string file, string? snapshot, CancellationToken cancellationToken)
        => PostgresProgram.RunAsync(
            "pg_dump",
            ["--format=custom", "--no-password", $"--file={file}", .. snapshot is null ? [] : new[] { $"--snapshot={snapshot}" }],
            connectionString, cancellationToken);

    // A name with = or :// would be read as a whole connection string.
    private static string Literal(string database)
        => $"dbname='{database.Replace(@"\", @"\\", StringComparison.Ordinal).Replace("'", @"\'", StringComparison.Ordinal)}'";

    // But the two with which newer versions of pg_dump fence in the rest, by a word that is another one each time.
    private static async Task CopyLinesAsync(Stream from, Stream to, CancellationToken cancellationToken)
    {
        using var reader = new StreamReader(from);
        await using var writer = new StreamWriter(to, leaveOpen: true);
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
        {
            if (!line.StartsWith(@"\restrict ", StringComparison.Ordinal) && !line.StartsWith(@"\unrestrict ", StringComparison.Ordinal))
            {
                await writer.WriteLineAsync(line.AsMemory(), cancellationToken);
            }
        }
    }
}
