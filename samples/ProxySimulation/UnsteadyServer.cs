using System.Diagnostics;
using System.Globalization;
using Nexus.Data.Embedded;

namespace Nexus.Samples.ProxySimulation;

/// <summary>A PostgreSQL server with the default durability that is stopped and killed, and started again.</summary>
internal sealed class UnsteadyServer : IAsyncDisposable
{
    private readonly EmbeddedPostgresOptions _options;
    private EmbeddedPostgres _server;

    private UnsteadyServer(EmbeddedPostgresOptions options, EmbeddedPostgres server)
        => (_options, _server) = (options, server);

    public static async Task<UnsteadyServer> StartAsync(string folder)
    {
        var options = new EmbeddedPostgresOptions { Folder = folder, Announce = Console.Error.WriteLine };
        return new(options, await EmbeddedPostgres.StartAsync(options));
    }

    public Task<string> CreateDatabaseAsync(string name) => _server.CreateDatabaseAsync(name);

    /// <summary>Stops it in order.</summary>
    public ValueTask StopAsync() => _server.DisposeAsync();

    /// <summary>Kills it: no checkpoint, no farewell to its clients.</summary>
    public async Task KillAsync()
    {
        var lines = await File.ReadAllLinesAsync(Path.Combine(_server.Folder, "data", "postmaster.pid"));
        using var postmaster = Process.GetProcessById(int.Parse(lines[0], CultureInfo.InvariantCulture));
        postmaster.Kill();
        await postmaster.WaitForExitAsync();
        await _server.DisposeAsync();
    }

    /// <summary>Starts it again, where it left off.</summary>
    public async Task StartAgainAsync() => _server = await EmbeddedPostgres.StartAsync(_options);

    public ValueTask DisposeAsync() => _server.DisposeAsync();
}
