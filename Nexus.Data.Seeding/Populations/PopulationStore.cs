using Microsoft.EntityFrameworkCore;
using Nexus.Data.Credentials;
using Nexus.Data.Persistence;
using Nexus.Data.Seeding.Credentials;

namespace Nexus.Data.Seeding.Populations;

/// <summary>Puts populations into a database, each in one transaction. Rows of others are left as they are.</summary>
public sealed class PopulationStore
{
    /// <summary>Who populates waits for others who do.</summary>
    internal const string Lock = "SELECT pg_advisory_xact_lock(hashtextextended('nexus populate', 0))";

    private readonly UnitOfWork _work;
    private readonly TimeProvider _time;
    private readonly ICredentialProtector? _protector;

    /// <summary>Creates the service.</summary>
    /// <param name="contexts">Makes the contexts.</param>
    /// <param name="time">Tells what time it is; the system's clock where nothing is given.</param>
    /// <param name="protector">Protects the tokens of accounts; where it is null, or an <see cref="AesCredentialProtector"/> without any
    /// key, a <see cref="SeedCredentialProtector"/> does.</param>
    public PopulationStore(
        IDbContextFactory<NexusDbContext> contexts, TimeProvider? time = null, ICredentialProtector? protector = null)
        : this(new UnitOfWork(contexts), time, protector)
    {
    }

    private PopulationStore(UnitOfWork work, TimeProvider? time, ICredentialProtector? protector)
        => (_work, _time, _protector) = (work, time ?? TimeProvider.System, protector);

    /// <summary>The same in a context of the caller's, and in its transaction. What the context has to save is saved, and with requests it
    /// forgets what it tracks.</summary>
    /// <param name="db">The caller's context.</param>
    public PopulationStore In(NexusDbContext db) => new(new UnitOfWork(db), _time, _protector);

    /// <summary>A store that has a context and nothing else.</summary>
    internal static PopulationStore Joined(NexusDbContext db) => new(new UnitOfWork(db), time: null, protector: null);

    /// <summary>Adds what is missing of a small population and puts right what is there: done twice, the rows are the same. Of its proxy,
    /// where one is asked for, what is missing is added and what is there stays, also a request whose body was pruned: more requests than
    /// before come on earlier days, and fewer remove none. Requests that were removed come back, those that were pruned too.</summary>
    /// <remarks>Puts right at each call: people's names, passwords, states and times; topics, people and times of chats; roles; texts,
    /// senders and times of messages. Requests are masked, recorded and linked as the options are without anything configured, not as
    /// the host has them.</remarks>
    /// <param name="population">The population.</param>
    /// <param name="options">Its time, and how many requests there are; null for the time of the rows that are there, and for none.</param>
    /// <param name="progress">Told how many requests are stored, now and then; null for nobody.</param>
    /// <param name="cancellationToken">Stops the work, and nothing is left of it.</param>
    /// <exception cref="NexusDataException">Others have a name, a chat or a request of the population (conflict), or an option is out of
    /// range (validation).</exception>
    public Task<PopulationReport> PutAsync(
        SmallPopulation population, SmallPopulationOptions? options = null, IProgress<PopulationProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(population);
        options ??= new();
        var now = _time.GetUtcNow();
        options.Validate(now);
        return _work.DoAsync(
            async (db, token) =>
            {
                var report = await new SmallPopulationWriter(db, population, token).WriteAsync(options.At, now);
                if (options.Requests == 0)
                {
                    return report;
                }

                var proxy = new ProxyPopulation(
                    new()
                    {
                        Seed = options.Seed,
                        Until = await StoredEndAsync(db, options.Seed, now, token) ?? report.At,
                        Requests = options.Requests,
                        Days = SmallPopulationOptions.Days,
                    },
                    SeedCredentialProtector.Or(_protector));
                return await AddAsync(report, new ProxyPopulationWriter(db, proxy, isNew: false, token), progress);
            },
            cancellationToken);
    }

    /// <summary>Adds a large population by binary COPY. The same options give the same rows in any database, but for the number of the
    /// transaction that wrote a message.</summary>
    /// <remarks>It is one transaction, however long it takes. With requests it brings the tables' statistics up to date as they grow, and no
    /// VACUUM and no change of the schema gets at them until its end: it is for databases that nobody else uses meanwhile. Requests
    /// are masked, recorded and linked as the options are without anything configured, not as the host has them.</remarks>
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
            async (db, token) =>
            {
                var report = await new LargePopulationWriter(db, population, options.Seed, token).WriteAsync(passwordHash, progress);
                return options.Requests == 0
                    ? report
                    : await AddAsync(
                        report,
                        new ProxyPopulationWriter(
                            db, new(options.Proxy, SeedCredentialProtector.Or(_protector)), isNew: true, token),
                        progress);
            },
            cancellationToken);
    }

    private static async Task<PopulationReport> AddAsync(
        PopulationReport report, ProxyPopulationWriter proxy, IProgress<PopulationProgress>? progress)
        => report with { Tables = [.. report.Tables, .. await proxy.WriteAsync(progress)] };

    // The end that the proxy which is there was made for, so that its requests are the same ones.
    private static async Task<DateTimeOffset?> StoredEndAsync(NexusDbContext db, int seed, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var first = ProxyPopulation.FirstTrain(seed);
        var made = await db.Trains.Where(train => train.Id == first).Select(train => train.CreatedAt).SingleOrDefaultAsync(cancellationToken);
        var end = made?.AddDays(ProxyPopulation.Age(SmallPopulationOptions.Days));

        // One in the future is no end that a proxy was made for: somebody has changed the train.
        return end <= now ? end : null;
    }
}
