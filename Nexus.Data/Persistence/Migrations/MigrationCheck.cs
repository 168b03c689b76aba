using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.EntityFrameworkCore.Storage;

namespace Nexus.Data.Persistence.Migrations;

/// <summary>Asks a database for what would stop a migration, before the migration's first statement.</summary>
internal sealed class MigrationCheck(
    IMigrationsAssembly migrationsAssembly,
    IHistoryRepository historyRepository,
    IRelationalDatabaseCreator databaseCreator,
    IRawSqlCommandBuilder rawSqlCommandBuilder,
    IRelationalConnection connection,
    ICurrentDbContext currentContext,
    IRelationalCommandDiagnosticsLogger commandLogger,
    IDatabaseProvider databaseProvider)
{
    public void ThrowIfObstructed(string? targetMigration)
    {
        if (!databaseCreator.Exists())
        {
            return;
        }

        var names = Scalar(MigrationObstacles.Names);
        var applied = Ids(historyRepository.GetAppliedMigrations());
        var pending = Pending(targetMigration, applied);
        if (pending.Count > 0)
        {
            Throw(
                names, applied, pending,
                MigrationObstacles.Views(pending) is { } sql ? Scalar(sql) : null,
                MigrationObstacles.RetiresKeys(pending) && Scalar(MigrationObstacles.MayHoldClearKeys) is not null
                    ? Scalar(MigrationObstacles.ClearKeys)
                    : null);
        }

        string? Scalar(string sql) => rawSqlCommandBuilder.Build(sql).ExecuteScalar(Parameters()) as string;
    }

    public async Task ThrowIfObstructedAsync(string? targetMigration, CancellationToken cancellationToken)
    {
        if (!await databaseCreator.ExistsAsync(cancellationToken))
        {
            return;
        }

        // The names before the history: who makes such a table by a migration writes both at once.
        var names = await ScalarAsync(MigrationObstacles.Names);
        var applied = Ids(await historyRepository.GetAppliedMigrationsAsync(cancellationToken));
        var pending = Pending(targetMigration, applied);
        if (pending.Count > 0)
        {
            Throw(
                names, applied, pending,
                MigrationObstacles.Views(pending) is { } sql ? await ScalarAsync(sql) : null,
                MigrationObstacles.RetiresKeys(pending)
                    && await ScalarAsync(MigrationObstacles.MayHoldClearKeys) is not null
                        ? await ScalarAsync(MigrationObstacles.ClearKeys)
                        : null);
        }

        async Task<string?> ScalarAsync(string sql)
            => await rawSqlCommandBuilder.Build(sql).ExecuteScalarAsync(Parameters(), cancellationToken) as string;
    }

    private static List<string> Ids(IReadOnlyList<HistoryRow> rows) => [.. rows.Select(row => row.MigrationId)];

    private List<Migration> Pending(string? targetMigration, List<string> applied)
    {
        var target = targetMigration is null or Migration.InitialDatabase
            ? targetMigration
            : migrationsAssembly.FindMigrationId(targetMigration);
        return
        [
            .. migrationsAssembly.Migrations.Keys
                .Where(id => (target is null || string.CompareOrdinal(id, target) <= 0) && !applied.Contains(id))
                .Select(Create),
        ];
    }

    private void Throw(string? names, List<string> applied, List<Migration> pending, string? views, string? clearKeys)
    {
        // What is to be made is there: by the migrations of somebody else, or by these, and the history knows nothing of it.
        var others = applied.Where(id => !migrationsAssembly.Migrations.ContainsKey(id)).ToList();
        var maker = names?.Split(',').Contains(MigrationObstacles.Marker) is true
            ? pending.Find(migration => MigrationObstacles.TablesOf(migration).Contains(MigrationObstacles.Marker, StringComparer.Ordinal))
            : null;
        var keeper = maker is null ? null : others.FindLast(OwnSchema.IsOwn) ?? others.FirstOrDefault();
        var foreign = MigrationObstacles.Foreign(names, applied.Except(others, StringComparer.Ordinal), Create)
            .Except(maker is null ? [] : MigrationObstacles.TablesOf(maker), StringComparer.Ordinal).ToList();
        if (MigrationObstacles.Judge(connection.DbConnection.Database, keeper, foreign, views, clearKeys) is { } obstacle)
        {
            throw obstacle;
        }
    }

    private Migration Create(string id)
        => migrationsAssembly.CreateMigration(migrationsAssembly.Migrations[id], databaseProvider.Name);

    private RelationalCommandParameterObject Parameters()
        => new(connection, null, null, currentContext.Context, commandLogger, CommandSource.Migrations);
}
