using System.Data;
using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Nexus.Data.Embedded;

/// <summary>Backups of a database: a file that <see cref="DatabaseDump"/> writes, and beside it what it holds.</summary>
public static class DatabaseBackup
{
    private const int KeepAliveSeconds = 30;

    private const string TableNames =
        """
        SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname NOT IN ('pg_catalog', 'information_schema')
          AND n.nspname NOT LIKE 'pg\_toast%' AND n.nspname NOT LIKE 'pg\_temp%'
        ORDER BY 1
        """;

    // As pg_dump has it: what a policy would hide is an error, and not left out.
    private const string Export =
        """
        SET LOCAL statement_timeout = 0;
        SET LOCAL idle_in_transaction_session_timeout = 0;
        SET LOCAL row_security = off;
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
    public static Task<BackupManifest> WriteAsync(
        string connectionString, string file, CancellationToken cancellationToken = default)
        => WriteAsync(connectionString, file, new(), cancellationToken);

    /// <summary>The same, of a part of the database. Then it has to be at this version. The user needs the right to read everything,
    /// and no other.</summary>
    /// <param name="connectionString">The database, as Npgsql understands it.</param>
    /// <param name="file">The file, which must not be there yet.</param>
    /// <param name="options">What is left out.</param>
    /// <param name="cancellationToken">Stops it, and removes what it has written.</param>
    /// <exception cref="NexusDataException">It is of a part, and the database is another version's or another program's
    /// (conflict).</exception>
    /// <inheritdoc cref="WriteAsync(string, string, CancellationToken)"/>
    public static async Task<BackupManifest> WriteAsync(
        string connectionString, string file, BackupOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        UnfinishedFile.EnsureFree(BackupManifest.PathOf(file));
        using var unfinished = UnfinishedFile.Claim(file);
        var contexts = new Contexts(connectionString);
        if (options.IsPartial)
        {
            await PartialDump.EnsureCurrentAsync(contexts, cancellationToken);
        }

        // For the whole of pg_dump it says nothing, which routers between the two take for its end.
        await using var connection = await OpenAsync(connectionString, cancellationToken, keepAlive: KeepAliveSeconds);
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
        var (snapshot, time) = await ExportAsync(connection, cancellationToken);
        var chosen = default(IReadOnlyDictionary<string, long>);
        if (options.IsPartial)
        {
            chosen = await PartialDump.WriteAsync(
                connection, snapshot, connectionString, contexts, options, unfinished.Stream, cancellationToken);
        }
        else
        {
            await DatabaseDump.RunAsync(connectionString, unfinished.Path, snapshot, cancellationToken);
        }

        await DatabaseDump.CheckAsync(unfinished.Path, cancellationToken);
        unfinished.Stream.Seek(0, SeekOrigin.Begin);
        var manifest = new BackupManifest(
            connection.Database, connection.ServerVersion, time, unfinished.Stream.Length,
            await HashAsync(unfinished.Stream, cancellationToken), await CountAsync(connection, chosen, cancellationToken),
            options.Since?.ToUniversalTime(), options.NoSecrets);
        await CommitAsync(unfinished, manifest, file, cancellationToken);
        return manifest;
    }

    /// <summary>Refuses a file that is damaged: by its checksum, where there is a manifest, and by reading it to its end.</summary>
    /// <param name="file">The backup.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>What stands beside it; null for nothing.</returns>
    /// <exception cref="IOException">It is damaged, is no backup, or the manifest is none.</exception>
    /// <exception cref="PostgresUnavailableException">There is no <c>pg_restore</c>.</exception>
    public static async Task<BackupManifest?> CheckAsync(string file, CancellationToken cancellationToken = default)
    {
        if (file.EndsWith(UnfinishedFile.Suffix, StringComparison.Ordinal))
        {
            throw new IOException($"{file} is what a backup that was broken off has left: it is not whole, and may be removed.");
        }

        var manifest = await BackupManifest.ReadAsync(file, cancellationToken);
        if (manifest is not null && await HashAsync(file, cancellationToken) != manifest.Sha256)
        {
            throw new IOException(
                $"{file} is not what was backed up: its checksum is another one than {BackupManifest.PathOf(file)} says. Nothing was changed.");
        }

        await (DatabaseDump.IsCustom(file)
            ? DatabaseDump.CheckAsync(file, cancellationToken)
            : SqlFile.CheckAsync(file, cancellationToken));
        return manifest;
    }

    /// <summary>Refuses a file that a newer server than the database's was dumped to: it may use what this one does not know.</summary>
    /// <param name="connectionString">The database, as Npgsql understands it.</param>
    /// <param name="file">The backup.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="IOException">The file comes from a newer server.</exception>
    public static async Task CheckServerAsync(string connectionString, string file, CancellationToken cancellationToken = default)
    {
        if (!DatabaseDump.IsCustom(file))
        {
            return;
        }

        await using var stream = File.OpenRead(file);
        var header = await ArchiveHeader.ReadAsync(new(stream), cancellationToken);
        await using var connection = await OpenAsync(connectionString, cancellationToken);
        if (header?.ServerMajor > connection.PostgreSqlVersion.Major)
        {
            throw new IOException(
                $"{file} comes from PostgreSQL {header.ServerMajor}, and the server is of version {connection.PostgreSqlVersion.Major}: restore it into one that is not older. Nothing was changed.");
        }
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
        await CheckServerAsync(connectionString, file, cancellationToken);
        await DatabaseDump.RestoreAsync(connectionString, file, replaces, cancellationToken);
        await using var connection = await OpenAsync(connectionString, cancellationToken);
        await using (var settle = new NpgsqlCommand(Settle, connection))
        {
            await settle.ExecuteNonQueryAsync(cancellationToken);
        }

        return await CountAsync(connection, known: null, cancellationToken);
    }

    /// <summary>How many rows each table has, but for the server's own.</summary>
    /// <param name="connectionString">The database, as Npgsql understands it.</param>
    /// <param name="cancellationToken">Stops the counting.</param>
    /// <returns>By the table's name with its schema; empty for a database without tables.</returns>
    public static async Task<IReadOnlyDictionary<string, long>> CountAsync(
        string connectionString, CancellationToken cancellationToken = default)
    {
        await using var connection = await OpenAsync(connectionString, cancellationToken);
        return await CountAsync(connection, known: null, cancellationToken);
    }

    // The file first: should the process be killed here, it is there, whole, and says less.
    private static async Task CommitAsync(
        UnfinishedFile unfinished, BackupManifest manifest, string file, CancellationToken cancellationToken)
    {
        using var beside = UnfinishedFile.Claim(BackupManifest.PathOf(file));
        await manifest.WriteAsync(beside.Stream, cancellationToken);
        unfinished.Commit();
        try
        {
            beside.Commit();
        }
        catch
        {
            File.Delete(file);
            throw;
        }
    }

    // Rows may be long in coming.
    private static async Task<NpgsqlConnection> OpenAsync(
        string connectionString, CancellationToken cancellationToken, int? keepAlive = null)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString) { CommandTimeout = 0 };
        if (keepAlive is { } seconds && settings.KeepAlive == 0)
        {
            settings.KeepAlive = seconds;
        }

        var connection = new NpgsqlConnection(settings.ConnectionString);
        try
        {
            await connection.OpenAsync(cancellationToken);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
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
        NpgsqlConnection connection, IReadOnlyDictionary<string, long>? known, CancellationToken cancellationToken)
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
            await using var command = new NpgsqlCommand($"SELECT count(*) FROM {name}", connection);
            counts.Add(
                name,
                known?.TryGetValue(name, out var count) is true ? count : (long)(await command.ExecuteScalarAsync(cancellationToken))!);
        }

        return counts;
    }

    private static async Task<string> HashAsync(string file, CancellationToken cancellationToken)
    {
        await using var stream = File.OpenRead(file);
        return await HashAsync(stream, cancellationToken);
    }

    private static async Task<string> HashAsync(Stream stream, CancellationToken cancellationToken)
        => Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellationToken));

    // Of a connection string alone, as everything here.
    private sealed class Contexts(string connectionString) : IDbContextFactory<NexusDbContext>
    {
        public NexusDbContext CreateDbContext()
            => new((DbContextOptions<NexusDbContext>)new DbContextOptionsBuilder<NexusDbContext>().UseNexus(connectionString).Options);
    }
}
