using System.Diagnostics.CodeAnalysis;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Extensions.Logging;
using Npgsql;
using Npgsql.EntityFrameworkCore.PostgreSQL.Migrations.Internal;

namespace Nexus.Data.Persistence.Migrations;

/// <summary>
/// The provider's migrator, which asks before its first statement whether anything is in the way, lets a step take its time,
/// and whose idempotent scripts say at the top what they do in another way.
/// </summary>
[SuppressMessage("Usage", "EF1001", Justification = "The provider offers its migrator for no other use.")]
internal sealed class NexusMigrator(
    IMigrationsAssembly migrationsAssembly,
    IHistoryRepository historyRepository,
    IDatabaseCreator databaseCreator,
    IMigrationsSqlGenerator migrationsSqlGenerator,
    IRawSqlCommandBuilder rawSqlCommandBuilder,
    IMigrationCommandExecutor migrationCommandExecutor,
    IRelationalConnection connection,
    ISqlGenerationHelper sqlGenerationHelper,
    ICurrentDbContext currentContext,
    IModelRuntimeInitializer modelRuntimeInitializer,
    IDiagnosticsLogger<DbLoggerCategory.Migrations> logger,
    IRelationalCommandDiagnosticsLogger commandLogger,
    IDatabaseProvider databaseProvider,
    IMigrationsModelDiffer migrationsModelDiffer,
    IDesignTimeModel designTimeModel,
    IDbContextOptions contextOptions,
    IExecutionStrategy executionStrategy)
    : NpgsqlMigrator(
        migrationsAssembly, historyRepository, databaseCreator, migrationsSqlGenerator, rawSqlCommandBuilder,
        migrationCommandExecutor, connection, sqlGenerationHelper, currentContext, modelRuntimeInitializer, logger,
        commandLogger, databaseProvider, migrationsModelDiffer, designTimeModel, contextOptions, executionStrategy)
{
    private const string PlainIndexes =
        """
        -- Idempotent: run it as often as you like. Its commands stand in DO blocks, in which PostgreSQL builds no index
        -- concurrently: the indexes of this script are built plainly, and writers wait while they are. Where that must
        -- not be, run `dotnet ef database update` instead.


        """;

    private readonly IRelationalConnection _connection = connection;
    private readonly ILogger _log = logger.Logger;

    private readonly MigrationCheck _check = new(
        migrationsAssembly, historyRepository, (IRelationalDatabaseCreator)databaseCreator, rawSqlCommandBuilder, connection,
        currentContext, commandLogger, databaseProvider);

    public override void Migrate(string? targetMigration = null)
    {
        _check.ThrowIfObstructed(targetMigration);
        using var migrating = new Migrating(_connection, _log);
        base.Migrate(targetMigration);
    }

    public override async Task MigrateAsync(
        string? targetMigration = null, CancellationToken cancellationToken = default)
    {
        await _check.ThrowIfObstructedAsync(targetMigration, cancellationToken);
        using var migrating = new Migrating(_connection, _log);
        await base.MigrateAsync(targetMigration, cancellationToken);
    }

    /// <summary>Asks whether anything is in the way to a migration. Changes nothing.</summary>
    /// <param name="targetMigration">The migration to end at; null for the newest.</param>
    /// <param name="cancellationToken">Stops the asking.</param>
    /// <exception cref="NexusDataException">Something is; the message says what to do.</exception>
    public Task ThrowIfObstructedAsync(string? targetMigration, CancellationToken cancellationToken)
        => _check.ThrowIfObstructedAsync(targetMigration, cancellationToken);

    public override string GenerateScript(
        string? fromMigration = null,
        string? toMigration = null,
        MigrationsSqlGenerationOptions options = MigrationsSqlGenerationOptions.Default)
    {
        var script = base.GenerateScript(fromMigration, toMigration, options);
        return options.HasFlag(MigrationsSqlGenerationOptions.Idempotent) ? PlainIndexes + script : script;
    }

    // No command's time is limited meanwhile: a step may touch millions of rows, and a host's limit is for queries. What a
    // step has to tell comes as warnings of the server.
    private sealed class Migrating : IDisposable
    {
        private readonly IRelationalConnection _connection;
        private readonly ILogger _log;
        private readonly int? _limit;

        public Migrating(IRelationalConnection connection, ILogger log)
        {
            _connection = connection;
            _log = log;
            _limit = connection.CommandTimeout;
            connection.CommandTimeout = 0;
            if (connection.DbConnection is NpgsqlConnection npgsql)
            {
                npgsql.Notice += Tell;
            }
        }

        public void Dispose()
        {
            _connection.CommandTimeout = _limit;
            if (_connection.DbConnection is NpgsqlConnection npgsql)
            {
                npgsql.Notice -= Tell;
            }
        }

        private void Tell(object sender, NpgsqlNoticeEventArgs arguments)
        {
            if (arguments.Notice.InvariantSeverity == "WARNING")
            {
                MigrationLogs.Warning(_log, arguments.Notice.MessageText);
            }
        }
    }
}

/// <summary>What migrations log beside what EF does.</summary>
internal static partial class MigrationLogs
{
    /// <summary>The name by which a log's reader finds what a migration told.</summary>
    public const string WarningName = "NexusMigrationWarning";

    [LoggerMessage(EventId = 1, EventName = WarningName, Level = LogLevel.Warning, Message = "{Warning}")]
    public static partial void Warning(ILogger logger, string warning);
}
