using System.Diagnostics.CodeAnalysis;
using Microsoft.EntityFrameworkCore;
using Nexus.Data.Persistence;

namespace Nexus.Data.Seeding.Populations;

/// <summary>Puts populations into a database, each in one transaction. Rows of others are left as they are.</summary>
public sealed class PopulationStore
{
    /// <summary>Who populates waits for others who do.</summary>
    internal const string Lock = "SELECT pg_advisory_xact_lock(hashtextextended('nexus populate', 0))";

    private readonly UnitOfWork _work;
    private readonly TimeProvider _time;

    /// <summary>Creates the service.</summary>
    /// <param name="contexts">Makes the contexts.</param>
    /// <param name="time">Tells what time it is; the system's clock where nothing is given.</param>
    public PopulationStore(IDbContextFactory<NexusDbContext> contexts, TimeProvider? time = null)
        : this(new UnitOfWork(contexts), time)
    {
    }

    private PopulationStore(UnitOfWork work, TimeProvider? time) => (_work, _time) = (work, time ?? TimeProvider.System);

    /// <summary>The same in a context of the caller's, and in its transaction.</summary>
    /// <param name="db">The caller's context.</param>
    [SuppressMessage("Performance", "CA1822", Justification = "Every service is joined to a context in the same way.")]
    public PopulationStore In(NexusDbContext db) => new(new UnitOfWork(db), _time);

    /// <summary>Adds what is missing of a small population and puts right what is there: done twice, the rows are the same.</summary>
    /// <param name="population">The population.</param>
    /// <param name="at">Its own time, not in the future. Null for that of the rows that are there, and for now where there are none.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <exception cref="NexusDataException">Others have a name or a chat of the population (conflict), or the time is in the future
    /// (validation).</exception>
    public Task<PopulationReport> PutAsync(
        SmallPopulation population, DateTimeOffset? at = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(population);
        var now = _time.GetUtcNow();
        return at > now
            ? throw new NexusDataException(NexusDataErrorKind.Validation, "The population's time must not be in the future.")
            : _work.DoAsync(
                (db, token) => new SmallPopulationWriter(db, population, token).WriteAsync(at, now), cancellationToken);
    }

    /// <summary>Adds a large population by binary COPY. The same options give the same rows in any database, but for the number of the
    /// transaction that wrote a message.</summary>
    /// <param name="options">How much there is of it.</param>
    /// <param name="progress">Told how many messages are sent, now and then; null for nobody.</param>
    /// <param name="cancellationToken">Stops the work, and nothing is left of it.</param>
    /// <exception cref="NexusDataException">An option is out of range or the end lies in the future (validation); rows of this seed, or
    /// names of it, are there already (conflict).</exception>
    public async Task<PopulationReport> CopyAsync(
        LargePopulationOptions options, IProgress<PopulationProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Until > _time.GetUtcNow())
        {
            throw new NexusDataException(NexusDataErrorKind.Validation, "The population's end must not be in the future.");
        }

        // One password for all, and made beside the rest.
        var passwordHash = Task.Run(() => SeedPassword.Hash(), CancellationToken.None);
        var population = await Task.Run(() => new LargePopulation(options), cancellationToken);
        return await _work.DoAsync(
            (db, token) => new LargePopulationWriter(db, population, options.Seed, token).WriteAsync(passwordHash, progress), cancellationToken);
    }
}
