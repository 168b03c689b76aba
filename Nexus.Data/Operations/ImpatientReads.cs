using System.Data.Common;
using Nexus.Data.Persistence;
using Npgsql;

namespace Nexus.Data.Operations;

/// <summary>Reads that wait for nobody.</summary>
internal static class ImpatientReads
{
    /// <summary>Reads in a transaction of its own; null where somebody holds what is to be read.</summary>
    public static async Task<T?> ReadWithoutWaitingAsync<T>(
        this NexusDbContext db, string sql, Func<DbDataReader, CancellationToken, Task<T>> read,
        CancellationToken cancellationToken)
        where T : class
        => await db.WithoutWaitingAsync(() => db.ReadAsync(sql, [], read, cancellationToken), cancellationToken);

    /// <summary>Does something in a transaction that is rolled back; null where somebody holds what is to be read.</summary>
    public static async Task<T?> WithoutWaitingAsync<T>(
        this NexusDbContext db, Func<Task<T>> read, CancellationToken cancellationToken)
        where T : class
    {
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        try
        {
            await db.ExecuteAsync("SET LOCAL lock_timeout = '200ms'", [], cancellationToken);
            return await read();
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            return null;
        }
    }
}
