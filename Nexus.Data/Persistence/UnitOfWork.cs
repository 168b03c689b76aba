using Microsoft.EntityFrameworkCore;

namespace Nexus.Data.Persistence;

/// <summary>Where a service's statements run: in transactions of its own, or in that of a caller's context.</summary>
internal sealed class UnitOfWork
{
    private readonly IDbContextFactory<NexusDbContext>? _contexts;
    private readonly NexusDbContext? _db;

    /// <summary>A new context for each piece of work, tried again on transient faults.</summary>
    public UnitOfWork(IDbContextFactory<NexusDbContext> contexts)
    {
        ArgumentNullException.ThrowIfNull(contexts);
        _contexts = contexts;
    }

    /// <summary>A caller's context, which tries nothing again: that is the caller's to do.</summary>
    public UnitOfWork(NexusDbContext db)
    {
        ArgumentNullException.ThrowIfNull(db);
        _db = db;
    }

    /// <summary>Work in one transaction: the caller's, where there is one.</summary>
    public Task<T> DoAsync<T>(
        Func<NexusDbContext, CancellationToken, Task<T>> work, CancellationToken cancellationToken)
        => _db is null ? _contexts!.ExecuteInTransactionAsync(work, cancellationToken)
            : _db.Database.CurrentTransaction is not null ? work(_db, cancellationToken)
            : BeginAsync(_db, work, cancellationToken);

    /// <summary>Work that changes nothing, or does so in one statement that may be done twice: no transaction around it.</summary>
    public Task<T> ReadAsync<T>(
        Func<NexusDbContext, CancellationToken, Task<T>> work, CancellationToken cancellationToken)
        => _db is null ? _contexts!.ReadAgainAsync(work, cancellationToken) : work(_db, cancellationToken);

    private static async Task<T> BeginAsync<T>(
        NexusDbContext db, Func<NexusDbContext, CancellationToken, Task<T>> work, CancellationToken cancellationToken)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var answer = await work(db, cancellationToken);
        await transaction.CommitAsync(CancellationToken.None);
        return answer;
    }
}
