using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Migrations;
using Nexus.Data;
using Nexus.Data.Analyses;
using Nexus.Data.Persistence.Migrations;
using Nexus.Data.Totals;
using Npgsql;
using Npgsql.EntityFrameworkCore.PostgreSQL.Infrastructure;

// Beside UseNpgsql, so that who knows the one finds the other.
#pragma warning disable IDE0130
namespace Microsoft.EntityFrameworkCore;
#pragma warning restore IDE0130

/// <summary>Points a context at a Nexus database. The one place that knows the provider's settings.</summary>
public static class NexusDbContextOptionsExtensions
{
    private const string MigrationsAssembly = "Nexus.Data.Migrations";
    internal const string StatusType = "conversation_analysis_status";
    private const string MaxAutoPrepareKey = "Max Auto Prepare";
    private const int MaxAutoPrepare = 100;
    private static readonly TotalsInterceptor _totals = new();

    /// <summary>Uses the database that a connection string names; the provider keeps the pool.</summary>
    /// <param name="builder">The options of the context.</param>
    /// <param name="connectionString">An Npgsql connection string. Statements that come again are prepared, unless it
    /// sets <c>Max Auto Prepare</c> itself.</param>
    /// <param name="npgsql">Settings of one's own, after ours.</param>
    /// <returns>The same builder.</returns>
    public static DbContextOptionsBuilder UseNexus(
        this DbContextOptionsBuilder builder,
        string connectionString,
        Action<NpgsqlDbContextOptionsBuilder>? npgsql = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrWhiteSpace(connectionString);
        return builder.UseNpgsql(WithDefaults(connectionString), Settings(npgsql)).UseNexusServices();
    }

    /// <summary>Uses a data source that the caller keeps, built with <see cref="UseNexusTypes"/>.</summary>
    /// <param name="builder">The options of the context.</param>
    /// <param name="dataSource">Where connections come from. The caller disposes it.</param>
    /// <param name="npgsql">Settings of one's own, after ours.</param>
    /// <returns>The same builder.</returns>
    public static DbContextOptionsBuilder UseNexus(
        this DbContextOptionsBuilder builder,
        NpgsqlDataSource dataSource,
        Action<NpgsqlDbContextOptionsBuilder>? npgsql = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(dataSource);
        return builder.UseNpgsql(dataSource, Settings(npgsql)).UseNexusServices();
    }

    /// <summary>Uses a connection that somebody else opens and closes.</summary>
    internal static DbContextOptionsBuilder UseNexus(
        this DbContextOptionsBuilder builder, NpgsqlConnection connection, Action<NpgsqlDbContextOptionsBuilder> npgsql)
        => builder.UseNpgsql(connection, Settings(npgsql)).UseNexusServices();

    /// <summary>Makes a data source know the types of a Nexus database, and prepare statements that come again.</summary>
    /// <param name="builder">A data source that is being built.</param>
    /// <returns>The same builder.</returns>
    public static NpgsqlDataSourceBuilder UseNexusTypes(this NpgsqlDataSourceBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);

        if (!builder.ConnectionStringBuilder.ShouldSerialize(MaxAutoPrepareKey))
        {
            builder.ConnectionStringBuilder.MaxAutoPrepare = MaxAutoPrepare;
        }

        builder.MapEnum<ConversationAnalysisStatus>(StatusType);
        return builder;
    }

    // Our migrations build indexes outside of a transaction, and one that was cut off is mended by the next run. Of a host's nobody knows.
    private static void IgnoreOwn(WarningsConfigurationBuilder warnings, Type context)
    {
        if (context == typeof(NexusDbContext))
        {
            warnings.Ignore(RelationalEventId.NonTransactionalMigrationOperationWarning);
        }
    }

    private static string WithDefaults(string connectionString)
    {
        var connection = new NpgsqlConnectionStringBuilder(connectionString);
        if (!connection.ShouldSerialize(MaxAutoPrepareKey))
        {
            connection.MaxAutoPrepare = MaxAutoPrepare;
        }

        return connection.ConnectionString;
    }

    private static Action<NpgsqlDbContextOptionsBuilder> Settings(Action<NpgsqlDbContextOptionsBuilder>? own)
        => npgsql =>
        {
            npgsql.MigrationsAssembly(MigrationsAssembly);
            npgsql.MapEnum<ConversationAnalysisStatus>(StatusType);
            own?.Invoke(npgsql);
        };

    private static DbContextOptionsBuilder UseNexusServices(this DbContextOptionsBuilder builder)
        => builder
            .AddInterceptors(_totals)
            .ConfigureWarnings(warnings => IgnoreOwn(warnings, builder.Options.ContextType))
            .ReplaceService<IHistoryRepository, NexusHistoryRepository>()
            .ReplaceService<IMigrator, NexusMigrator>()
            .ReplaceService<IMigrationsModelDiffer, NexusMigrationsModelDiffer>()
            .ReplaceService<IMigrationsSqlGenerator, NexusMigrationsSqlGenerator>();
}
