using System.Diagnostics.CodeAnalysis;
using Microsoft.EntityFrameworkCore;
using Nexus.Data.Persistence;

namespace Nexus.Data.Analyses;

/// <summary>Who asked for analyses, saw them and made them. Entries are added, and nobody changes one: the application's role
/// may not.</summary>
public sealed class AuditLog
{
    private const int MaxPageSize = 1_000;

    private readonly UnitOfWork _work;

    /// <summary>A log each of whose operations is a transaction of its own.</summary>
    /// <param name="contexts">Makes the contexts.</param>
    public AuditLog(IDbContextFactory<NexusDbContext> contexts)
        : this(new UnitOfWork(contexts))
    {
    }

    private AuditLog(UnitOfWork work) => _work = work;

    /// <summary>The same log in a transaction of the caller's.</summary>
    /// <param name="db">Its context.</param>
    [SuppressMessage("Performance", "CA1822", Justification = "Every service is bound so.")]
    public AuditLog In(NexusDbContext db) => new(new UnitOfWork(db));

    /// <summary>Adds an entry.</summary>
    /// <param name="entry">What was done. Its number is given by the database, and its time where it has none.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>The entry's number.</returns>
    /// <exception cref="ArgumentException">A name is missing or too long.</exception>
    /// <exception cref="NexusDataException">User context or metadata are no JSON (validation).</exception>
    public Task<int> AppendAsync(AuditLogEntry entry, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(entry);
        AuditEntries.Check(entry);

        return _work.DoAsync(
            async (db, token) => (await AuditEntries.InsertAsync(db, [entry], token)).Single(), cancellationToken);
    }

    /// <summary>Entries, the newest first.</summary>
    /// <param name="filter">Which; null for all.</param>
    /// <param name="before">Only entries with a smaller number: that of the last one of the page before.</param>
    /// <param name="pageSize">How many, 1 to 1,000.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    public Task<IReadOnlyList<AuditLogEntry>> ListAsync(
        AuditFilter? filter = null, int? before = null, int pageSize = 100, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(pageSize, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(pageSize, MaxPageSize);

        return _work.ReadAsync<IReadOnlyList<AuditLogEntry>>(
            async (db, token) => await Select(db.AuditLog.AsNoTracking(), filter ?? new())
                .Where(entry => before == null || entry.Id < before)
                .OrderByDescending(entry => entry.Id).Take(pageSize).ToListAsync(token),
            cancellationToken);
    }

    private static IQueryable<AuditLogEntry> Select(IQueryable<AuditLogEntry> entries, AuditFilter filter)
    {
        entries = filter.ConversationId is { } conversation
            ? entries.Where(entry => entry.ConversationId == conversation)
            : entries;
        entries = filter.BranchId is { } branch ? entries.Where(entry => entry.BranchId == branch) : entries;
        entries = filter.TrainId is { } train ? entries.Where(entry => entry.TrainId == train) : entries;
        return filter.EventType is { } type ? entries.Where(entry => entry.EventType == type) : entries;
    }
}
