using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Extensions.DependencyInjection;
using Nexus.Data.Persistence.Migrations;

namespace Nexus.Data.Persistence;

/// <summary>Whose migrations keep the tables: those of our context, or of a host's own that has the Nexus model.</summary>
internal abstract class SchemaOwner
{
    private SchemaHistory? _history;

    /// <summary>Whether a host's migrations do. What is known of ours, step by step, says nothing there.</summary>
    public abstract bool IsHost { get; }

    /// <summary>What to do where the schema is behind, as a sentence.</summary>
    public abstract string Remedy { get; }

    /// <summary>The migrations that there are, and where a database notes which it has.</summary>
    public async Task<SchemaHistory> HistoryAsync(CancellationToken cancellationToken)
    {
        // The same as long as the process lives.
        if (_history is null)
        {
            await using var owner = await OpenAsync(cancellationToken);
            _history = SchemaHistory.Of(owner.Db);
        }

        return _history;
    }

    /// <summary>The migrations in the database's history that a newer version of the owner has put there. A history may be
    /// shared with contexts that have nothing to do with us.</summary>
    /// <param name="applied">The history.</param>
    /// <param name="known">The owner's migrations.</param>
    public abstract IEnumerable<string> Unknown(IEnumerable<string> applied, IReadOnlyList<string> known);

    /// <summary>A context that knows the migrations.</summary>
    public abstract Task<OwnerContext> OpenAsync(CancellationToken cancellationToken);
}

/// <summary>Migrations, and where a database notes which of them it has.</summary>
/// <param name="Table">The table, as SQL names it.</param>
/// <param name="Known">The ids of the migrations, in their order.</param>
internal sealed record SchemaHistory(string Table, IReadOnlyList<string> Known)
{
    /// <summary>Asks for the ids of the migrations that the database has, in their order.</summary>
    public string Applied => $"""SELECT "MigrationId" FROM {Table} ORDER BY 1""";

    public static SchemaHistory Of(DbContext db)
    {
        var options = RelationalOptionsExtension.Extract(db.GetService<IDbContextOptions>());
        return new(
            db.GetService<ISqlGenerationHelper>().DelimitIdentifier(
                options.MigrationsHistoryTableName ?? HistoryRepository.DefaultTableName, options.MigrationsHistoryTableSchema),
            [.. db.Database.GetMigrations().Order(StringComparer.Ordinal)]);
    }
}

/// <summary>A context of the owner's, with the scope that it came from.</summary>
internal sealed class OwnerContext(DbContext db, AsyncServiceScope? scope = null) : IAsyncDisposable
{
    public DbContext Db => db;

    public async ValueTask DisposeAsync()
    {
        await db.DisposeAsync();
        if (scope is { } opened)
        {
            await opened.DisposeAsync();
        }
    }
}

/// <summary>The migrations of this library.</summary>
internal sealed class OwnSchema(IDbContextFactory<NexusDbContext> contexts) : SchemaOwner
{
    // How the ids of ours begin, and nobody's else that carry a time of day.
    private const string Ids = "202501010000";

    public override bool IsHost => false;

    public override string Remedy => "Run 'nexus-data migrate'; 'nexus-data status' says what it would do.";

    /// <summary>Whether a migration is one of this library's, of whatever version.</summary>
    public static bool IsOwn(string id) => id.StartsWith(Ids, StringComparison.Ordinal);

    public override IEnumerable<string> Unknown(IEnumerable<string> applied, IReadOnlyList<string> known)
        => applied.Where(IsOwn).Except(known, StringComparer.Ordinal);

    public override async Task<OwnerContext> OpenAsync(CancellationToken cancellationToken)
        => new(await contexts.CreateDbContextAsync(cancellationToken));
}

/// <summary>The migrations of a host's own context, which is registered as the host likes: by a factory, or scoped.</summary>
internal sealed class HostSchema<TContext>(IServiceScopeFactory scopes) : SchemaOwner
    where TContext : DbContext
{
    public override bool IsHost => true;

    public override string Remedy => $"Migrate {typeof(TContext).Name}: by 'dotnet ef database update', or MigrateNexusDataAsync().";

    // Which of them are the host's, and which another context's, cannot be told: no claim is made.
    public override IEnumerable<string> Unknown(IEnumerable<string> applied, IReadOnlyList<string> known) => [];

    public override async Task<OwnerContext> OpenAsync(CancellationToken cancellationToken)
    {
        var scope = scopes.CreateAsyncScope();
        OwnerContext? owner = null;
        try
        {
            var contexts = scope.ServiceProvider.GetService<IDbContextFactory<TContext>>();
            var db = contexts is null
                ? scope.ServiceProvider.GetRequiredService<TContext>()
                : await contexts.CreateDbContextAsync(cancellationToken);
            owner = new(db, scope);
            ThrowIfIncomplete(db);
            return owner;
        }
        catch
        {
            await (owner?.DisposeAsync() ?? scope.DisposeAsync());
            throw;
        }
    }

    // Either would show at the first statement that needs what is missing, and no earlier.
    private static void ThrowIfIncomplete(TContext db)
    {
        if (!db.Model.GetEntityTypes().Any(entity => entity.ClrType.Assembly == typeof(SchemaOwner).Assembly))
        {
            throw new InvalidOperationException(
                $"{typeof(TContext).Name} does not have the Nexus tables: call ApplyNexusModel() in its OnModelCreating.");
        }

        if (db.GetService<IMigrator>() is not NexusMigrator)
        {
            throw new InvalidOperationException(
                $"The options of {typeof(TContext).Name} do not come from UseNexus(), which takes the place of UseNpgsql(): without it, migrations lack what "
                + "no model describes.");
        }
    }
}
