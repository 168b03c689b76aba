using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Nexus.Data.Persistence;

/// <summary>The data source that a host has given. Disposing it is up to the host.</summary>
internal sealed record GivenDataSource(NpgsqlDataSource Npgsql);

/// <summary>
/// The one data source behind all contexts. A type of ours, since a host may have registered an
/// <see cref="NpgsqlDataSource"/> for a database of its own.
/// </summary>
internal sealed class NexusDataSource : IAsyncDisposable, IDisposable
{
    private readonly bool _isOwn;

    public NexusDataSource(IOptions<NexusDataOptions> options, ILoggerFactory? loggerFactory = null)
    {
        if (options.Value.DataSource is { } given)
        {
            Npgsql = given;
            return;
        }

        _isOwn = true;
        var builder = new NpgsqlDataSourceBuilder(ConnectionStrings.Parse(options.Value.ConnectionString));
        builder.UseNexusTypes();
        builder.UseLoggerFactory(loggerFactory);
        Npgsql = builder.Build();
    }

    public NpgsqlDataSource Npgsql { get; }

    public void Dispose()
    {
        if (_isOwn)
        {
            Npgsql.Dispose();
        }
    }

    public ValueTask DisposeAsync() => _isOwn ? Npgsql.DisposeAsync() : ValueTask.CompletedTask;
}
