using System.Data;
using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Nexus.Data.Persistence;
using Npgsql;

namespace Nexus.Data.Chats.Importing;

/// <summary>The source's database as of one instant, to read from.</summary>
internal sealed class ChatSource : IAsyncDisposable
{
    private const int ChunkSize = 128 * 1024;

    // Rows that a policy would hide are an error: counted and copied without them, they would be lost, and nobody would be told.
    private const string Begin =
        $"""
        SET TRANSACTION READ ONLY;
        SET LOCAL row_security = off;
        {ImportTables.TakeTime}
        """;

    private readonly NpgsqlConnection _connection;

    private ChatSource(NpgsqlConnection connection, string place) => (_connection, Place) = (connection, place);

    /// <summary>Host, database and user, for people to read.</summary>
    public string Place { get; }

    /// <summary>Connects, and looks at one instant from then on.</summary>
    /// <param name="target">A connection to the database that is imported into.</param>
    /// <param name="options">Where the source is.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="NexusDataException">It cannot be reached.</exception>
    public static async Task<ChatSource> OpenAsync(
        NpgsqlConnection target, ChatImportOptions options, CancellationToken cancellationToken)
    {
        var connection = Connection(target, options.SourceConnection);
        var place = ConnectionStrings.Redact(connection.ConnectionString);
        try
        {
            await connection.OpenAsync(cancellationToken);

            // Disposed with its connection, which ends it.
            await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
            await ExecuteAsync(connection, Begin, cancellationToken);
            return new(connection, place);
        }
        catch (NpgsqlException exception)
        {
            await connection.DisposeAsync();
            throw new NexusDataException(
                TransientFaults.AreIn(exception) ? NexusDataErrorKind.Unavailable
                    : exception is PostgresException { SqlState: ['2', '8', ..] } ? NexusDataErrorKind.Forbidden
                    : NexusDataErrorKind.NotFound,
                $"There is no connection to the source {place}: {exception.Message.TrimEnd('.')}.", exception);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>Whether it is the very database that another connection is connected to.</summary>
    /// <param name="db">That connection, in a transaction.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <remarks>Hosts and ports may differ and lead to one database; what one of the two has locked, the other one finds locked.
    /// </remarks>
    public async Task<bool> IsDatabaseOfAsync(NexusDbContext db, CancellationToken cancellationToken)
    {
        var key = BitConverter.ToInt64(RandomNumberGenerator.GetBytes(sizeof(long)));
        await db.ExecuteAsync("SELECT pg_advisory_xact_lock(@key)", [DbCommands.Long("key", key)], cancellationToken);
        await using var command = Command("SELECT pg_try_advisory_xact_lock(@key)");
        command.Parameters.Add(DbCommands.Long("key", key));
        return await command.ExecuteScalarAsync(cancellationToken) is false;
    }

    public Task<SourceCatalog> ReadCatalogAsync(string schema, CancellationToken cancellationToken)
        => SourceCatalog.ReadAsync(
            _connection, schema, SourceLayout.All.SelectMany(layout => layout.Tables).Select(table => table.Name), cancellationToken);

    /// <summary>Counts rows.</summary>
    /// <exception cref="NexusDataException">They may not be read, or not all of them (forbidden).</exception>
    public async Task<long> CountAsync(string statement, CancellationToken cancellationToken)
    {
        await using var command = Command(statement);
        try
        {
            return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
        }
        catch (PostgresException exception) when (IsHidden(exception))
        {
            throw Hidden(exception);
        }
    }

    /// <summary>Copies the rows of a query into a table elsewhere, as the bytes that they are: memory holds a piece of them.</summary>
    /// <exception cref="NexusDataException">They may not be read, or not all of them (forbidden).</exception>
    public async Task CopyAsync(string select, NpgsqlConnection target, string table, CancellationToken cancellationToken)
    {
        await using var rows = await ReadAsync(select, cancellationToken);
        var stage = await target.BeginRawBinaryCopyAsync($"COPY {table} FROM STDIN (FORMAT binary)", cancellationToken);
        try
        {
            (rows.ReadTimeout, stage.WriteTimeout) = (Timeout.Infinite, Timeout.Infinite);
            await rows.CopyToAsync(stage, ChunkSize, cancellationToken);
        }
        catch
        {
            // Disposed without it, the half would be taken for the whole, and all the rest of the rows be read.
            await stage.CancelAsync();
            await CancelAsync(rows);
            throw;
        }

        await stage.DisposeAsync();
    }

    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    private async Task<NpgsqlRawCopyStream> ReadAsync(string select, CancellationToken cancellationToken)
    {
        try
        {
            return await _connection.BeginRawBinaryCopyAsync($"COPY ({select}) TO STDOUT (FORMAT binary)", cancellationToken);
        }
        catch (PostgresException exception) when (IsHidden(exception))
        {
            throw Hidden(exception);
        }
    }

    private static bool IsHidden(PostgresException exception) => exception.SqlState == PostgresErrorCodes.InsufficientPrivilege;

    private NexusDataException Hidden(PostgresException exception)
        => new(
            NexusDataErrorKind.Forbidden,
            $"The source {Place} does not show all its rows: {exception.MessageText.TrimEnd('.')}. Connect to it as a user who may read its "
            + "tables, and who owns them or has BYPASSRLS where row-level security hides rows.",
            exception);

    private static NpgsqlConnection Connection(NpgsqlConnection target, string? source)
        => source is null
            ? (NpgsqlConnection)((ICloneable)target).Clone()
            : new(new NpgsqlConnectionStringBuilder(ConnectionStrings.Parse(source)) { Pooling = false }.ConnectionString);

    private static async Task CancelAsync(NpgsqlRawCopyStream rows)
    {
        try
        {
            await rows.CancelAsync();
        }
        catch (ObjectDisposedException)
        {
            // It was the source that failed.
        }
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string statement, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(statement, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    // Counting a large table takes as long as it takes.
    private NpgsqlCommand Command(string statement) => new(statement, _connection) { CommandTimeout = 0 };
}
