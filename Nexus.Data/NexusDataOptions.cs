using System.ComponentModel.DataAnnotations;
using Npgsql;

namespace Nexus.Data;

/// <summary>How the library reaches its database. Checked when the host starts, not at the first query.</summary>
public sealed class NexusDataOptions
{
    /// <summary>The section these options are bound from by convention.</summary>
    public const string SectionName = "Nexus:Data";

    /// <summary>The database: Npgsql's keywords or a <c>postgresql://</c> address. Empty where there is a
    /// <see cref="DataSource"/>.</summary>
    public string ConnectionString { get; set; } = "";

    /// <summary>
    /// A data source of the host's own, built with <c>UseNexusTypes</c>, instead of a <see cref="ConnectionString"/>: its pool,
    /// its password provider, its logging. The host disposes it.
    /// </summary>
    public NpgsqlDataSource? DataSource { get; set; }

    /// <summary>Seconds that a command may run before it is cancelled, 1 to 3600.</summary>
    [Range(1, 3600)]
    public int CommandTimeoutSeconds { get; set; } = 30;
}
