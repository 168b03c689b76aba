using System.Globalization;
using Npgsql;

namespace Nexus.Data.Embedded;

/// <summary>
/// A private PostgreSQL server: on a Unix socket that only its user (and root) can reach, run by an ordinary user, and
/// stopped when this object is disposed or this process ends, by SIGKILL too.
/// </summary>
/// <remarks>
/// Several processes may start the same durable server at once: they share it, and the last one to leave stops it. A
/// throw-away server is its process's own.
/// </remarks>
public sealed class EmbeddedPostgres : IAsyncDisposable
{
    private readonly EmbeddedFolder _folder;
    private readonly PostgresBinaries? _binaries;
    private readonly NpgsqlConnectionStringBuilder _connection;
    private Keeper? _keeper;

    private EmbeddedPostgres(EmbeddedFolder folder, PostgresBinaries? binaries, Keeper? keeper)
    {
        _folder = folder;
        _binaries = binaries;
        _keeper = keeper;
        _connection = folder.Connection()
            ?? throw new PostgresUnavailableException(folder.Failure("it stopped at once."));
    }

    /// <summary>
    /// Where the tool keeps its data: <c>nexus-data</c> in the user's folder for application data, for root
    /// <c>/var/lib/nexus-data</c>.
    /// </summary>
    public static string DefaultFolder => EmbeddedFolder.Default();

    /// <summary>The server's folder, with <c>data</c> and <c>server.log</c>.</summary>
    public string Folder => _folder.Path;

    /// <summary>The server's own log.</summary>
    public string LogFile => _folder.Log;

    /// <summary>The log of the durable server of a folder (by default <see cref="DefaultFolder"/>), whether it is there or
    /// not.</summary>
    public static string LogFileOf(string? folder = null) => EmbeddedFolder.Durable(folder).Log;

    /// <summary>Whether the durable server of a folder (by default <see cref="DefaultFolder"/>) has data, whole or
    /// damaged.</summary>
    public static bool HasData(string? folder = null) => Directory.Exists(EmbeddedFolder.Durable(folder).Data);

    /// <summary>An Npgsql connection string for the database <c>postgres</c>, as a superuser.</summary>
    public string ConnectionString => ConnectionStringFor("postgres");

    /// <summary>Starts a server, or joins the one that runs in the same durable folder.</summary>
    /// <exception cref="PostgresUnavailableException">None can be had here; the message says what to do.</exception>
    public static async Task<EmbeddedPostgres> StartAsync(
        EmbeddedPostgresOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);

        // Binaries before the folder: installing them is what makes the user postgres, whose the folder shall be.
        var binaries = await BinariesAsync(options, cancellationToken);
        var folder = EmbeddedFolder.Create(options);
        try
        {
            using var turn = await TakeTurnAsync(folder, cancellationToken);
            folder.WriteSettings(options.Settings);
            var keeper = await Keeper.StartAsync(binaries, folder, options.StartTimeout, cancellationToken);
            return new(folder, binaries, keeper);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new PostgresUnavailableException(folder.Failure(exception.Message), exception);
        }
    }

    /// <summary>
    /// The durable server that runs in a folder (by default <see cref="DefaultFolder"/>); null where none does. It is
    /// looked at, not joined: it may stop when those who started it leave, and disposing this object leaves it alone.
    /// </summary>
    public static async Task<EmbeddedPostgres?> FindRunningAsync(
        string? folder = null, CancellationToken cancellationToken = default)
    {
        var place = EmbeddedFolder.Durable(folder);
        if (place.Connection() is not { } address)
        {
            return null;
        }

        // The file that says so may be a dead server's.
        address.Pooling = false;
        await using var connection = new NpgsqlConnection(address.ConnectionString);
        try
        {
            await connection.OpenAsync(cancellationToken);
            return new(place, binaries: null, keeper: null);
        }
        catch (NpgsqlException)
        {
            return null;
        }
    }

    /// <summary>
    /// Stops the durable server that runs in a folder (by default <see cref="DefaultFolder"/>), whoever uses it. False
    /// where none runs.
    /// </summary>
    /// <exception cref="PostgresUnavailableException">It did not stop.</exception>
    public static async Task<bool> StopAsync(string? folder = null, CancellationToken cancellationToken = default)
    {
        var place = EmbeddedFolder.Durable(folder);
        if (!await IsInUseAsync(place, cancellationToken))
        {
            return false;
        }

        var options = new EmbeddedPostgresOptions { Folder = folder };
        var binaries = await BinariesAsync(options, cancellationToken);
        await Keeper.StopServerAsync(binaries, place, cancellationToken);
        return true;
    }

    /// <summary>Starts the durable server of a folder on an empty cluster: whoever uses the one that runs is cut off, and its
    /// databases go. Where the new one does not start, the old one's data are there again.</summary>
    /// <exception cref="ArgumentException">The options are a throw-away server's.</exception>
    /// <exception cref="PostgresUnavailableException">No server can be had here, or the one that runs does not stop; the
    /// message says what to do.</exception>
    public static async Task<EmbeddedPostgres> StartAnewAsync(
        EmbeddedPostgresOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.ThrowAway)
        {
            throw new ArgumentException("A throw-away server begins anew each time.", nameof(options));
        }

        // Whatever version made the data: they go.
        var binaries = options.Binaries ?? await PostgresBinaries.FindOrInstallAsync(options.Announce, cancellationToken);
        var folder = EmbeddedFolder.Create(options);
        try
        {
            using var turn = await TakeTurnAsync(folder, cancellationToken);
            if (await IsInUseAsync(folder, cancellationToken))
            {
                await Keeper.StopServerAsync(binaries, folder, cancellationToken);
            }

            var old = Path.Combine(folder.Path, $".removed.{Guid.NewGuid():N}");
            var isThere = Directory.Exists(folder.Data);
            if (isThere)
            {
                Directory.Move(folder.Data, old);
            }

            try
            {
                folder.WriteSettings(options.Settings);
                var keeper = await Keeper.StartAsync(binaries, folder, options.StartTimeout, cancellationToken);
                if (isThere)
                {
                    Directory.Delete(old, recursive: true);
                }

                return new(folder, binaries, keeper);
            }
            catch when (isThere && Directory.Exists(old) && !folder.IsInUse())
            {
                if (Directory.Exists(folder.Data))
                {
                    Directory.Delete(folder.Data, recursive: true);
                }

                Directory.Move(old, folder.Data);
                throw;
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new PostgresUnavailableException(folder.Failure(exception.Message), exception);
        }
    }

    /// <summary>An Npgsql connection string for a database of this server, as a superuser.</summary>
    public string ConnectionStringFor(string database)
        => new NpgsqlConnectionStringBuilder(_connection.ConnectionString) { Database = database }.ConnectionString;

    /// <summary>Creates an empty database and returns the connection string for it.</summary>
    public async Task<string> CreateDatabaseAsync(string name, CancellationToken cancellationToken = default)
    {
        await Databases.CreateAsync(ConnectionString, name, template: "template0", cancellationToken);
        return ConnectionStringFor(name);
    }

    /// <summary>The names of its databases, without those that every server has.</summary>
    public Task<IReadOnlyList<string>> DatabaseNamesAsync(CancellationToken cancellationToken = default)
        => Databases.NamesAsync(ConnectionString, cancellationToken);

    /// <summary>Drops a database if it is there, whoever is connected to it.</summary>
    public Task DropDatabaseAsync(string name, CancellationToken cancellationToken = default)
        => Databases.DropAsync(ConnectionString, name, cancellationToken);

    /// <summary>
    /// Lets the durable server run on after this process, until <see cref="StopAsync"/>. Disposing this object does
    /// nothing any more.
    /// </summary>
    /// <exception cref="InvalidOperationException">The server is a throw-away one.</exception>
    public async Task DetachAsync(CancellationToken cancellationToken = default)
    {
        if (_folder.ThrowAway)
        {
            throw new InvalidOperationException("A throw-away server ends with its process.");
        }

        if (Interlocked.Exchange(ref _keeper, null) is { } keeper)
        {
            await keeper.DetachAsync(cancellationToken);
            keeper.Dispose();
        }
    }

    /// <summary>Leaves the server: it stops, and a throw-away folder goes, unless another process shares it.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _keeper, null) is not { } keeper)
        {
            return;
        }

        if (!await keeper.LeaveAsync(_folder))
        {
            // Somebody has killed the keeper; another one does its work.
            using var second = await Keeper.StartAsync(
                _binaries!, _folder, TimeSpan.FromSeconds(10), CancellationToken.None);
            await second.LeaveAsync(_folder);
        }

        keeper.Dispose();
    }

    // It answers, or is at least there: one that recovers from a crash answers nobody.
    private static async Task<bool> IsInUseAsync(EmbeddedFolder folder, CancellationToken cancellationToken)
    {
        if (folder.IsInUse())
        {
            return true;
        }

        await using var running = await FindRunningAsync(folder.Path, cancellationToken);
        return running is not null;
    }

    private static async Task<PostgresBinaries> BinariesAsync(
        EmbeddedPostgresOptions options, CancellationToken cancellationToken)
    {
        var folder = EmbeddedFolder.Durable(options.Folder);
        if (options.ThrowAway || folder.ClusterVersion() is not { } version)
        {
            return options.Binaries ?? await PostgresBinaries.FindOrInstallAsync(options.Announce, cancellationToken);
        }

        // A cluster is read only by the major version that made it, which may well be the one that can be installed.
        var found = options.Binaries ?? PostgresBinaries.Find(version);
        if (found is null && PostgresBinaries.Find() is null)
        {
            found = await PostgresBinaries.FindOrInstallAsync(options.Announce, cancellationToken);
        }

        return found?.MajorVersion == version ? found : throw new PostgresUnavailableException(string.Create(
            CultureInfo.InvariantCulture,
            $"The data in {folder.Data} was made by PostgreSQL {version}, which is not here: install PostgreSQL "
            + $"{version} or name its programs by {PostgresBinaries.FolderVariable}, or move the folder away to begin "
            + $"with an empty one; nothing in it was changed."));
    }

    // One at a time makes a cluster or writes its settings.
    private static async Task<FileStream?> TakeTurnAsync(EmbeddedFolder folder, CancellationToken cancellationToken)
        => folder.ThrowAway
            ? null
            : await LockFile.TakeAsync(Path.Combine(folder.Path, "start.lock"), cancellationToken);
}
