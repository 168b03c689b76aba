using System.Data;
using System.Security.Cryptography;
using Npgsql;

namespace Nexus.Data.Embedded;

/// <summary>Backups of a database: a file that <see cref="DatabaseDump"/> writes, and beside it what it holds.</summary>
public static class DatabaseBackup
{
    private const string TableNames =
        """
        SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname NOT IN ('pg_catalog', 'information_schema')
          AND n.nspname NOT LIKE 'pg\_toast%' AND n.nspname NOT LIKE 'pg\_temp%'
        ORDER BY 1
        """;

    private const string Export =
        """
        SET LOCAL statement_timeout = 0;
        SET LOCAL idle_in_transaction_session_timeout = 0;
        SELECT pg_export_snapshot(), now()
        """;

    // Numbers of another server's transactions are those of the past here: the feed of messages shall not take them for new.
    private const string Settle =
        """
        DO $$
        BEGIN
            IF EXISTS (SELECT FROM pg_attribute
                       WHERE attrelid = to_regclass('messages') AND attname = 'written_in' AND NOT attisdropped) THEN
                UPDATE messages SET written_in = '3' WHERE written_in >= pg_snapshot_xmax(pg_current_snapshot());
            END IF;
        END $$
        """;

    /// <summary>Writes the database to a file that only its owner can read, and a <see cref="BackupManifest"/> beside it, both as of
    /// one instant: either both are there afterwards, or none.</summary>
    /// <param name="connectionString">The database, as Npgsql understands it.</param>
    /// <param name="file">The file, which must not be there yet.</param>
    /// <param name="cancellationToken">Stops it, and removes what it has written.</param>
    /// <exception cref="IOException">A file is there already, there is no room, or <c>pg_dump</c> failed.</exception>
    /// <exception cref="PostgresUnavailableException">There is no <c>pg_dump</c>.</exception>
    public static async Task<BackupManifest> WriteAsync(
        string connectionString, string file, CancellationToken cancellationToken = default)
    {
        if (File.Exists(BackupManifest.PathOf(file)))
        {
            throw new IOException($"{BackupManifest.PathOf(file)} is there already: name another file for the backup.");
        }

        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
        var (snapshot, time) = await ExportAsync(connection, cancellationToken);
        await DatabaseDump.WriteAsync(connectionString, file, snapshot, cancellationToken);
        try
        {
            var manifest = new BackupManifest(
                connection.Database, connection.ServerVersion, time, new FileInfo(file).Length, await HashAsync(file, cancellationToken),
                await CountAsync(connection, cancellationToken));
            await manifest.WriteAsync(file, cancellationToken);
            return manifest;
        }
        catch
        {
            File.Delete(file);
            File.Delete(BackupManifest.PathOf(file));
            throw;
        }
    }

    /// <summary>Refuses a file that is damaged: by its checksum, where there is a manifest, and by reading it to its end.</summary>
    /// <param name="file">The backup.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>What stands beside it; null for nothing.</returns>
    /// <exception cref="IOException">It is damaged, or the manifest is none.</exception>
    /// <exception cref="PostgresUnavailableException">There is no <c>pg_restore</c>.</exception>
    public static async Task<BackupManifest?> CheckAsync(string file, CancellationToken cancellationToken = default)
    {
        var manifest = await BackupManifest.ReadAsync(file, cancellationToken);
        if (manifest is not null && await HashAsync(file, cancellationToken) != manifest.Sha256)
        {
            throw new IOException(
                $"{file} is not what was backed up: its checksum is another one than {BackupManifest.PathOf(file)} says. Nothing was changed.");
        }

        if (DatabaseDump.IsCustom(file))
        {
            await DatabaseDump.CheckAsync(file, cancellationToken);
        }

        return manifest;
    }

    /// <summary>Puts what a file holds into a database, in one transaction: all of it, or nothing.</summary>
    /// <param name="connectionString">The database, as Npgsql understands it.</param>
    /// <param name="file">The backup.</param>
    /// <param name="replaces">Whether what is there under the same names is dropped first.</param>
    /// <param name="cancellationToken">Stops it, and takes back what it did.</param>
    /// <returns>How many rows each table has afterwards.</returns>
    /// <exception cref="IOException">It failed, and nothing was changed: the message ends with what the program said.</exception>
    /// <exception cref="PostgresUnavailableException">There is no <c>pg_restore</c> or <c>psql</c>.</exception>
    public static async Task<IReadOnlyDictionary<string, long>> RestoreAsync(
        string connectionString, string file, bool replaces, CancellationToken cancellationToken = default)
    {
        await DatabaseDump.RestoreAsync(connectionString, file, replaces, cancellationToken);
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync(cancellationToken);
        await using (var settle = new NpgsqlCommand(Settle, connection) { CommandTimeout = 0 })
        {
            await settle.ExecuteNonQueryAsync(cancellationToken);
        }

        return await CountAsync(connection, cancellationToken);
    }

    /// <summary>How many rows each table has, but for the server's own.</summary>
    /// <param name="connectionString">The database, as Npgsql understands it.</param>
    /// <param name="cancellationToken">Stops the counting.</param>
    /// <returns>By the table's name with its schema; empty for a database without tables.</returns>
    public static async Task<IReadOnlyDictionary<string, long>> CountAsync(
        string connectionString, CancellationToken cancellationToken = default)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync(cancellationToken);
        return await CountAsync(connection, cancellationToken);
    }

    private static async Task<(string Snapshot, DateTimeOffset Time)> ExportAsync(
        NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var export = new NpgsqlCommand(Export, connection);
        await using var reader = await export.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return (reader.GetString(0), reader.GetFieldValue<DateTimeOffset>(1));
    }

    private static async Task<SortedDictionary<string, long>> CountAsync(
        NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var names = new List<string>();
        await using (var command = new NpgsqlCommand(TableNames, connection))
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                names.Add(reader.GetString(0));
            }
        }

        var counts = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (var name in names)
        {
            // As the server has quoted it.
            await using var command = new NpgsqlCommand($"SELECT count(*) FROM {name}", connection) { CommandTimeout = 0 };
            counts.Add(name, (long)(await command.ExecuteScalarAsync(cancellationToken))!);
        }

        return counts;
    }

    private static async Task<string> HashAsync(string file, CancellationToken cancellationToken)
    {
        await using var stream = File.OpenRead(file);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellationToken));
    }
}
