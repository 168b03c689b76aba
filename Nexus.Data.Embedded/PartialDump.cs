using Microsoft.EntityFrameworkCore;
using Nexus.Data.Operations;
using Nexus.Data.Operations.Backups;
using Nexus.Data.Operations.Roles;
using Nexus.Data.Persistence;
using Npgsql;

namespace Nexus.Data.Embedded;

/// <summary>Dumps a database without some rows: <c>pg_dump</c> writes all but the tables of which not all is taken, and these are put to
/// it. Needs the right to read, and no other.</summary>
internal static class PartialDump
{
    // As pg_dump asks for it, so that rows are read back as they are.
    private const string AsDumped =
        "SET LOCAL datestyle = ISO; SET LOCAL intervalstyle = POSTGRES; SET LOCAL extra_float_digits = 3; SET LOCAL bytea_output = hex";

    private const string FindColumns =
        """
        SELECT t.name, n.nspname::text, c.relname::text, format('%I.%I', n.nspname, c.relname),
               a.attname::text, quote_ident(a.attname), a.attnotnull AND NOT a.atthasdef AND a.attidentity = ''
        FROM unnest(@tables) AS t (name)
        JOIN pg_class c ON c.oid = to_regclass(quote_ident(t.name)) JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
        ORDER BY t.name, a.attnum
        """;

    /// <summary>Refuses a database whose tables are not those of this version: what they hold could not be told.</summary>
    /// <param name="contexts">Makes its contexts.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="NexusDataException">It is another version's, or another program's (conflict).</exception>
    public static async Task EnsureCurrentAsync(IDbContextFactory<NexusDbContext> contexts, CancellationToken cancellationToken)
    {
        var status = await new DatabaseStatusReader(contexts).ReadAsync(cancellationToken);
        if (!status.IsCurrent || status.Unknown.Count > 0)
        {
            var reason = status switch
            {
                { IsMigrating: true } => "somebody migrates it at this moment: try again when that is done",
                { Unknown.Count: > 0 } => "a newer version has migrated it: use that one",
                { Origin: DatabaseOrigin.Empty or DatabaseOrigin.Foreign } => "it has none of our tables: back up everything",
                { Obstacle: { } obstacle } => $"it is not at this version: back up everything. A migration would be refused. {obstacle}",
                _ => "it is not at this version: run 'nexus-data migrate' first, or back up everything",
            };
            throw new NexusDataException(
                NexusDataErrorKind.Conflict, $"A part of database {status.Database} cannot be told from the rest, for {reason.TrimEnd('.')}.");
        }
    }

    /// <summary>Writes the file.</summary>
    /// <param name="connection">A connection with a transaction, whose snapshot is exported.</param>
    /// <param name="snapshot">The snapshot.</param>
    /// <param name="connectionString">The database, for <c>pg_dump</c>.</param>
    /// <param name="contexts">Makes contexts, for what they know of the tables.</param>
    /// <param name="options">What is left out.</param>
    /// <param name="output">The file, at its beginning.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>The rows of each table of which not all was taken.</returns>
    public static async Task<IReadOnlyDictionary<string, long>> WriteAsync(
        NpgsqlConnection connection, string snapshot, string connectionString, IDbContextFactory<NexusDbContext> contexts,
        BackupOptions options, Stream output, CancellationToken cancellationToken)
    {
        var tables = await FindTablesAsync(connection, contexts, options, cancellationToken);
        await using (var settings = new NpgsqlCommand(AsDumped, connection))
        {
            await settings.ExecuteNonQueryAsync(cancellationToken);
        }

        if (options.Since is { } since)
        {
            await RecentRows.ChooseAsync(connection, since, cancellationToken);
        }

        try
        {
            return await WriteAsync(connection, snapshot, connectionString, tables, new(output), cancellationToken);
        }
        catch (ArgumentOutOfRangeException exception)
        {
            // So .NET tells it, with the name of a parameter.
            throw new IOException("The file became too large for where it is written.", exception);
        }
    }

    private static async Task<Dictionary<string, long>> WriteAsync(
        NpgsqlConnection connection, string snapshot, string connectionString, List<AddedTable> tables, DumpArchive archive,
        CancellationToken cancellationToken)
    {
        await PostgresProgram.RunAsync(
            "pg_dump",
            [
                "--format=custom", "--no-password", "--encoding=UTF8", $"--snapshot={snapshot}",
                .. tables.Select(table => $"--exclude-table-data={Pattern(table)}"),
            ],
            connectionString, cancellationToken, read: input => archive.PassAsync(input, tables, cancellationToken));
        var rows = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var table in tables)
        {
            // The reader's stream gives the bytes as they come.
            using var reader = (StreamReader)await connection.BeginTextExportAsync(table.Query, cancellationToken);
            rows.Add(table.Name, await archive.AddAsync(table, reader.BaseStream, cancellationToken));
        }

        await archive.CompleteAsync(cancellationToken);
        return rows;
    }

    private static async Task<List<AddedTable>> FindTablesAsync(
        NpgsqlConnection connection, IDbContextFactory<NexusDbContext> contexts, BackupOptions options,
        CancellationToken cancellationToken)
    {
        List<SelectedRows> selected =
            [.. options.Since is null ? [] : RecentRows.All, .. options.NoSecrets ? SecretRows.All : []];
        var columns = await FindColumnsAsync(connection, [.. selected.Select(rows => rows.Table)], cancellationToken);
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var known = RoleCatalog.Columns(db);
        return [.. selected.Select(rows => Of(rows, columns[rows.Table], known[rows.Table]))];
    }

    private static AddedTable Of(SelectedRows rows, List<Column> columns, IReadOnlySet<string> known)
    {
        if (rows.OnlyKnownColumns && columns.Find(column => column.IsNeeded && !known.Contains(column.Name)) is { } strange)
        {
            throw new NexusDataException(
                NexusDataErrorKind.Conflict,
                $"The table {rows.Table} has a column {strange.Name} that this version does not know. It may hold secrets, and cannot be left out: it takes no null.");
        }

        List<Column> written = [.. columns.Where(column => !rows.OnlyKnownColumns || known.Contains(column.Name))];
        return new(
            columns[0].Schema, columns[0].Relation, columns[0].Table, [.. written.Select(column => column.Quoted)],
            rows.Copy(written.Select(column => column.Name)));
    }

    private static async Task<Dictionary<string, List<Column>>> FindColumnsAsync(
        NpgsqlConnection connection, string[] tables, CancellationToken cancellationToken)
    {
        var columns = new Dictionary<string, List<Column>>(StringComparer.Ordinal);
        await using var command = new NpgsqlCommand(FindColumns, connection);
        command.Parameters.Add(DbCommands.Texts("tables", tables));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            if (!columns.TryGetValue(reader.GetString(0), out var list))
            {
                columns.Add(reader.GetString(0), list = []);
            }

            list.Add(new(
                reader.GetString(1), reader.GetString(2), reader.GetString(3), reader.GetString(4), reader.GetString(5),
                reader.GetBoolean(6)));
        }

        return columns;
    }

    // Quoted, a name is nothing but itself.
    private static string Pattern(AddedTable table) => $"{Quoted(table.Schema)}.{Quoted(table.Relation)}";

    private static string Quoted(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private sealed record Column(string Schema, string Relation, string Table, string Name, string Quoted, bool IsNeeded);
}
