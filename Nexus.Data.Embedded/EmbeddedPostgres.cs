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
    private readonly (string Host, int Port) _address;
    private Keeper? _keeper;

    private EmbeddedPostgres(EmbeddedFolder folder, (string Host, int Port) address, Keeper? keeper)
    {
        _folder = folder;
        _address = address;
        _keeper = keeper;
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

    /// <summary>An Npgsql connection string for the database <c>postgres</c>, as a superuser.</summary>
    public string ConnectionString => ConnectionStringFor("postgres");

    /// <summary>Starts a server, or joins the one that runs in the same durable folder.</summary>
    /// <exception cref="PostgresUnavailableException">None can be had here; the message says what to do.</exception>
    public static async Task<EmbeddedPostgres> StartAsync(
        EmbeddedPostgresOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);

        // Binaries before the folder: installing them is what makes the user postgres, whose the folder shall be.
        var version = options.ThrowAway ? null : EmbeddedFolder.Durable(options.Folder).ClusterVersion();
        var binaries = await BinariesAsync(options, version, cancellationToken);
        var folder = EmbeddedFolder.Create(options);
        try
        {
            using var turn = await TakeTurnAsync(folder, cancellationToken);
            folder.WriteSettings(options.Settings);
            var keeper = await Keeper.StartAsync(binaries, folder, options.StartTimeout, cancellationToken);
            return new(folder, folder.Address()!.Value, keeper);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new PostgresUnavailableException(folder.Failure(exception.Message), exception);
        }
    }

    /// <summary>An Npgsql connection string for a database of this server, as a superuser.</summary>
    public string ConnectionStringFor(string database)
        => new NpgsqlConnectionStringBuilder
        {
            Host = _address.Host,
            Port = _address.Port,
            Username = "postgres",
            Database = database,
        }.ConnectionString;

    /// <summary>Creates an empty database and returns the connection string for it.</summary>
    public async Task<string> CreateDatabaseAsync(string name, CancellationToken cancellationToken = default)
    {
        await Databases.CreateAsync(ConnectionString, name, template: "template0", cancellationToken);
        return ConnectionStringFor(name);
    }

    /// <summary>Drops a database if it is there, whoever is connected to it.</summary>
    public Task DropDatabaseAsync(string name, CancellationToken cancellationToken = default)
        => Databases.DropAsync(ConnectionString, name, cancellationToken);

    /// <summary>Leaves the server: it stops, and a throw-away folder goes, unless another process shares it.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _keeper, null) is { } keeper)
        {
            await keeper.LeaveAsync();
            keeper.Dispose();
        }
    }

    private static async Task<PostgresBinaries> BinariesAsync(
        EmbeddedPostgresOptions options, int? version, CancellationToken cancellationToken)
        => options.Binaries ?? await PostgresBinaries.FindOrInstallAsync(options.Announce, cancellationToken);

    // One at a time makes a cluster or writes its settings. The system takes the lock back from a process that dies.
    private static async Task<FileStream?> TakeTurnAsync(EmbeddedFolder folder, CancellationToken cancellationToken)
    {
        if (folder.ThrowAway)
        {
            return null;
        }

        var path = Path.Combine(folder.Path, "start.lock");
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (attempt < 1200 && File.Exists(path))
            {
                await Task.Delay(100, cancellationToken);
            }
        }
    }
}
