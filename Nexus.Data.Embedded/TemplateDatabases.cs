using System.Collections.Concurrent;
using Npgsql;

namespace Nexus.Data.Embedded;

/// <summary>
/// Databases for tests: the first one asked for migrates a template, and each is a clone of it. Works on any server
/// whose user may create databases.
/// </summary>
/// <param name="server">A connection string for the server; its database is the one that commands are run from.</param>
/// <param name="migrate">Brings the empty database of the given connection string to where clones begin.</param>
/// <param name="prefix">How the names of all databases made here begin.</param>
public sealed class TemplateDatabases(
    string server, Func<string, CancellationToken, Task> migrate, string prefix = "nexus_test") : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, bool> _databases = [];
    private readonly SemaphoreSlim _gate = new(1);
    private string? _template;

    /// <summary>Makes a migrated database of the caller's own, and returns the connection string for it.</summary>
    public async Task<string> CloneAsync(CancellationToken cancellationToken = default)
        => await CreateAsync(await TemplateAsync(cancellationToken), cancellationToken);

    /// <summary>Makes an empty database, and returns the connection string for it.</summary>
    public Task<string> CreateEmptyAsync(CancellationToken cancellationToken = default)
        => CreateAsync("template0", cancellationToken);

    /// <summary>Drops a database that was made here, whoever is still connected to it.</summary>
    public async Task DropAsync(string connectionString, CancellationToken cancellationToken = default)
    {
        var name = new NpgsqlConnectionStringBuilder(connectionString).Database;
        if (name is null || !_databases.ContainsKey(name))
        {
            throw new ArgumentException("The database was not made here.", nameof(connectionString));
        }

        await using (var pooled = new NpgsqlConnection(connectionString))
        {
            NpgsqlConnection.ClearPool(pooled);
        }

        await Databases.DropAsync(server, name, cancellationToken);
        _databases.TryRemove(name, out _);
    }

    /// <summary>Drops the template and every database made here that was not dropped.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var name in _databases.Keys)
        {
            await DropAsync(ConnectionStringFor(name));
        }

        if (_template is not null)
        {
            await Databases.DropAsync(server, _template, CancellationToken.None);
            _template = null;
        }

        _gate.Dispose();
    }

    private async Task<string> CreateAsync(string template, CancellationToken cancellationToken)
    {
        var name = NewName("");
        _databases[name] = true;
        await Databases.CreateAsync(server, name, template, cancellationToken);
        return ConnectionStringFor(name);
    }

    private async Task<string> TemplateAsync(CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            return _template ??= await CreateTemplateAsync(cancellationToken);
        }
        finally
        {
            _gate.Release();
        }
    }

    private async Task<string> CreateTemplateAsync(CancellationToken cancellationToken)
    {
        var name = NewName("_template");
        await Databases.CreateAsync(server, name, "template0", cancellationToken);
        try
        {
            // Unpooled, and closed to all afterwards: a database is cloned only while nobody is connected to it.
            var unpooled = new NpgsqlConnectionStringBuilder(ConnectionStringFor(name)) { Pooling = false };
            await migrate(unpooled.ConnectionString, cancellationToken);
            await Databases.ForbidConnectionsAsync(server, name, cancellationToken);
            return name;
        }
        catch
        {
            await Databases.DropAsync(server, name, CancellationToken.None);
            throw;
        }
    }

    private string NewName(string kind) => $"{prefix}{kind}_{Guid.NewGuid():N}";

    private string ConnectionStringFor(string database)
        => new NpgsqlConnectionStringBuilder(server) { Database = database }.ConnectionString;
}
