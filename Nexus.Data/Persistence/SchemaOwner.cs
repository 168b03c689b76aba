using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Nexus.Data.Persistence;

/// <summary>Whose migrations keep the tables: those of our context, or of a host's own that has the Nexus model.</summary>
internal abstract class SchemaOwner
{
    /// <summary>Whether a host's migrations do. What is known of ours, step by step, says nothing there.</summary>
    public abstract bool IsHost { get; }

    /// <summary>The ids of the migrations, in their order.</summary>
    public async Task<IReadOnlyList<string>> MigrationsAsync(CancellationToken cancellationToken)
    {
        await using var owner = await OpenAsync(cancellationToken);
        return [.. owner.Db.Database.GetMigrations().Order(StringComparer.Ordinal)];
    }

    /// <summary>The migrations in the database's history that a newer version of the owner has put there. A history may be
    /// shared with contexts that have nothing to do with us.</summary>
    /// <param name="applied">The history.</param>
    /// <param name="known">The owner's migrations.</param>
    public abstract IEnumerable<string> Unknown(IEnumerable<string> applied, IReadOnlyList<string> known);

    /// <summary>A context that knows the migrations.</summary>
    public abstract Task<OwnerContext> OpenAsync(CancellationToken cancellationToken);
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

    public override IEnumerable<string> Unknown(IEnumerable<string> applied, IReadOnlyList<string> known)
        => applied.Where(id => id.StartsWith(Ids, StringComparison.Ordinal)).Except(known, StringComparer.Ordinal);

    public override async Task<OwnerContext> OpenAsync(CancellationToken cancellationToken)
        => new(await contexts.CreateDbContextAsync(cancellationToken));
}

/// <summary>The migrations of a host's own context, which is registered as the host likes: by a factory, or scoped.</summary>
internal sealed class HostSchema<TContext>(IServiceScopeFactory scopes) : SchemaOwner
    where TContext : DbContext
{
    public override bool IsHost => true;

    // Which of them are the host's, and which another context's, cannot be told: no claim is made.
    public override IEnumerable<string> Unknown(IEnumerable<string> applied, IReadOnlyList<string> known) => [];

    public override async Task<OwnerContext> OpenAsync(CancellationToken cancellationToken)
    {
        var scope = scopes.CreateAsyncScope();
        try
        {
            var contexts = scope.ServiceProvider.GetService<IDbContextFactory<TContext>>();
            return new(
                contexts is null
                    ? scope.ServiceProvider.GetRequiredService<TContext>()
                    : await contexts.CreateDbContextAsync(cancellationToken),
                scope);
        }
        catch
        {
            await scope.DisposeAsync();
            throw;
        }
    }
}
