using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Nexus.Data.Credentials;
using Nexus.Data.Embedded;
using Nexus.Data.Operations;
using Nexus.Data.Persistence;
using Npgsql;

namespace Nexus.Data.Tool;

/// <summary>The database that a verb works on, with the services for it. The embedded server is left when it is
/// disposed.</summary>
internal sealed class TargetDatabase : IAsyncDisposable
{
    private const string Embedded = "embedded";

    /// <summary>The database of the embedded server that is meant where none is named.</summary>
    public const string EmbeddedDatabase = "nexus";

    private readonly ServiceProvider _services;
    private readonly EmbeddedPostgres? _server;

    private TargetDatabase(
        string connectionString, EmbeddedPostgres? server, ILoggerProvider? logs, Func<string, string?> environment)
    {
        _server = server;

        // Npgsql takes the user's name where no database is named: so it is that which has to be typed.
        ConnectionString = connectionString = ConnectionStrings.Complete(connectionString);
        Name = new NpgsqlConnectionStringBuilder(connectionString).Database!;
        Place = server is null
            ? ConnectionStrings.Redact(connectionString)
            : $"database {Name} of the embedded server in {server.Folder}";
        var services = new ServiceCollection().AddNexusData(connectionString);
        services.AddLogging(logging =>
        {
            if (logs is not null)
            {
                logging.AddProvider(logs);
            }
        });
        services.Configure<CredentialProtectionOptions>(options => CredentialKeySettings.Apply(options, environment));
        services.Configure<OAuthTokenClientOptions>(options => CredentialKeySettings.Apply(options, environment));
        _services = services.BuildServiceProvider();
    }

    /// <summary>How to connect, with the password: for programs, and never to be printed.</summary>
    public string ConnectionString { get; }

    /// <summary>The database's own name, which is to be typed before anything in it is destroyed.</summary>
    public string Name { get; }

    /// <summary>Host and database, for people to read; never the password.</summary>
    public string Place { get; }

    public bool IsEmbedded => _server is not null;

    /// <summary>What <c>--connection</c> takes for this very database; never to be printed.</summary>
    public string Option => IsEmbedded ? $"{Embedded}:{Name}" : ConnectionString;

    /// <summary>Opens the database that the settings name, else the embedded one, made where it is missing.</summary>
    /// <param name="host">Where to look and print.</param>
    /// <param name="option">The value of <c>--connection</c>: null without it.</param>
    /// <param name="scope">Which settings count.</param>
    /// <param name="logs">Told what the services log; null for nobody. Disposed with the services.</param>
    /// <param name="cancellationToken">Stops the start of the server.</param>
    public static async Task<TargetDatabase> OpenAsync(
        ToolHost host, string? option, ConnectionScope scope, ILoggerProvider? logs = null,
        CancellationToken cancellationToken = default)
    {
        if (EmbeddedName(option) is { } named)
        {
            return await OpenEmbeddedAsync(host, named, anew: false, logs, cancellationToken);
        }

        if (ConnectionSettings.Find(option, scope, host.Environment) is not { } configured)
        {
            return await OpenEmbeddedAsync(host, EmbeddedDatabase, anew: false, logs, cancellationToken);
        }

        var target = new TargetDatabase(configured.ConnectionString, server: null, logs, host.Environment);
        if (configured.IsShared)
        {
            await host.Error.WriteLineAsync($"Using {configured}.");
        }

        return target;
    }

    /// <summary>As <see cref="OpenAsync"/>, for a verb that needs our tables: it connects at once, and an embedded database
    /// that is empty gets them, for nobody else could want it otherwise.</summary>
    public static async Task<TargetDatabase> OpenReadyAsync(
        ToolHost host, string? option, ConnectionScope scope, CancellationToken cancellationToken)
    {
        var target = await OpenAsync(host, option, scope, cancellationToken: cancellationToken);
        try
        {
            var status = await target.Get<DatabaseStatusReader>().ReadAsync(cancellationToken);
            if (target.IsEmbedded && status.Origin == DatabaseOrigin.Empty)
            {
                await target.MigrateAsync(cancellationToken);
            }

            return target;
        }
        catch
        {
            await target.DisposeAsync();
            throw;
        }
    }

    /// <summary>Services without a database, for what connects to none.</summary>
    public static TargetDatabase Nowhere() => new("Host=localhost", server: null, logs: null, _ => null);

    /// <summary>Opens a database of the embedded server.</summary>
    /// <param name="host">Where the server's folder is looked up.</param>
    /// <param name="database">The database's name.</param>
    /// <param name="anew">Whether one that is there is dropped first.</param>
    /// <param name="logs">As above.</param>
    /// <param name="cancellationToken">Stops the start of the server.</param>
    public static async Task<TargetDatabase> OpenEmbeddedAsync(
        ToolHost host, string database, bool anew, ILoggerProvider? logs = null,
        CancellationToken cancellationToken = default)
    {
        var server = await EmbeddedPostgres.StartAsync(
            new() { Folder = host.EmbeddedFolder, Announce = host.Error.WriteLine }, cancellationToken);
        try
        {
            if (anew)
            {
                await server.DropDatabaseAsync(database, cancellationToken);
            }

            return new(await ConnectAsync(server, database, cancellationToken), server, logs, host.Environment);
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    public T Get<T>()
        where T : notnull
        => _services.GetRequiredService<T>();

    public Task MigrateAsync(CancellationToken cancellationToken) => _services.MigrateNexusDataAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }

    /// <summary>The database of the embedded server that <c>--connection</c> names; null where it names another, or is not
    /// there.</summary>
    public static string? EmbeddedName(string? option)
        => option?.Trim() is not { } text ? null
            : text is Embedded or Embedded + ":" ? EmbeddedDatabase
            : text.StartsWith(Embedded + ":", StringComparison.Ordinal) ? text[(Embedded.Length + 1)..]
            : null;

    /// <summary>Makes a database of the embedded server where it is missing, and returns how to connect to it.</summary>
    public static async Task<string> ConnectAsync(
        EmbeddedPostgres server, string database, CancellationToken cancellationToken)
    {
        try
        {
            return await server.CreateDatabaseAsync(database, cancellationToken);
        }
        catch (PostgresException exception) when (exception.SqlState
            is PostgresErrorCodes.DuplicateDatabase or PostgresErrorCodes.UniqueViolation)
        {
            // It was there, or somebody has made it at the same moment.
            return server.ConnectionStringFor(database);
        }
    }
}
