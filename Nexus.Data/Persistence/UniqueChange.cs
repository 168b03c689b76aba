using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Nexus.Data.Persistence;

/// <summary>Changes that a unique index may forbid: an UPDATE knows no ON CONFLICT.</summary>
internal static class UniqueChange
{
    private const string Savepoint = "nexus_unique";

    /// <summary>Does the change in the open transaction, which stays usable where an index forbids it.</summary>
    /// <param name="db">The context, with a transaction.</param>
    /// <param name="change">The change.</param>
    /// <param name="conflict">What is said where it is forbidden.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>What the change gave.</returns>
    public static async Task<T> DoAsync<T>(
        DbContext db, Func<CancellationToken, Task<T>> change, Func<NexusDataException> conflict,
        CancellationToken cancellationToken)
    {
        var transaction = db.Database.CurrentTransaction!;
        await transaction.CreateSavepointAsync(Savepoint, cancellationToken);
        T answer;
        try
        {
            answer = await change(cancellationToken);
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            await transaction.RollbackToSavepointAsync(Savepoint, cancellationToken);
            throw conflict();
        }

        await transaction.ReleaseSavepointAsync(Savepoint, cancellationToken);
        return answer;
    }
}
