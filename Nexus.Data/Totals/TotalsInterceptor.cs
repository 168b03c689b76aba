using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Storage;

namespace Nexus.Data.Totals;

/// <summary>Writes totals along with the requests that a context saves, in one transaction: the caller's, or one of its own.</summary>
internal sealed class TotalsInterceptor : SaveChangesInterceptor
{
    public override async ValueTask<InterceptionResult<int>> SavingChangesAsync(
        DbContextEventData eventData, InterceptionResult<int> result, CancellationToken cancellationToken = default)
    {
        if (eventData.Context is { } db)
        {
            await BeginAsync(db, cancellationToken);
        }

        return result;
    }

    public override async ValueTask<int> SavedChangesAsync(
        SaveChangesCompletedEventData eventData, int result, CancellationToken cancellationToken = default)
    {
        if (eventData.Context is { } db)
        {
            await EndAsync(db, cancellationToken);
        }

        return result;
    }

    public override InterceptionResult<int> SavingChanges(DbContextEventData eventData, InterceptionResult<int> result)
    {
        if (eventData.Context is { } db)
        {
            BeginAsync(db, CancellationToken.None).GetAwaiter().GetResult();
        }

        return result;
    }

    public override int SavedChanges(SaveChangesCompletedEventData eventData, int result)
    {
        if (eventData.Context is { } db)
        {
            EndAsync(db, CancellationToken.None).GetAwaiter().GetResult();
        }

        return result;
    }

    public override void SaveChangesFailed(DbContextErrorEventData eventData) => Undo(eventData.Context);

    public override Task SaveChangesFailedAsync(
        DbContextErrorEventData eventData, CancellationToken cancellationToken = default)
    {
        Undo(eventData.Context);
        return Task.CompletedTask;
    }

    public override void SaveChangesCanceled(DbContextEventData eventData) => Undo(eventData.Context);

    public override Task SaveChangesCanceledAsync(
        DbContextEventData eventData, CancellationToken cancellationToken = default)
    {
        Undo(eventData.Context);
        return Task.CompletedTask;
    }

    private static async Task BeginAsync(DbContext db, CancellationToken cancellationToken)
    {
        if (!TotalsChanges.AreIn(db))
        {
            return;
        }

        IDbContextTransaction? own = null;
        if (db.Database.CurrentTransaction is null)
        {
            if (db.Database.CreateExecutionStrategy().RetriesOnFailure)
            {
                throw new InvalidOperationException(
                    "Saving requests writes their totals in the same transaction, which an execution strategy that retries does "
                    + "not let begin here: begin one in db.Database.CreateExecutionStrategy().ExecuteAsync, or use "
                    + "contexts.ExecuteInTransactionAsync.");
            }

            own = await db.Database.BeginTransactionAsync(cancellationToken);
        }

        var changes = TotalsChanges.Of(db);
        changes.Own = own;
        try
        {
            await changes.CollectAsync(db, cancellationToken);
        }
        catch
        {
            changes.Undo();
            throw;
        }
    }

    private static async Task EndAsync(DbContext db, CancellationToken cancellationToken)
    {
        var changes = TotalsChanges.Of(db);
        try
        {
            await changes.WriteAsync(db, cancellationToken);
            if (changes.Own is { } own)
            {
                await own.CommitAsync(CancellationToken.None);
            }
        }
        finally
        {
            changes.Undo();
        }
    }

    private static void Undo(DbContext? db)
    {
        if (db is not null)
        {
            TotalsChanges.Of(db).Undo();
        }
    }
}
