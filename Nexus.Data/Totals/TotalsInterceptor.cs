using System.Transactions;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace Nexus.Data.Totals;

/// <summary>Writes totals along with the requests that a context saves, in one transaction: the caller's, or one of its own.</summary>
internal sealed class TotalsInterceptor : SaveChangesInterceptor
{
    public override async ValueTask<InterceptionResult<int>> SavingChangesAsync(
        DbContextEventData eventData, InterceptionResult<int> result, CancellationToken cancellationToken = default)
    {
        if (eventData.Context is not { } db || !TotalsChanges.AreIn(db))
        {
            return result;
        }

        if (HasTransaction(db))
        {
            await TotalsChanges.Of(db).CollectAsync(db, cancellationToken);
            return result;
        }

        var saved = await db.Database.CreateExecutionStrategy().ExecuteAsync(
            async token =>
            {
                using var whole = new WithoutSavepoints(db);
                await using var transaction = await db.Database.BeginTransactionAsync(token);
                var rows = await db.SaveChangesAsync(acceptAllChangesOnSuccess: false, token);
                await transaction.CommitAsync(token);
                return rows;
            },
            cancellationToken);
        return Accept(db, saved);
    }

    public override async ValueTask<int> SavedChangesAsync(
        SaveChangesCompletedEventData eventData, int result, CancellationToken cancellationToken = default)
    {
        if (eventData.Context is { } db)
        {
            await TotalsChanges.Of(db).WriteAsync(db, cancellationToken);
        }

        return result;
    }

    public override InterceptionResult<int> SavingChanges(DbContextEventData eventData, InterceptionResult<int> result)
    {
        if (eventData.Context is not { } db || !TotalsChanges.AreIn(db))
        {
            return result;
        }

        if (HasTransaction(db))
        {
            Wait(() => TotalsChanges.Of(db).CollectAsync(db, CancellationToken.None));
            return result;
        }

        var saved = db.Database.CreateExecutionStrategy().Execute(() =>
        {
            using var whole = new WithoutSavepoints(db);
            using var transaction = db.Database.BeginTransaction();
            var rows = db.SaveChanges(acceptAllChangesOnSuccess: false);
            transaction.Commit();
            return rows;
        });
        return Accept(db, saved);
    }

    public override int SavedChanges(SaveChangesCompletedEventData eventData, int result)
    {
        if (eventData.Context is { } db)
        {
            Wait(() => TotalsChanges.Of(db).WriteAsync(db, CancellationToken.None));
        }

        return result;
    }

    public override void SaveChangesFailed(DbContextErrorEventData eventData) => Forget(eventData.Context);

    public override Task SaveChangesFailedAsync(
        DbContextErrorEventData eventData, CancellationToken cancellationToken = default)
    {
        Forget(eventData.Context);
        return Task.CompletedTask;
    }

    public override void SaveChangesCanceled(DbContextEventData eventData) => Forget(eventData.Context);

    public override Task SaveChangesCanceledAsync(
        DbContextEventData eventData, CancellationToken cancellationToken = default)
    {
        Forget(eventData.Context);
        return Task.CompletedTask;
    }

    // Without the caller's synchronization context: what goes on there would wait for the caller, who waits here.
    private static void Wait(Func<Task> work)
    {
        var context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            work().GetAwaiter().GetResult();
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(context);
        }
    }

    private static bool HasTransaction(DbContext db)
        => db.Database.CurrentTransaction is not null || Transaction.Current is not null
           || db.Database.GetEnlistedTransaction() is not null;

    // The rows are saved: what is tracked is as they are, and EF has nothing left to do.
    private static InterceptionResult<int> Accept(DbContext db, int saved)
    {
        db.ChangeTracker.AcceptAllChanges();
        return InterceptionResult<int>.SuppressWithResult(saved);
    }

    private static void Forget(DbContext? db)
    {
        if (db is not null)
        {
            TotalsChanges.Of(db).Clear();
        }
    }

    // In a transaction that is this one save there is nothing to go back to but its beginning: two round trips less.
    private sealed class WithoutSavepoints : IDisposable
    {
        private readonly DbContext _db;
        private readonly bool _before;

        public WithoutSavepoints(DbContext db)
        {
            (_db, _before) = (db, db.Database.AutoSavepointsEnabled);
            db.Database.AutoSavepointsEnabled = false;
        }

        public void Dispose() => _db.Database.AutoSavepointsEnabled = _before;
    }
}
