using System.ComponentModel.DataAnnotations;

namespace Nexus.Data;

/// <summary>How the library reaches its database. Checked when the host starts, not at the first query.</summary>
public sealed class NexusDataOptions
{
    /// <summary>The section these options are bound from by convention.</summary>
    public const string SectionName = "Nexus:Data";

    /// <summary>The database: Npgsql's keywords or a <c>postgresql://</c> address.</summary>
    [Required]
    public string ConnectionString { get; set; } = "";

    /// <summary>Seconds that a command may run before it is cancelled, 1 to 3600.</summary>
    [Range(1, 3600)]
    public int CommandTimeoutSeconds { get; set; } = 30;
}
