using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Nexus.Data.Persistence;

/// <summary>
/// The one data source behind all contexts. A type of ours, since a host may have registered an
/// <see cref="NpgsqlDataSource"/> for a database of its own.
/// </summary>
internal sealed class NexusDataSource : IAsyncDisposable, IDisposable
{
    public NexusDataSource(IOptions<NexusDataOptions> options, ILoggerFactory? loggerFactory = null)
    {
        var builder = new NpgsqlDataSourceBuilder(ConnectionStrings.Parse(options.Value.ConnectionString));
        builder.UseNexusTypes();
        builder.UseLoggerFactory(loggerFactory);
        Npgsql = builder.Build();
    }

    public NpgsqlDataSource Npgsql { get; }

    public void Dispose() => Npgsql.Dispose();

    public ValueTask DisposeAsync() => Npgsql.DisposeAsync();
}
