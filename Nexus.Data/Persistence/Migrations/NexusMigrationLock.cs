using System.Data.Common;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql;

namespace Nexus.Data.Persistence.Migrations;

/// <summary>
/// One migrates, the others wait: a lock of the connection's session, asked for again and again. Who waited inside a
/// statement or a transaction would hold a snapshot, and an index that the other builds concurrently would wait for it.
/// </summary>
internal sealed class NexusMigrationLock(IHistoryRepository repository, HistoryRepositoryDependencies dependencies)
    : IMigrationsDatabaseLock
{
    internal const string Key = "hashtextextended('nexus.migrate', 0)";

    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(75);

    private bool _isHeld;

    public IHistoryRepository HistoryRepository => repository;

    public void Acquire()
    {
        var waited = false;
        while (Command($"SELECT pg_try_advisory_lock({Key})").ExecuteScalar(Parameters()) is not true)
        {
            waited = true;
            Thread.Sleep(_pause);
        }

        _isHeld = true;
        if (waited && Connection is NpgsqlConnection connection)
        {
            connection.ReloadTypes();
        }
    }

    public async Task AcquireAsync(CancellationToken cancellationToken)
    {
        var waited = false;
        while (await Command($"SELECT pg_try_advisory_lock({Key})")
            .ExecuteScalarAsync(Parameters(), cancellationToken) is not true)
        {
            waited = true;
            await Task.Delay(_pause, cancellationToken);
        }

        _isHeld = true;
        if (waited && Connection is NpgsqlConnection connection)
        {
            // Who went before us may have made types that this connection has not heard of.
            await connection.ReloadTypesAsync(cancellationToken);
        }
    }

    // A connection that was lost has lost the lock with it.
    public IMigrationsDatabaseLock ReacquireIfNeeded(bool connectionReopened, bool? transactionRestarted)
    {
        if (connectionReopened)
        {
            Acquire();
        }

        return this;
    }

    public async Task<IMigrationsDatabaseLock> ReacquireIfNeededAsync(
        bool connectionReopened, bool? transactionRestarted, CancellationToken cancellationToken = default)
    {
        if (connectionReopened)
        {
            await AcquireAsync(cancellationToken);
        }

        return this;
    }

    public void Dispose()
    {
        if (!TryRelease())
        {
            return;
        }

        try
        {
            Command($"SELECT pg_advisory_unlock({Key})").ExecuteScalar(Parameters());
        }
        catch (DbException)
        {
            // The server lets go by itself when the session ends; what broke the connection is told by who used it.
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!TryRelease())
        {
            return;
        }

        try
        {
            await Command($"SELECT pg_advisory_unlock({Key})").ExecuteScalarAsync(Parameters());
        }
        catch (DbException)
        {
            // As in Dispose.
        }
    }

    private DbConnection Connection => dependencies.Connection.DbConnection;

    private bool TryRelease()
    {
        var wasHeld = _isHeld;
        _isHeld = false;
        return wasHeld && Connection.State == System.Data.ConnectionState.Open;
    }

    private IRelationalCommand Command(string sql) => dependencies.RawSqlCommandBuilder.Build(sql);

    private RelationalCommandParameterObject Parameters()
        => new(dependencies.Connection, null, null, dependencies.CurrentContext.Context, dependencies.CommandLogger,
            CommandSource.Migrations);
}
