using System.Diagnostics.CodeAnalysis;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql.EntityFrameworkCore.PostgreSQL.Migrations.Internal;

namespace Nexus.Data.Persistence.Migrations;

/// <summary>
/// EF's own history table behind a lock of ours. EF locks the table itself, which protects nothing while there is none,
/// and is let go with every transaction.
/// </summary>
[SuppressMessage("Usage", "EF1001", Justification = "The provider offers its history repository for no other use.")]
internal sealed class NexusHistoryRepository(HistoryRepositoryDependencies dependencies)
    : NpgsqlHistoryRepository(dependencies)
{
    public override LockReleaseBehavior LockReleaseBehavior => LockReleaseBehavior.Connection;

    public override IMigrationsDatabaseLock AcquireDatabaseLock()
    {
        var migrationLock = new NexusMigrationLock(this, Dependencies);
        migrationLock.Acquire();
        return migrationLock;
    }

    public override async Task<IMigrationsDatabaseLock> AcquireDatabaseLockAsync(
        CancellationToken cancellationToken = default)
    {
        var migrationLock = new NexusMigrationLock(this, Dependencies);
        await migrationLock.AcquireAsync(cancellationToken);
        return migrationLock;
    }

    // The provider reads the table and takes the server's error for an answer; asked first, the server has none to log.
    public override IReadOnlyList<HistoryRow> GetAppliedMigrations() => IsThere() ? base.GetAppliedMigrations() : [];

    public override async Task<IReadOnlyList<HistoryRow>> GetAppliedMigrationsAsync(
        CancellationToken cancellationToken = default)
        => await IsThereAsync(cancellationToken) ? await base.GetAppliedMigrationsAsync(cancellationToken) : [];

    public override bool Exists() => Dependencies.DatabaseCreator.Exists() && IsThere();

    public override async Task<bool> ExistsAsync(CancellationToken cancellationToken = default)
        => await Dependencies.DatabaseCreator.ExistsAsync(cancellationToken) && await IsThereAsync(cancellationToken);

    private bool IsThere() => Command().ExecuteScalar(Parameters()) is true;

    private async Task<bool> IsThereAsync(CancellationToken cancellationToken)
        => await Command().ExecuteScalarAsync(Parameters(), cancellationToken) is true;

    private IRelationalCommand Command()
    {
        var name = SqlGenerationHelper.DelimitIdentifier(TableName, TableSchema);
        return Dependencies.RawSqlCommandBuilder.Build($"SELECT to_regclass('{name.Replace("'", "''")}') IS NOT NULL");
    }

    private RelationalCommandParameterObject Parameters()
        => new(Dependencies.Connection, null, null, Dependencies.CurrentContext.Context, Dependencies.CommandLogger,
            CommandSource.Migrations);
}
