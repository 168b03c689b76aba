namespace Nexus.Data.Embedded;

/// <summary>What server to start, and where. The default is the durable one that keeps the tool's data.</summary>
public sealed record EmbeddedPostgresOptions
{
    /// <summary>
    /// A server for one run: nothing is made safe on disk, and the folder goes with the server. Otherwise the folder is
    /// kept and used again by the next start, and processes that start it at the same time share one server.
    /// </summary>
    public bool ThrowAway { get; init; }

    /// <summary>
    /// Where a durable server keeps its data, by default <see cref="EmbeddedPostgres.DefaultFolder"/>. A throw-away one
    /// makes itself a new folder in this one; its default is the machine's temporary folder, for root
    /// <c>/var/lib/nexus-data/throw-away</c>.
    /// </summary>
    public string? Folder { get; init; }

    /// <summary>The server's binaries; null to look them up, or install them if that needs no question.</summary>
    public PostgresBinaries? Binaries { get; init; }

    /// <summary>Settings of <c>postgresql.conf</c> that come after ours. Ignored if the server runs already.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    /// <summary>Told in one line what takes long or changes the machine: that PostgreSQL is being installed.</summary>
    public Action<string>? Announce { get; init; }

    /// <summary>How long the server may take to be ready; a durable one may have a crash to recover from.</summary>
    public TimeSpan StartTimeout { get; init; } = TimeSpan.FromMinutes(3);
}
