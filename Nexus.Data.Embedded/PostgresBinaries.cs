namespace Nexus.Data.Embedded;

/// <summary>Where a PostgreSQL server's programs lie.</summary>
/// <param name="Folder">The folder with <c>initdb</c>, <c>pg_ctl</c> and <c>postgres</c>.</param>
/// <param name="MajorVersion">13 to 18.</param>
public sealed record PostgresBinaries(string Folder, int MajorVersion)
{
    /// <summary>Names the folder to take, before all others.</summary>
    public const string FolderVariable = "NEXUS_PG_BIN";

    /// <summary>Set to 0, forbids that PostgreSQL is installed.</summary>
    public const string InstallVariable = "NEXUS_PG_INSTALL";

    /// <summary>The oldest major version that is supported.</summary>
    public const int OldestVersion = 13;

    /// <summary>The newest major version that is supported.</summary>
    public const int NewestVersion = 18;

    /// <summary>Looks for the programs; null where there are none of a supported version.</summary>
    /// <param name="majorVersion">The only version that will do, or null.</param>
    /// <exception cref="PostgresUnavailableException"><c>NEXUS_PG_BIN</c> names a folder without them.</exception>
    public static PostgresBinaries? Find(int? majorVersion = null)
        => new BinariesLookup(Environment.GetEnvironmentVariable).Find(majorVersion);

    /// <summary>Looks for the programs, and installs them where there are none and that needs no question.</summary>
    /// <param name="announce">Told in one line that they are being installed.</param>
    /// <param name="cancellationToken">Cancels the wait; an installation that has begun goes on.</param>
    /// <exception cref="PostgresUnavailableException">None can be had; the message says what to do.</exception>
    public static async Task<PostgresBinaries> FindOrInstallAsync(
        Action<string>? announce = null, CancellationToken cancellationToken = default)
        => Find() ?? await new PostgresInstaller(Environment.GetEnvironmentVariable, announce)
            .InstallAsync(() => Find(), cancellationToken);
}
